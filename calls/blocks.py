"""Which of a set of cases may not be called, read from the do-not-call list at once."""

from datetime import datetime
from typing import Any

from calls.block_reasons import (
    ADMINISTRATIVE,
    IN_REGISTRY,
    OWN,
    WRONG_PAIR,
    registry_applies,
)
from calls.models import DoNotCall
from speechai_site.runtime import keys
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import session

Document = dict[str, Any]
# What is read of a case.
JOB_FIELDS = {
    "account_id": 1,
    "creditor_key": 1,
    "person_key": 1,
    "phone_keys": 1,
    "phones": 1,
    "phone_index": 1,
    "refusals": 1,
}
# Of several blocks the first of these is told.
TOLD = (OWN, ADMINISTRATIVE, IN_REGISTRY, WRONG_PAIR)


class Blocks:
    """The entries that hold now for `jobs` (JOB_FIELDS): one query for all of them.

    Inside a transaction it reads in its snapshot. Answers are codes, empty when
    nothing forbids the call. `use_case` empty: as if every registry applied.
    """

    def __init__(self, jobs: list[Document], now: datetime) -> None:
        asked = {key for job in jobs for key in (job["person_key"], *job["phone_keys"])}
        found = collection(DoNotCall).find(
            {"key": {"$in": list(asked)}},
            {
                "key": 1,
                "phone_key": 1,
                "account_id": 1,
                "creditor_key": 1,
                "registry": 1,
                "expires_at": 1,
                "withdrawn_at": 1,
            },
            session=session(),
        )
        self.entries: dict[str, list[Document]] = {}
        for entry in found:
            expires = entry.get("expires_at")
            if entry.get("withdrawn_at") is None and (expires is None or expires > now):
                self.entries.setdefault(entry["key"], []).append(entry)

    def person(self, job: Document, use_case: str = "") -> str:
        """Why this person is not called on any phone."""
        return _told(
            _code(entry, job, use_case)
            for entry in self.entries.get(job["person_key"], ())
            if not entry.get("phone_key")
        )

    def phone(self, job: Document, e164: str, use_case: str = "") -> str:
        """Why this person is not called on this phone."""
        if not self.entries:
            return ""
        key = keys.phone_key(e164)
        codes = [_code(entry, job, use_case) for entry in self.entries.get(key, ())]
        codes += [
            WRONG_PAIR
            for entry in self.entries.get(job["person_key"], ())
            if entry.get("phone_key") == key and _code(entry, job, use_case)
        ]
        return _told(codes)

    def case(self, job: Document, use_case: str = "") -> str:
        """Why there is no way to call this person: they, or every phone in turn."""
        if not self.entries:
            return ""
        if code := self.person(job, use_case):
            return code
        codes = [self.phone(job, e164, use_case) for e164 in phones_in_turn(job)]
        return _told(codes) if all(codes) else ""


def phones_in_turn(job: Document) -> list[str]:
    """The usable phones, from `phone_index` on in a circle.

    Whoever refused a call gets no other phone, ever.
    """
    phones = job["phones"]
    first = job.get("phone_index", 0) % max(len(phones), 1)
    in_turn = [*phones[first:], *phones[:first]]
    if job.get("refusals"):
        in_turn = in_turn[:1]
    return [phone["e164"] for phone in in_turn if phone.get("state", "ok") == "ok"]


def _code(entry: Document, job: Document, use_case: str) -> str:
    """What an entry forbids this case; empty when it is about others."""
    account = entry.get("account_id")
    if account not in (None, job["account_id"]):
        return ""
    if entry.get("creditor_key") and entry["creditor_key"] != job.get("creditor_key"):
        return ""
    if registry := entry.get("registry"):
        return IN_REGISTRY if registry_applies(registry, use_case) else ""
    return ADMINISTRATIVE if account is None else OWN


def _told(codes: Any) -> str:
    found = set(codes)
    return next((code for code in TOLD if code in found), "")
