"""Calls to our own people: the test of an agent, and the code that proves a phone.

They pass the same door as every call (`dialer.dial_staff` → `_post`) with checks of
their own: stops, do-not-call, a few a day for each person. Hours are lifted for a
verified phone alone. They are never sent twice.
"""

import hmac
import logging
import secrets
from datetime import timedelta
from typing import Any

import phonenumbers
from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pymongo import ReturnDocument

from batches.models import Account, Agent, Batch, Job, PhoneNumber
from calls import halts, pacing, rules, staff_scripts
from calls.answers import Send
from calls.asked import hours_are_lifted
from calls.models import DoNotCall, StaffCall, StaffPhone
from calls.policies.evaluate import hours_at
from calls.policies.zones import place_of
from calls.states import STAFF_CALL, CallStatus
from speechai_site.runtime import audit, clock, environment, fences, keys
from speechai_site.runtime.documents import collection
from speechai_site.runtime.models import User
from speechai_site.runtime.transactions import session

log = logging.getLogger(__name__)
Kind = StaffCall.Kind
BY = "dialer"
# Each person, each day (UTC).
MOST_A_DAY = {Kind.CODE: 5, Kind.TEST: 20}
CODE_MINUTES = 10
CODE_TRIES = 5
# Wall seconds that one may wait for a worker, and for its turn on the telephony path.
PATIENCE, TURN = 120, 20
# A phone that is not proven yet is rung when the strictest of our use cases allows it.
STRICT_USE_CASE = "debt_collection"

# Why one was withdrawn before it was dialed, by its `error_code`.
REFUSALS = {
    "slowed_down": gettext_lazy("Retell asked to slow down: try again in a minute."),
    "calls_halted": gettext_lazy("Calling is stopped by hand: lift that first."),
    "user_inactive": gettext_lazy("The user is not active any more."),
    "live_not_armed": gettext_lazy(
        "Live dialing is not armed: until then only who may arm it makes test calls."
    ),
    "phone_not_verified": gettext_lazy("The phone has not been verified."),
    "phone_verified": gettext_lazy("The phone is verified already."),
    "phone_not_for_tests": gettext_lazy("This phone can't be used for tests."),
    "agent_or_number_off": gettext_lazy(
        "The voice agent or caller id may not be used."
    ),
    "outside_hours": gettext_lazy(
        "A phone that is not verified yet is rung inside calling hours only."
    ),
    "lapsed": gettext_lazy("No worker took it in time: try again."),
    "rule_failed": gettext_lazy(
        "It could not be checked whether this phone may be rung."
    ),
}


class NotPlaced(Exception):
    """The call was not placed; the text is one sentence for the person."""


# --- phones -------------------------------------------------------------------------


def add_phone(user: User, e164: str, *, by: str) -> StaffPhone:
    """A phone of this person, not verified yet. Repeatable."""
    try:
        phone = StaffPhone.objects.create(user=user, e164=e164)
    except IntegrityError:
        return StaffPhone.objects.get(user=user, e164=e164)
    audit.record("staffphone.add", phone, by=by)
    return phone


def remove_phone(phone: StaffPhone, *, by: str) -> None:
    """The calls that it got stay, and still count for its owner's day."""
    audit.record("staffphone.remove", phone, by=by)
    phone.delete()


def enter_code(phone: StaffPhone, code: str, *, by: str) -> bool:
    """Whether the phone is verified now: `code` is what its call told, in time.

    A wrong code uses one of CODE_TRIES up, whoever tries and however often at once.
    """
    rows = collection(StaffPhone)
    row = rows.find_one_and_update(
        {
            "_id": phone.pk,
            "verified_at": None,
            "code_hash": {"$ne": ""},
            "code_tries": {"$lt": CODE_TRIES},
            "code_until_wall": {"$gt": clock.wall()},
        },
        {"$inc": {"code_tries": 1}},
        return_document=ReturnDocument.AFTER,
    )
    if row is None or not hmac.compare_digest(
        row["code_hash"], _hashed(phone.pk, code)
    ):
        return False
    done = rows.update_one(
        {"_id": phone.pk, "verified_at": None, "code_hash": row["code_hash"]},
        {"$set": {"verified_at": clock.wall(), "verified_by": by, "code_hash": ""}},
    )
    if done.modified_count:
        audit.record("staffphone.verify", phone, by=by)
    return bool(done.modified_count)


def _hashed(phone_id: Any, code: str) -> str:
    return keys.lookup_key("staff_code", f"{phone_id}:{code}")


# --- placing ------------------------------------------------------------------------


def place(
    kind: str,
    phone: StaffPhone,
    *,
    by: str,
    call_id: str,
    account: Account,
    agent: Agent,
    number: PhoneNumber,
    batch: Batch | None = None,
) -> bool:
    """Write the call; `calls.tasks.dial_staff` dials it. False: it was written before.

    `call_id` (new_staff_call_id) comes with the form, so that a form that is sent twice
    rings once. Raises NotPlaced.
    """
    values = {
        "id": call_id,
        "kind": kind,
        "user_id": phone.user_id,
        "phone": phone,
        "to_number": phone.e164,
        "account": account,
        "agent": agent,
        "agent_version": agent.version,
        "number": number,
        "batch": batch,
        "lease_until_wall": clock.wall() + timedelta(seconds=PATIENCE),
    }
    day = clock.wall().date().isoformat()
    for turn in range(MOST_A_DAY[kind]):
        slot = f"{kind}|{phone.user_id}|{day}|{turn}"
        try:
            call = StaffCall.objects.create(**values, day_slot=slot)
        except IntegrityError:
            if StaffCall.objects.filter(pk=call_id).exists():
                return False
            continue
        audit.record("staffcall.place", call, by=by, kind=kind, phone=phone.pk)
        return True
    raise NotPlaced(
        _("No more than %(most)s such calls a day.") % {"most": MOST_A_DAY[kind]}
    )


# --- the door -----------------------------------------------------------------------


def begin(call_id: str) -> list[Send]:
    """Inside the dialer's transaction: the checks, then `sending` committed."""
    fences.enter()
    planned = StaffCall.objects.filter(pk=call_id, status=CallStatus.PLANNED)
    call = planned.first()
    if call is None:
        return []
    code = f"{secrets.randbelow(10**6):06}"
    try:
        refusal = _refusal(call)
        body = b"" if refusal else staff_scripts.body(call, code)
    except Exception as error:  # unknown is no; a message may hold personal data
        log.error("staff call %s: %s in a check", call.pk, type(error).__name__)
        refusal = "rule_failed"
    if refusal:
        withdraw(call.pk, refusal)
        return []
    if call.kind == Kind.CODE:
        _expect_code(call, code)
    wall = clock.wall()
    until = wall + timedelta(seconds=TURN)
    posted = settings.RETELL_CONNECT_TIMEOUT + settings.RETELL_CREATE_TIMEOUT
    STAFF_CALL.move(
        {"_id": call.pk},
        CallStatus.SENDING,
        by=BY,
        first_sent_wall=wall,
        # by then its sender has an answer, or is dead
        lease_until_wall=until + timedelta(seconds=posted + settings.DIAL_LEASE),
    )
    return [Send(call.pk, None, 1, body, until, call.number.path)]


def withdraw(call_id: str, code: str) -> None:
    """It is not sent, for a reason of REFUSALS or of `RetellError.code`."""
    why = {"reason": code, "error_code": code}
    STAFF_CALL.move({"_id": call_id}, CallStatus.WITHDRAWN, by=BY, **why)


def _refusal(call: StaffCall) -> str:
    """Why this phone is not rung now: a code of REFUSALS, or empty."""
    phone, user = call.phone, call.user
    verified = phone is not None and phone.verified_at is not None
    if pacing.slowed_down():
        return "slowed_down"
    if halts.stops_account(halts.active(), call.account_id):
        return "calls_halted"
    if user is None or not user.is_active:
        return "user_inactive"
    if not environment.may_dial() and not user.has_perm("runtime.arm_live"):
        return "live_not_armed"
    if phone is None or (call.kind == Kind.TEST and not verified):
        return "phone_not_verified"
    if call.kind == Kind.CODE and verified:
        return "phone_verified"
    if _is_somebody_elses(keys.phone_key(call.to_number)):
        return "phone_not_for_tests"
    if not (call.agent.is_active and call.number.is_active):
        return "agent_or_number_off"
    return "" if verified or _inside_hours(call) else "outside_hours"


def _is_somebody_elses(key: str) -> bool:
    """The phone is on the do-not-call list or belongs to a case: a call to it would be
    a contact of that person. Whoever asks is not told which."""
    blocked = {"key": key, "withdrawn_at": None}
    if collection(DoNotCall).find_one(blocked, {"_id": 1}, session=session()):
        return True
    found = collection(Job).find_one({"phone_keys": key}, {"_id": 1}, session=session())
    return found is not None


def _inside_hours(call: StaffCall) -> bool:
    """By the law of the phone's own country."""
    number = phonenumbers.parse(call.to_number)
    country = phonenumbers.region_code_for_number(number) or ""
    account, current, now = call.account, rules.current(), clock.now()
    at_home = account.time_zone if account.country == country else ""
    place = place_of(call.to_number, country, default=at_home)
    policy = current.policy(country, STRICT_USE_CASE, place.subdivisions, on=now.date())
    answer = hours_at(
        policy,
        place.zones,
        now,
        current.holidays(country),
        subdivisions=place.subdivisions,
        lift_hours=hours_are_lifted(),
    )
    return answer.decision == "allow"


def _expect_code(call: StaffCall, code: str) -> None:
    collection(StaffPhone).update_one(
        {"_id": call.phone_id, "verified_at": None},
        {
            "$set": {
                "code_hash": _hashed(call.phone_id, code),
                "code_until_wall": clock.wall() + timedelta(minutes=CODE_MINUTES),
                "code_tries": 0,
            }
        },
        session=session(),
    )
