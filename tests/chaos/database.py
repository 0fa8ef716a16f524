"""What a chaos run reads of the program's database, past the program's own code."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django.conf import settings
from pymongo import MongoClient

from tests.chaos.oracle import Interval

ENDED_BATCH = ["completed", "cancelled", "expired"]
OPEN_JOB = ["queued", "claimed", "calling"]
OPEN_CALL = ["planned", "sending", "unknown", "registered", "ongoing"]


class Rows:
    """Every method raises PyMongoError while the database is away."""

    def __init__(self, uri: str) -> None:
        self.client: MongoClient = MongoClient(uri, serverSelectionTimeoutMS=2000)
        self.database = self.client[settings.MONGODB_NAME]

    def close(self) -> None:
        self.client.close()

    def batch_status(self, batch_id: str) -> str:
        row = self.database["batches_batch"].find_one({"_id": ObjectId(batch_id)})
        return row["status"]

    def is_over(self) -> bool:
        """No campaign goes on, and no case of any is open."""
        open_batch = {"status": {"$nin": ENDED_BATCH}}
        open_job = {"status": {"$in": OPEN_JOB}}
        return not (
            self._has("batches_batch", open_batch) or self._has("batches_job", open_job)
        )

    def is_settled(self) -> bool:
        """Nothing waits: no webhook to be applied, no call to be looked at."""
        return not (
            self._has("calls_webhookevent", {"result": ""})
            or self._has("calls_call", {"next_check_wall": {"$ne": None}})
            or self._has("calls_call", {"status": {"$in": OPEN_CALL}})
        )

    def calls(self) -> dict[str, dict[str, Any]]:
        """Our rows by id; a cost that nobody named is zero."""
        fields = {"status": 1, "reason": 1, "retell_id": 1, "cost_usd": 1}
        found = self.database["calls_call"].find({}, fields)
        return {row["_id"]: row | {"cost_usd": _decimal(row)} for row in found}

    def sent_within(self, stopped: dict[str, list[Interval]]) -> list[str]:
        """Calls whose sending was permitted while their campaign was stopped."""
        return [
            f"{call['_id']} was permitted while stopped"
            for batch, intervals in stopped.items()
            for start, end in intervals
            for call in self.database["calls_call"].find(
                {
                    "batch_id": ObjectId(batch),
                    "first_sent_wall": {"$gte": _moment(start), "$lt": _moment(end)},
                },
                {"_id": 1},
            )
        ]

    def leftovers(self, jobs: int) -> list[str]:
        """What must not be there at the end, one sentence each."""
        found = []
        statuses = self._counts("batches_job")
        if sum(statuses.values()) != jobs:
            found.append(f"{sum(statuses.values())} cases of {jobs}")
        found += self._still("case", statuses, OPEN_JOB)
        found += self._still("call", self._counts("calls_call"), OPEN_CALL)
        unapplied = self.database["calls_webhookevent"].count_documents({"result": ""})
        if unapplied:
            found.append(f"{unapplied} webhooks were not applied")
        return found

    def _still(
        self, name: str, counts: dict[str, int], statuses: Iterable[str]
    ) -> list[str]:
        return [
            f"{counts[status]} {name}s are still {status}"
            for status in statuses
            if status in counts
        ]

    def _counts(self, collection: str) -> dict[str, int]:
        groups = self.database[collection].aggregate(
            [{"$group": {"_id": "$status", "n": {"$sum": 1}}}]
        )
        return {group["_id"]: group["n"] for group in groups}

    def _has(self, collection: str, where: dict[str, Any]) -> bool:
        return self.database[collection].find_one(where, {"_id": 1}) is not None


def _decimal(row: dict[str, Any]) -> Decimal:
    cost = row.get("cost_usd")
    return Decimal(0) if cost is None else cost.to_decimal()


def _moment(milliseconds: float) -> datetime:
    last = 4_000_000_000_000  # a time that has no end has one in 2096
    return datetime.fromtimestamp(min(milliseconds, last) / 1000, UTC)
