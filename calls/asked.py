"""What the policies are asked about a case, from its document."""

from typing import Any

import pytz
from django.conf import settings

from calls import rules
from calls.policies.decisions import Job
from calls.policies.evaluate import hours_at
from calls.policies.zones import subdivision_of
from speechai_site.runtime import clock

Document = dict[str, Any]
# What the policies ask of a case, for the projections of those who ask a gate.
JOB_FIELDS = {
    "account_id": 1,
    "batch_id": 1,
    "creditor_key": 1,
    "phones": 1,
    "phone_index": 1,
    "phone_keys": 1,
    "person_key": 1,
    "debts.operation": 1,
    "limit_date": 1,
    "attempts": 1,
    "refusals": 1,
    "callback_at": 1,
    "stop_requested": 1,
    "stop_reason": 1,
    "round_id": 1,
    "places": 1,
}


def hours_are_lifted() -> bool:
    """SANDBOX_POLICY=open lifts hours, weekdays and holidays, in the sandbox."""
    return settings.SANDBOX and settings.SANDBOX_POLICY == "open"


def region_of(job: Document, country: str) -> str:
    """The subdivision that is known of the person; "" if none is."""
    for place in job.get("places", ()):
        if found := subdivision_of(country, place.removeprefix(f"{country}-")):
            return found
    return ""


def debt_keys(job: Document) -> tuple[str, ...]:
    """One for each operation that the case names."""
    named = (debt.get("operation", "") for debt in job.get("debts", ()))
    return tuple(f"{job.get('creditor_key', '')}:{name}"[:80] for name in named if name)


def as_asked(job: Document) -> Job:
    """A case's document as `evaluate` is asked about it."""
    limit = job.get("limit_date")
    return Job(
        creditor=job.get("creditor_key", ""),
        debt_keys=debt_keys(job),
        limit_dates=(limit.date(),) if limit else (),
        callback_at=job.get("callback_at"),
    )


def is_calling_time(rules_now: rules.Rules, country: str, use_case: str) -> bool:
    """Whether anybody in the country may be called now, wherever they are.

    Under a draft nobody is: its cases wait until an administrator has accepted it.
    """
    now = clock.now()
    policy = rules_now.policy(country, use_case, on=now.date())
    if policy.refusal:
        return False
    if hours_are_lifted():
        return True
    zones = pytz.country_timezones.get(country, ())
    return any(
        hours_at(policy, (zone,), now, rules_now.holidays(country)).decision == "allow"
        for zone in zones
    )
