"""A proposed policy tried on the calls of the last month: what it would have said of
them, beside what the policies in force say of the same calls."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from batches.models import Account, Batch, Job
from calls import policy_changes, registries, rules
from calls.asked import JOB_FIELDS, as_asked, region_of
from calls.contacts import Contacts
from calls.models import Call, Policy
from calls.policies.decisions import Decision, Person
from calls.policies.evaluate import Looks, evaluate
from calls.policies.zones import place_of
from calls.rules import Rules
from calls.states import FINAL_AT_RETELL
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection

Document = dict[str, Any]
DAYS = 30
# Calls that are asked about, of those that are looked at: both bound a page's time.
MOST_CALLS, MOST_READ = 2000, 100_000
CHUNK = 200
CALL_FIELDS = {"job_id": 1, "to_number": 1, "to_key": 1, "from_number": 1}
CALL_FIELDS |= {"person_key": 1, "planned_at": 1, "account_id": 1, "batch_id": 1}
FIELDS = {name: 1 for name in JOB_FIELDS if name != "callback_at"}


@dataclass
class Replay:
    """`before` and `after`: (decision, code) → calls. `moved`: (decision before,
    decision after) → calls. `sampled`: not all calls of the month were asked about."""

    since: datetime
    calls: int = 0
    sampled: bool = False
    before: Counter[tuple[str, str]] = field(default_factory=Counter)
    after: Counter[tuple[str, str]] = field(default_factory=Counter)
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, was: Decision, would_be: Decision) -> None:
        self.calls += 1
        self.before[was.decision, was.code] += 1
        self.after[would_be.decision, would_be.code] += 1
        self.moved[was.decision, would_be.decision] += 1


def replay(
    policy: Policy, *, account_ids: list[Any] | None = None, most: int = MOST_CALLS
) -> Replay:
    """Ask about at most `most` calls of the last DAYS days, of these accounts (None:
    all) and of what the policy is about.

    A call is asked about at its own moment, with the contacts from before it; what was
    agreed on callbacks is not known any more and does not count.
    """
    before, after, on = policy_changes.rules_around(policy)
    found = Replay(clock.now() - timedelta(days=DAYS))
    accounts = list(_accounts(policy, account_ids))
    share = max(most // max(len(accounts), 1), 1)
    for account in accounts:
        batches = _batches(policy, account["_id"])
        calls = _sample(account["_id"], list(batches), found.since, share)
        asking = _Asking(account, batches, before, after, on)
        number = 0
        for chunk in _chunks(calls):
            number += len(chunk)
            for was, would_be in asking.about(chunk):
                found.count(was, would_be)
        found.sampled |= number >= share
    return found


class _Asking:
    """The same question to two sets of rules, for calls of one account."""

    def __init__(
        self,
        account: Document,
        batches: dict[Any, str],
        before: Rules,
        after: Rules,
        on: date,
    ) -> None:
        self.account, self.batches, self.on = account, batches, on
        self.before, self.after = before, after
        self.country = account["country"]
        self.holidays = rules.current().holidays(self.country)
        self.looks: Looks = registries.looks(self.country)

    def about(self, calls: list[Document]) -> Iterator[tuple[Decision, Decision]]:
        ids = list({call["job_id"] for call in calls})
        rows = collection(Job).find({"_id": {"$in": ids}}, FIELDS)
        jobs = {row["_id"]: row for row in rows}
        contacts = Contacts(list(jobs.values()), clock.now())
        for call in calls:
            job = jobs.get(call["job_id"])
            if job is not None:
                yield (
                    self._decide(self.before, call, job, contacts),
                    self._decide(self.after, call, job, contacts),
                )

    def _decide(
        self, held: Rules, call: Document, job: Document, contacts: Contacts
    ) -> Decision:
        phone, at = call["to_number"], call["planned_at"]
        kinds = {each["e164"]: each.get("kind", "") for each in job["phones"]}
        region = region_of(job, self.country)
        zone = self.account["time_zone"]
        person = Person(
            call["person_key"],
            call["to_key"],
            phone,
            kinds.get(phone, ""),
            region,
            zone,
        )
        place = place_of(phone, self.country, region=region, default=zone)
        policy = held.policy(
            self.country,
            self.batches[call["batch_id"]],
            place.subdivisions,
            self.account.get("sector", ""),
            on=self.on,
            account_id=call["account_id"],
            batch_id=call["batch_id"],
        )
        earlier = [
            each
            for each in contacts.of(job, call["to_key"], call["_id"])
            if each.at < at
        ]
        return evaluate(
            person,
            as_asked(job),
            call["from_number"],
            at,
            earlier,
            policy=policy,
            holidays=self.holidays,
            registries=self.looks,
        )


def _accounts(policy: Policy, ids: list[Any] | None) -> Iterable[Document]:
    wanted: dict[str, Any] = {}
    if policy.country:
        wanted["country"] = policy.country
    if policy.account_id:
        wanted["_id"] = policy.account_id
    if ids is not None:
        mine = set(ids) & {policy.account_id} if policy.account_id else set(ids)
        wanted["_id"] = {"$in": list(mine)}
    return collection(Account).find(wanted, {"country": 1, "time_zone": 1, "sector": 1})


def _batches(policy: Policy, account_id: Any) -> dict[Any, str]:
    """The use case of each campaign that the policy is about."""
    wanted: dict[str, Any] = {"account_id": account_id}
    if policy.use_case:
        wanted["use_case"] = policy.use_case
    if policy.batch_id:
        wanted["_id"] = policy.batch_id
    rows = collection(Batch).find(wanted, {"use_case": 1})
    return {row["_id"]: row["use_case"] for row in rows}


def _sample(
    account_id: Any, batch_ids: list[Any], since: datetime, most: int
) -> Iterator[Document]:
    """Calls that Retell dialed, evenly of the newest MOST_READ."""
    return collection(Call).aggregate(
        [
            {"$match": {"account_id": account_id, "planned_at": {"$gte": since}}},
            {"$sort": {"planned_at": -1}},
            {"$limit": MOST_READ},
            {
                "$match": {
                    "batch_id": {"$in": batch_ids},
                    "status": {"$in": [str(each) for each in FINAL_AT_RETELL]},
                }
            },
            {"$project": CALL_FIELDS},
            {"$sample": {"size": most}},
        ]
    )


def _chunks(calls: Iterator[Document]) -> Iterator[list[Document]]:
    while chunk := list(islice(calls, CHUNK)):
        yield chunk
