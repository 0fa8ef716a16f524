"""Short ways to ask the policies in tests."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from calls.policies import areas
from calls.policies.decisions import Contact, Decision, Job, Person
from calls.policies.effective import effective_for
from calls.policies.evaluate import evaluate, hours_at
from calls.policies.holidays import default_table
from calls.policies.merge import Effective

CL, AR = "America/Santiago", "America/Argentina/Buenos_Aires"
CALLER = "+566003601234"
ME, MY_PHONE, OTHER_PHONE = "person:me", "phone:mine", "phone:other"
CREDITOR, DEBT = "creditor:one", "debt:one"


def local(text: str, zone: str = CL) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def policy_of(
    country: str,
    use_case: str = "debt_collection",
    subdivision: str = "",
    **options: Any,
) -> Effective:
    subdivisions = (subdivision,) if subdivision else ()
    return effective_for(country, use_case, subdivisions, draft=True, **options)


def at_hour(
    country: str,
    at: str,
    use_case: str = "debt_collection",
    subdivision: str = "",
    zone: str = "",
    **options: Any,
) -> Decision:
    """What the hours say at a local moment."""
    zone = zone or areas.MAIN_ZONES[country]
    return hours_at(
        policy_of(country, use_case, subdivision, **options),
        (zone,),
        local(at, zone),
        default_table(country),
        subdivisions=(subdivision,) if subdivision else (),
    )


def person(**values: Any) -> Person:
    given = {
        "person_key": ME,
        "phone_key": MY_PHONE,
        "phone": "+56912345678",
        "default_zone": CL,
    }
    return Person(**(given | values))


def job(**values: Any) -> Job:
    return Job(**({"creditor": CREDITOR, "debt_keys": (DEBT,)} | values))


def contact(
    at: str, kind: str = "attempt", outcome: str = "", **values: Any
) -> Contact:
    given = {"person_key": ME, "phone_key": MY_PHONE, "creditor": CREDITOR}
    given |= {"debt_keys": (DEBT,)}
    return Contact(local(at), kind, outcome=outcome, **(given | values))


def ask(
    at: str | datetime,
    ledger: Any = (),
    *,
    policy: Effective | None = None,
    who: Person | None = None,
    what: Job | None = None,
    caller: str = CALLER,
    **options: Any,
) -> Decision:
    """Chile's collection, on an ordinary mobile, unless told otherwise."""
    policy = policy or policy_of("CL")
    return evaluate(
        who or person(),
        what or job(),
        caller,
        local(at) if isinstance(at, str) else at,
        ledger,
        policy=policy,
        holidays=options.pop("holidays", default_table(policy.country or "CL")),
        **options,
    )
