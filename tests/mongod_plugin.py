"""Pytest plugin: a neutral environment and a throw-away MongoDB for each process of
the run (pytest-xdist starts some).

Loaded by `-p` in pyproject.toml, because both must be there before pytest-django
loads the settings. The server ends with pytest, also when pytest is killed.
"""

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from pymongo import MongoClient

from speechai_site.runtime.mongod import throwaway

# What a developer's shell may say must not reach the tests.
NEUTRAL = (
    "MONGODB_NAME",
    "SECRET_KEY",
    "LOOKUP_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "PUBLIC_URL",
    "DISPLAY_TIME_ZONE",
    "LANGUAGE_CODE",
    "Q_WORKERS",
    "Q_CLUSTER_NAME",
    "EMAIL_URL",
    "SENTRY_DSN",
    "SANDBOX_POLICY",
    "SANDBOX_CLOCK_RATE",
    "DJANGO_SETTINGS_MODULE",
    "PYTHONDONTWRITEBYTECODE",  # a second more for each process that a test starts
)
_resources = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    foreign = os.environ.get("MONGODB_URI")
    arguments = early_config.known_args_namespace
    only_starts_others = getattr(arguments, "numprocesses", None)
    if "PYTEST_XDIST_WORKER" in os.environ:
        only_starts_others = False  # though it was given the same arguments
        if os.environ.get("TEST_ON_URI") == "1":
            raise pytest.UsageError("TEST_ON_URI is one database: add -n 0.")
        foreign = None  # it is the server of the process that started this one
    elif foreign and os.environ.get("TEST_ON_URI") != "1":
        raise pytest.UsageError(
            "MONGODB_URI is set, and tests empty the database they run on: unset it, "
            "or set TEST_ON_URI=1 to let them."
        )
    for name in list(os.environ):
        if name.startswith("RETELL_") or name.removesuffix("_FILE") in NEUTRAL:
            del os.environ[name]
    sys.dont_write_bytecode = False
    folder = _resources.enter_context(tempfile.TemporaryDirectory(prefix="speechai-"))
    os.environ["VAR_DIR"] = str(Path(folder) / "var")
    (Path(folder) / "var" / "static").mkdir(parents=True)  # whitenoise warns without
    os.environ["ENV_FILE"] = os.devnull
    if not foreign and not only_starts_others:
        uri = _resources.enter_context(throwaway())
        _do_not_wait_for_the_disk(uri)
        os.environ["MONGODB_URI"] = uri


def _do_not_wait_for_the_disk(uri: str) -> None:
    """A write is acknowledged before it is in the journal, which makes it five times as
    fast: this server is never started again, so nothing would be read from there."""
    with MongoClient(uri) as client:
        config = client.admin.command("replSetGetConfig")["config"]
        config["version"] += 1
        config["writeConcernMajorityJournalDefault"] = False
        client.admin.command("replSetReconfig", config)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _resources.close()
