"""Runs figures, each in fresh processes on an embedded MongoDB of the benchmark."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings

from speechai_site.benchmarks.program import CACHE_GB
from speechai_site.benchmarks.registry import FIGURES
from speechai_site.runtime.mongod import EmbeddedMongod, throwaway
from speechai_site.runtime.parent_death import dying_with

# Nothing that a shell or `.env` says about the program reaches a figure.
UNSET = (
    *("RETELL_API_KEY", "RETELL_BASE_URL", "RETELL_WEBHOOK_KEY", "MONGODB_URI"),
    *("SECRET_KEY", "LOOKUP_KEY", "PUBLIC_URL", "ALLOWED_HOSTS", "DEBUG"),
    *("Q_WORKERS", "DIAL_THREADS", "LANGUAGE_CODE", "DISPLAY_TIME_ZONE"),
)
ENV = {
    **dict.fromkeys(UNSET, ""),
    **{f"{name}_FILE": "" for name in UNSET},
    "DJANGO_SETTINGS_MODULE": "speechai_site.settings",
    "MONGODB_NAME": "bench",
    "SANDBOX_POLICY": "law",
    "LOG_LEVEL": "WARNING",
}


class FigureFailed(RuntimeError):
    """A figure's process ended with an error, which it wrote to standard error."""


def run(names: Iterable[str], scale: float) -> Iterator[str]:
    """Yield the lines of each figure. Raises FigureFailed, MongodUnavailable."""
    with ExitStack() as stack:
        kept: dict[str, str] = {}
        for name in names:
            if FIGURES[name].kept:
                kept = kept or stack.enter_context(_kept_server(scale))
                yield from _measure(name, scale, kept)
            elif FIGURES[name].prepare is None:
                with tempfile.TemporaryDirectory(prefix="speechai-bench-") as folder:
                    yield from _step("measure", name, scale, {"VAR_DIR": folder})
            else:
                with _empty_server() as env:
                    yield from _measure(name, scale, env)


def _measure(name: str, scale: float, env: dict[str, str]) -> list[str]:
    _step("prepare", name, scale, env)
    return _step("measure", name, scale, env)


def _step(step: str, name: str, scale: float, env: dict[str, str]) -> list[str]:
    done = subprocess.run(  # noqa: S603 ourselves
        [sys.executable, "-m", __package__, step, name, str(scale)],
        cwd=settings.BASE_DIR,
        env={**os.environ, **ENV, **env},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=dying_with(os.getpid()),
    )
    if done.returncode:
        raise FigureFailed(name)
    return done.stdout.splitlines()


@contextmanager
def _kept_server(scale: float) -> Iterator[dict[str, str]]:
    """The database under VAR_DIR/bench; another size has one of its own, for now."""
    if scale != 1:
        with _empty_server() as env:
            yield env
        return
    folder = settings.VAR_DIR / "bench"
    server = EmbeddedMongod(folder / "mongo", cache_gb=CACHE_GB)
    try:
        yield {"MONGODB_URI": server.start(), "VAR_DIR": str(folder)}
    finally:
        server.stop()


@contextmanager
def _empty_server() -> Iterator[dict[str, str]]:
    with (
        tempfile.TemporaryDirectory(prefix="speechai-bench-") as folder,
        throwaway(CACHE_GB) as uri,
    ):
        yield {"MONGODB_URI": uri, "VAR_DIR": str(Path(folder))}
