"""The calling rules in force: what is shipped, and what people changed.

A process reads them again when `RulesStamp` has grown, so that an approved change holds
from the next call on.
"""

import json
import threading
from collections.abc import Iterable
from datetime import date
from typing import Any, Literal

from calls.models import Holiday, HolidayYear, Policy, RulesStamp
from calls.policies import effective, holidays
from calls.policies.countries import RECORDS
from calls.policies.holidays import HolidayTable
from calls.policies.merge import Effective, strictest
from calls.policies.records import Record, from_json
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import session

Document = dict[str, Any]
STAMP = "rules"


class Rules:
    """One state of all records and holidays, from the rows of the database. Its answers
    are kept, so use one for many questions."""

    def __init__(
        self,
        policies: Iterable[Document] = (),
        days: Iterable[Document] = (),
        years: Iterable[Document] = (),
    ) -> None:
        records: list[Record] = list(RECORDS)
        self.layers: dict[Any, list[Record]] = {}
        for row in policies:
            record = from_json(json.loads(row["record"]))
            layer = row.get("batch_id") or row.get("account_id")
            if layer is None:
                records.append(record)
            else:
                self.layers.setdefault(layer, []).append(record)
        self.records = tuple(records)
        self._days = list(days)
        self._years = [(row["country"], row["year"]) for row in years]
        self._effective: dict[tuple[Any, ...], Effective] = {}
        self._tables: dict[str, HolidayTable] = {}

    def policy(
        self,
        country: str,
        use_case: str,
        subdivisions: tuple[str, ...] = (),
        sector: str = "",
        *,
        on: date,
        account_id: Any = None,
        batch_id: Any = None,
        rules: Literal["effective", "law"] = "effective",
        accept_drafts: bool = False,
    ) -> Effective:
        """The strictest of all that holds there on a day; what is not known refuses."""
        where = (country, use_case, subdivisions, sector, on)
        key = (*where, account_id, batch_id, rules, accept_drafts)
        if key not in self._effective:
            found = effective.choose(self.records, *where)
            for layer in (account_id, batch_id):
                own = self.layers.get(layer, ())
                found += effective.choose(own, *where, needs_country=False)
            self._effective[key] = strictest(
                found, rules=rules, accept_drafts=accept_drafts
            )
        return self._effective[key]

    def holidays(self, country: str) -> HolidayTable:
        if country not in self._tables:
            days = [row for row in self._days if row["country"] == country]
            years = [year for place, year in self._years if place == country]
            self._tables[country] = holidays.edited_table(
                country,
                [
                    (
                        row["subdivision"],
                        row["day"].date(),
                        row["name"] if row["is_holiday"] else "",
                    )
                    for row in days
                ],
                years,
            )
        return self._tables[country]


_lock = threading.Lock()
_kept: tuple[int, Rules] | None = None


def current() -> Rules:
    """The rules of this moment (inside a transaction: of its snapshot)."""
    global _kept
    row = collection(RulesStamp).find_one({"_id": STAMP}, session=session())
    stamp = row["changes"] if row else 0
    kept = _kept
    if kept is None or kept[0] != stamp:
        with _lock:
            kept = _kept = (stamp, read())
    return kept[1]


def read() -> Rules:
    """From the database, past what is kept."""
    active = {"status": Policy.Status.ACTIVE.value}
    return Rules(
        collection(Policy).find(active, session=session()),
        collection(Holiday).find({}, session=session()),
        collection(HolidayYear).find({}, session=session()),
    )


def changed() -> None:
    """Say that policies or holidays were changed; call it after the change."""
    collection(RulesStamp).update_one(
        {"_id": STAMP}, {"$inc": {"changes": 1}}, upsert=True, session=session()
    )


def kind_of(record: Record, *, account_id: Any = None, batch_id: Any = None) -> str:
    """`Policy.kind` of a record: versions of one kind follow each other."""
    parts = (record.country, record.subdivision, record.use_case, record.sector)
    return "|".join((*parts, str(account_id or ""), str(batch_id or "")))
