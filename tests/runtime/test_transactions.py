"""Transactions: all or nothing, repeated on a conflict, and never half open."""

import threading

import pytest
from django.db import connection
from pymongo.client_session import ClientSession
from pymongo.errors import AutoReconnect

from speechai_site.runtime.models import Heartbeat
from speechai_site.runtime.transactions import in_transaction, session

pytestmark = pytest.mark.django_db


def write(key: str) -> None:
    connection.database[Heartbeat._meta.db_table].insert_one(
        {"_id": key}, session=session()
    )


def written() -> list[str]:
    return sorted(connection.database[Heartbeat._meta.db_table].distinct("_id"))


def test_an_exception_undoes_everything() -> None:
    def work() -> None:
        write("a")
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        in_transaction(work)
    assert written() == []


def test_after_a_commit_that_failed_the_next_is_a_transaction_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cut(_session: ClientSession) -> None:
        raise AutoReconnect("the server went away")

    with monkeypatch.context() as patch:
        patch.setattr(ClientSession, "commit_transaction", cut)
        with pytest.raises(AutoReconnect):
            in_transaction(lambda: write("a"))

    test_an_exception_undoes_everything()
    in_transaction(lambda: write("b"))
    assert written() == ["b"]


def test_conflicting_transactions_follow_one_another() -> None:
    rows = connection.database[Heartbeat._meta.db_table]
    rows.insert_one({"_id": "n", "n": 0})
    together = threading.Barrier(2, timeout=5)
    tries = []

    def work() -> None:
        found = rows.find_one({"_id": "n"}, session=session())["n"]
        tries.append(found)
        if len(tries) <= 2:
            together.wait()
        rows.update_one({"_id": "n"}, {"$set": {"n": found + 1}}, session=session())

    threads = [threading.Thread(target=in_transaction, args=(work,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows.find_one({"_id": "n"})["n"] == 2
