"""What was done before to the people of a set of cases, as the policies count it.

Our own calls stand in the ledger from before they are dialed; what came of one is read
from its `Call`, so that a late analysis or a correction counts too. Ambiguous is
strict: a call without trace, or of an unknown end, counts as a conversation.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from calls import reasons
from calls.dispositions import DISPOSITIONS
from calls.models import Call, ContactLedger
from calls.policies.decisions import Contact
from calls.reasons import OutcomeClass
from calls.states import FINAL_AT_RETELL, OPEN
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import session

Document = dict[str, Any]
# No window or waiting time that ends is longer; what never ends is on the do-not-call
# list too.
HISTORY = timedelta(days=366)
# A person who hangs up sooner has answered (operations.md, section 3).
HANG_UP_MS = 10_000
CALL_FIELDS = {
    "status": 1,
    "outcome": 1,
    "reason": 1,
    "duration_ms": 1,
    "contact": 1,
    "disposition": 1,
    "wants_no_calls": 1,
}
# The outcome of a call that is not over.
UNDER_WAY = "under_way"
# What a disposition is to a waiting time.
OUTCOMES = {
    "objeta": "dispute",
    "fallecido": "deceased",
    "reclamo": "complaint",
    "no_llamar": "optout",
    "tercero_con_recado": "third_party",
    "tercero_sin_recado": "third_party",
    **{code: "promise" for code, each in DISPOSITIONS.items() if each.promise},
}
KINDS = {
    OutcomeClass.CONVERSATION: "conversation",
    OutcomeClass.REVIEW: "conversation",
    OutcomeClass.BAD_NUMBER: "attempt",
}


class Contacts:
    """The ledger of the persons and phones of `jobs`: two queries for all of them, the
    second one only if there is something. In a transaction, of its snapshot."""

    def __init__(self, jobs: list[Document], now: datetime) -> None:
        self.rows: dict[tuple[Any, str], list[Document]] = {}
        self.made: dict[str, Contact] = {}
        entries = list(_entries(jobs, now - HISTORY)) if jobs else []
        calls = _calls(entry["call_id"] for entry in entries if entry["call_id"])
        for entry in entries:
            self.made[entry["_id"]] = _contact(entry, calls.get(entry["call_id"]))
            self._file(entry)

    def of(self, job: Document, phone_key: str, but: str = "") -> list[Contact]:
        """Of this person and this phone, without those of the call `but`.

        An imported contact of a phone alone may have been this person's: it is.
        """
        return [
            self.made[entry["_id"]]
            if entry["person_key"]
            else replace(self.made[entry["_id"]], person_key=job["person_key"])
            for entry in self._rows(job, phone_key)
            if not but or entry["call_id"] != but
        ]

    def reserve(self, entry: Document) -> None:
        """Count a contact that is about to be written (a ledger row as a document)."""
        if entry["_id"] not in self.made:
            self.made[entry["_id"]] = _contact(entry, None)
            self._file(entry)

    def next_slot(self, kind: str, account_id: Any, key: str, day: str) -> str:
        """The next free id `kind|account|key|day|n` among what was read."""
        start = f"{kind}|{account_id}|{key}|{day}|"
        name = "_id" if kind == "attempt" else "phone_slot"
        taken = [
            int(entry[name].rpartition("|")[2])
            for entry in self.rows.get((account_id, key), ())
            if entry[name].startswith(start)
        ]
        return f"{start}{max(taken, default=0) + 1}"

    def _rows(self, job: Document, phone_key: str) -> Iterable[Document]:
        if not self.rows:
            return ()
        account, found = job["account_id"], {}
        for key in (job["person_key"], phone_key):
            found |= {row["_id"]: row for row in self.rows.get((account, key), ())}
        for key in job["phone_keys"]:
            for row in self.rows.get((account, key), ()):
                if not row["person_key"]:
                    found[row["_id"]] = row
        return found.values()

    def _file(self, entry: Document) -> None:
        for key in {entry["person_key"], entry["phone_key"]} - {""}:
            self.rows.setdefault((entry["account_id"], key), []).append(entry)


def _entries(jobs: list[Document], since: datetime) -> Iterable[Document]:
    accounts = list({job["account_id"] for job in jobs})
    persons = list({job["person_key"] for job in jobs})
    phones = list({key for job in jobs for key in job["phone_keys"]})
    mine = {"account_id": {"$in": accounts}, "at": {"$gte": since}}
    return collection(ContactLedger).find(
        {
            "$or": [
                {**mine, "person_key": {"$in": persons}},
                {**mine, "phone_key": {"$in": phones}},
            ]
        },
        session=session(),
    )


def _calls(ids: Iterable[str]) -> dict[str, Document]:
    wanted = list(ids)
    if not wanted:
        return {}
    found = collection(Call).find(
        {"_id": {"$in": wanted}}, CALL_FIELDS, session=session()
    )
    return {call["_id"]: call for call in found}


def _contact(entry: Document, call: Document | None) -> Contact:
    kind, outcome = entry["kind"], entry["outcome"]
    if entry["call_id"]:
        kind, outcome = what_came_of(call)
    return Contact(
        at=entry["at"],
        kind=kind,
        person_key=entry["person_key"],
        phone_key=entry["phone_key"],
        channel=entry["channel"],
        creditor=entry["creditor_key"],
        debt_keys=tuple(entry["debt_keys"]),
        outcome=outcome,
    )


def what_came_of(call: Document | None) -> tuple[str, str]:
    """A call's kind of contact and its outcome, in the policies' words."""
    if call is None or call["status"] in OPEN:
        return "rang", UNDER_WAY
    if call["status"] not in FINAL_AT_RETELL or not call["outcome"]:
        return "conversation", ""
    kind = KINDS.get(call["outcome"], "rang")
    if call.get("wants_no_calls"):
        return kind, "optout"
    if said := OUTCOMES.get(call.get("disposition", "")):
        return kind, said
    if call.get("contact") == "tercero":
        return kind, "third_party"
    if call["outcome"] == OutcomeClass.DECLINED:
        return kind, "declined"
    if reasons.reason_of(call["reason"], call["outcome"]).block:
        return kind, "blocked"
    brief = (call.get("duration_ms") or 0) < HANG_UP_MS
    hung_up = call["reason"] == "user_hangup" and brief
    return kind, "hang_up" if hung_up else ""
