"""Raw writes that several processes make at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from calls.models import DoNotCall
from speechai_site.runtime.documents import (
    collection,
    insert_missing,
    unique,
    upsert,
)

pytestmark = pytest.mark.django_db
SLOTS = [f"person|{number}" for number in range(200)]


def made(slot: str, **more: Any) -> UpdateOne:
    fresh = {"$setOnInsert": {"kind": "person"}}
    return UpdateOne({"slot": unique(slot), **more}, fresh, upsert=True)


def test_the_same_keys_upserted_by_many_at_once_are_each_made_once() -> None:
    together = Barrier(4)

    def write(_worker: int) -> int:
        together.wait()
        try:
            return upsert(collection(DoNotCall), [made(slot) for slot in SLOTS])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        counted = sum(pool.map(write, range(4)))
    assert counted == collection(DoNotCall).count_documents({}) == len(SLOTS)


def test_an_upsert_that_can_never_succeed_is_an_error() -> None:
    upsert(collection(DoNotCall), [made("a")])
    changes = [made("b"), made("a", kind="phone"), made("c")]

    with pytest.raises(BulkWriteError):
        upsert(collection(DoNotCall), changes)


def test_what_is_there_already_stays_and_the_rest_is_inserted() -> None:
    target = collection(DoNotCall)
    target.insert_one({"_id": 1, "slot": "a"})

    assert insert_missing(target, [{"_id": 1}, {"_id": 2, "slot": "b"}]) == 1
    assert [row["slot"] for row in target.find().sort("_id")] == ["a", "b"]


def test_a_fault_that_is_no_duplicate_is_an_error() -> None:
    with pytest.raises(BulkWriteError):
        insert_missing(collection(DoNotCall), [{"_id": ["no", "key"]}])
