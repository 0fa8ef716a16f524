"""May this person be called at that moment? The question of `explain_call`, with all
that the gate knows when it is about a case."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from batches.models import Account, Job
from calls import gate, registries, rules
from calls.asked import JOB_FIELDS, as_asked, region_of
from calls.gate import Attempt, Gate
from calls.policies import areas
from calls.policies.decisions import Contact, Decision, Person
from calls.policies.decisions import Job as Asked
from calls.policies.evaluate import evaluate
from calls.policies.merge import Effective
from calls.policies.zones import Place, place_of, subdivision_of
from speechai_site.runtime import keys
from speechai_site.runtime.documents import collection

Document = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """`at`: local time where the person is, without a zone. `phone`: E.164, or "" when
    only the region is known. `accept_drafts`: as if a draft were accepted."""

    country: str
    use_case: str
    at: datetime
    phone: str = ""
    region: str = ""
    consent: str = "none"
    account: Account | None = None
    accept_drafts: bool = False


@dataclass(frozen=True)
class Answer:
    """`others`: codes of what else the gate objects to now (blocks, pauses, …)."""

    decision: Decision
    policy: Effective
    place: Place
    at: datetime
    contacts: int = 0
    others: tuple[str, ...] = ()


def ask(question: Question) -> Answer:
    """About somebody of whom nothing is known but where they are."""
    account, country = question.account, question.country
    zone = account.time_zone if account else areas.MAIN_ZONES.get(country, "")
    phone = question.phone or _stand_in(country, question.region)
    person = Person("?", "?", phone, "", question.region, zone)
    place = place_of(phone, country, region=question.region, default=zone)
    at = _local(question.at, place)
    asked = Asked(consent=question.consent, consent_at=at)
    policy = _policy(question, place, at, account.sector if account else "")
    # no caller id is asked about
    free = replace(policy, key=f"{policy.key}|any caller id", caller_ids=())
    decision = evaluate(
        person,
        asked,
        "",
        at,
        (),
        policy=free,
        holidays=rules.current().holidays(country),
        registries=registries.looks(country),
    )
    return Answer(decision, policy, place, at)


def ask_about(job: Job, question: Question) -> Answer:
    """About a case: with its contacts, its caller id, and what else the gate says."""
    row = collection(Job).find_one({"_id": job.pk}, JOB_FIELDS)
    assert row is not None
    asking = Gate([row])
    account = asking.accounts[row["account_id"]]
    country, zone = account["country"], account["time_zone"]
    phone = question.phone or asking.phone_of(row) or row["phones"][0]["e164"]
    region = region_of(row, country)
    place = place_of(phone, country, region=region, default=zone)
    at = _local(question.at, place)
    kinds = {each["e164"]: each.get("kind", "") for each in row["phones"]}
    phone_key = keys.phone_key(phone)
    contacts = _ledger(asking, row, phone_key, at)
    batch = asking.batches[row["batch_id"]]
    policy = _policy(
        replace(question, country=country, use_case=batch["use_case"]),
        place,
        at,
        account.get("sector", ""),
        account_id=row["account_id"],
        batch_id=row["batch_id"],
    )
    decision = evaluate(
        Person(row["person_key"], phone_key, phone, kinds.get(phone, ""), region, zone),
        as_asked(row),
        asking.numbers[batch["number_id"]]["e164"],
        at,
        contacts,
        policy=policy,
        holidays=rules.current().holidays(country),
        registries=registries.looks(country),
    )
    others = _others(asking, row, phone)
    return Answer(decision, policy, place, at, len(contacts), others)


def _ledger(asking: Gate, row: Document, phone_key: str, at: datetime) -> list[Contact]:
    return [each for each in asking.contacts.of(row, phone_key) if each.at <= at]


def _others(asking: Gate, row: Document, phone: str) -> tuple[str, ...]:
    """The gate's other checks, as things stand now."""
    found = []
    for check in gate.CHECKS:
        if check is not gate.policies_allow:
            try:
                objection = check(asking, Attempt(row, phone, ""))
            except Exception:  # the gate would not let it pass either
                found.append("rule_failed")
            else:
                found += [objection.code] if objection else []
    return tuple(found)


def _policy(
    question: Question,
    place: Place,
    at: datetime,
    sector: str,
    account_id: Any = None,
    batch_id: Any = None,
) -> Effective:
    account = question.account
    return rules.current().policy(
        question.country,
        question.use_case,
        place.subdivisions,
        sector,
        on=at.date(),
        account_id=account_id or (account.pk if account else None),
        batch_id=batch_id,
        accept_drafts=question.accept_drafts,
    )


def _local(at: datetime, place: Place) -> datetime:
    if at.tzinfo is not None:
        return at
    return at.replace(tzinfo=ZoneInfo(place.zones[0] if place.zones else "UTC"))


def _stand_in(country: str, region: str) -> str:
    """A number that may be anywhere in the country (or in the region, where numbers
    alone say it), for whom no phone is given."""
    code = areas.CALLING_CODES.get(country, "")
    if code != "+1":
        return f"{code}000000000" if code else ""
    wanted = subdivision_of(country, region)
    states = areas.us_states()
    of_state = (area for area, state in states.items() if state == wanted)
    return f"{code}{next(of_state, next(iter(areas.US_WITHOUT_A_PLACE)))}5550000"
