"""What every test shares."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import TransactionTestCase

# Made by migrate and the same in each test: permissions and the roles that hold them.
KEPT = {
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
}


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
    for name in connection.database.list_collection_names():
        rows = connection.database[name]
        if name not in KEPT and rows.find_one({}, {"_id": 1}):
            rows.delete_many({})


@pytest.fixture(autouse=True)
def _no_rules_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emptied database counts its changes of rules anew."""
    from calls import rules

    monkeypatch.setattr(rules, "_kept", None)
