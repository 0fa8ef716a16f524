"""Which policy holds for a country and use case: the one place that looks records up."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Literal

from calls.policies.countries import RECORDS
from calls.policies.merge import Effective, strictest
from calls.policies.records import Record

Rules = Literal["effective", "law"]


def effective_for(
    country: str,
    use_case: str,
    subdivisions: tuple[str, ...] = (),
    sector: str = "",
    *,
    draft: bool = False,
    rules: Rules = "effective",
    on: date | None = None,
) -> Effective:
    """The strictest of all that holds there.

    `subdivisions`: all in which the person may be. `draft`: as if drafts were accepted.
    `on`: the day, for records that begin or end. What is not known refuses (`refusal`).
    """
    return _effective(country, use_case, subdivisions, sector, draft, rules, on)


@lru_cache(maxsize=1024)
def _effective(
    country: str,
    use_case: str,
    subdivisions: tuple[str, ...],
    sector: str,
    draft: bool,  # noqa: FBT001  of one caller
    rules: Rules,
    on: date | None,
) -> Effective:
    found = choose(RECORDS, country, use_case, subdivisions, sector, on)
    return strictest(found, rules=rules, accept_drafts=draft)


def choose(
    records: Iterable[Record],
    country: str,
    use_case: str,
    subdivisions: tuple[str, ...] = (),
    sector: str = "",
    on: date | None = None,
    *,
    needs_country: bool = True,
) -> list[Record]:
    """The records that hold there, of each kind the latest version in force.

    A record of the creditor's sector stands in place of the one without a sector. None
    of the country at all without its own record of the whole country: a subdivision's
    alone does not say enough. A layer upon other records needs none.
    """
    latest: dict[tuple[str, ...], Record] = {}
    for record in records:
        if record.country not in ("", country) or record.use_case not in ("", use_case):
            continue
        if record.subdivision not in ("", *subdivisions):
            continue
        if record.sector not in ("", sector) or (on and not record.in_force(on)):
            continue
        kind = (record.country, record.use_case, record.subdivision)
        if kind not in latest or _rank(record) > _rank(latest[kind]):
            latest[kind] = record
    found = list(latest.values())
    if not needs_country:
        return found
    whole = any(record.country and not record.subdivision for record in found)
    return found if whole else [record for record in found if not record.country]


def _rank(record: Record) -> tuple[bool, int]:
    return bool(record.sector), record.version
