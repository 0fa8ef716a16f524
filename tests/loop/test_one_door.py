"""Rules about the source itself: one door to Retell's create, one writer of status."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("batches", "calls", "reports", "speechai_site")
# What stands on the other side, and what makes up data.
NOT_THE_PROGRAM = ("/simulator/", "migrations/", "/benchmarks/")


def sources() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not any(part in name for part in NOT_THE_PROGRAM):
                yield name, ast.parse(path.read_text())


def test_only_the_dialers_post_can_reach_create() -> None:
    users = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "create_phone_call"
    }
    assert users == {"calls/dialer.py"}


def test_post_is_called_behind_the_gate_only() -> None:
    tree = ast.parse((ROOT / "calls/dialer.py").read_text())
    callers = {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == "_post"
    }
    assert callers == {"_send_all"}


def test_nothing_but_the_machine_writes_a_status() -> None:
    writers = {
        name
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict) and "status" in _keys_under_set(node)
    }
    assert writers == set()


def _keys_under_set(node: ast.Dict) -> set[str]:
    """The columns that a `{"$set": {…}}` in the source writes."""
    return {
        key.value
        for name, value in zip(node.keys, node.values, strict=True)
        if isinstance(name, ast.Constant) and name.value == "$set"
        if isinstance(value, ast.Dict)
        for key in value.keys
        if isinstance(key, ast.Constant)
    }
