"""What every test shares."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import TransactionTestCase, override_settings

# Made by migrate and the same in each test: permissions and the roles that hold them.
KEPT = {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
}
# The files that take longest, in the order in which the processes of a run take them:
# one that began last would leave the others idle. Chaos and the week are apart, since
# each of them alone keeps more than one core busy.
LONGEST = (
    "chaos/test_chaos.py",
    "imports/test_changing.py",
    "imports/background/test_killed.py",
    "admin/test_policies_page.py",
    "admin/test_pages.py",
    "loop/test_week.py",
    "runtime/test_up.py",
    "site/test_bench.py",
    "browser/test_upload.py",
    "admin/test_do_not_call_page.py",
    "admin/uploads/test_duplicates.py",
    "admin/uploads/test_unlocking.py",
    "admin/test_halts_page.py",
    "admin/uploads/test_reading_page.py",
    "admin/test_upload_page.py",
    "browser/test_modes.py",
    "admin/test_mode_pages.py",
    "admin/uploads/test_same_file.py",
    "policies/test_properties.py",
    "retell/test_sdk_parity_requests.py",
    "admin/test_big_lists.py",
    "admin/test_mode_waiting.py",
    "runtime/test_cluster.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Takes effect with --no-loadscope-reorder, which is among the options."""
    ranks = {Path(__file__).parent / name: n for n, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(LONGEST)))


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix() -> None:
    """Every process of the run has a server of its own, so the name is free."""


@pytest.fixture(autouse=True, scope="session")
def _quick_flush() -> Iterator[None]:
    """Empty the collections that a test filled.

    Django's own flush empties all of them and makes every permission and role again,
    which takes longer than most tests.
    """
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", _empty)
    yield
    patch.undo()


def _empty(_case: TransactionTestCase) -> None:
    for name in _filled():
        connection.database[name].delete_many({})


def _filled() -> list[str]:
    """The collections that hold something, in one question instead of sixty."""
    database = connection.database
    first, *others = set(database.list_collection_names()) - KEPT
    unions = [
        {"$unionWith": {"coll": name, "pipeline": _name_if_filled(name)}}
        for name in others
    ]
    found = database[first].aggregate([*_name_if_filled(first), *unions])
    return [row["_id"] for row in found]


def _name_if_filled(name: str) -> list[dict[str, Any]]:
    return [{"$limit": 1}, {"$project": {"_id": {"$literal": name}}}]


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """Half a second of hashing for each password that a test gives says nothing."""
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]
    ):
        yield


@pytest.fixture(autouse=True)
def _no_rules_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emptied database counts its changes of rules anew."""
    from calls import rules

    monkeypatch.setattr(rules, "_kept", None)
