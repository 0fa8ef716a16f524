import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command


@pytest.fixture
def run() -> Callable[..., str]:
    """`run(name, *arguments)`: what the command printed on standard output."""

    def run(name: str, *arguments: Any) -> str:
        out = StringIO()
        call_command(
            name,
            *(str(argument) for argument in arguments),
            stdout=out,
            stderr=StringIO(),
        )
        return out.getvalue()

    return run


@pytest.fixture
def run_json(run: Callable[..., str]) -> Callable[..., dict]:
    """The one JSON object that a command prints."""
    return lambda *arguments: json.loads(run(*arguments, "--json"))


@pytest.fixture
def refuse(run: Callable[..., str]) -> Callable[..., str]:
    """The sentence with which a command refuses, with exit code 2."""

    def refuse(name: str, *arguments: Any) -> str:
        with pytest.raises(CommandError) as caught:
            run(name, *arguments)
        assert caught.value.returncode == 2
        return str(caught.value)

    return refuse
