"""The processes of the program, in the order in which they start.

mongod -> setup -> (sandbox: simulator -> sync_retell -> load_sample) -> web,
qcluster, clock
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .listening import free_port, listen
from .mongod import EmbeddedMongod
from .supervisor import BASE_DIR, Service, Supervisor

WEB_PORT = 8000
SIMULATOR_PORT = 9100
SANDBOX_KEY = "key_sandbox"
RETELL_IS_CHOSEN = ("RETELL_API_KEY", "RETELL_API_KEY_FILE", "RETELL_BASE_URL")
DATABASE_IS_CHOSEN = ("MONGODB_URI", "MONGODB_URI_FILE")

logger = logging.getLogger(__name__)


def whole_program(
    var_dir: Path,
    *,
    env: Mapping[str, str] | None = None,
    throw_away: bool = False,
    cache_gb: float | None = None,
    web_port: int | None = WEB_PORT,
    simulator_port: int | None = SIMULATOR_PORT,
    simulator_options: Sequence[str] = (),
    copies: int = 1,
    report: Callable[[str], None] = logger.info,
) -> Supervisor:
    """Return a supervisor, not yet started, of everything the program needs.

    `env` is laid over this process's environment. MongoDB is embedded unless the
    environment names a server, and the simulator runs unless it names Retell's
    address or key. `throw_away`: an empty embedded database in any case, removed
    afterwards; `cache_gb`: its cache, by default that of a small test. Ports are
    these or the next free ones; None: any free one. `copies` of web server (on one
    socket), qcluster and clock run side by side; from the second on they are named
    `web-2`, `qcluster-2`, …
    """
    environ = {**os.environ, **(env or {}), "VAR_DIR": str(var_dir)}
    listener = listen(web_port)
    web_url = "http://{}:{}".format(*listener.getsockname())
    published = {"web_url": web_url, "simulator_url": ""}
    services = [_command("setup", "--json", "--start-clock", once=True)]
    if not any(environ.get(name) for name in RETELL_IS_CHOSEN):
        port = free_port(simulator_port)
        published["simulator_url"] = f"http://127.0.0.1:{port}"
        environ["RETELL_BASE_URL"] = published["simulator_url"]
        environ["RETELL_API_KEY"] = SANDBOX_KEY
        environ["PUBLIC_URL"] = environ.get("PUBLIC_URL") or web_url
        services += [
            _simulator(port, simulator_options),
            _command("sync_retell", "--json", once=True),
            *(() if throw_away else (_command("load_sample", once=True),)),
        ]
    for number in range(1, copies + 1):
        suffix = f"-{number}" if number > 1 else ""
        trio = _web(listener.fileno()), _command("qcluster"), _command("clock")
        services += [replace(each, name=each.name + suffix) for each in trio]
    mongod = None
    if throw_away or not any(environ.get(name) for name in DATABASE_IS_CHOSEN):
        mongod = EmbeddedMongod(
            var_dir / "mongo", throw_away=throw_away, cache_gb=cache_gb
        )
    return Supervisor(
        var_dir,
        services,
        env=environ,
        mongod=mongod,
        published=published,
        report=report,
        sockets=(listener,),
    )


def _command(name: str, *arguments: str, once: bool = False) -> Service:
    command = (sys.executable, str(BASE_DIR / "manage.py"), name, *arguments)
    return Service(name, command, once=once)


def _simulator(port: int, options: Sequence[str]) -> Service:
    command = _command(
        "retell_simulator", "--port", str(port), "--api-key", SANDBOX_KEY, *options
    ).command
    return Service("simulator", command, port=port)


def _web(listener: int) -> Service:
    command = (
        *(sys.executable, "-m", "gunicorn"),
        *("-c", "speechai_site/runtime/gunicorn_conf.py"),
        *("--bind", f"fd://{listener}"),
        "speechai_site.wsgi",
    )
    return Service("web", command, pass_fds=(listener,))
