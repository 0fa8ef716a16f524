"""What was done before: caps, waiting times, gaps and callbacks of Chile's collection,
Argentina's and Reg F. Each row names its rule."""

from datetime import timedelta

import pytest

from calls.policies.countries import RECORDS
from calls.policies.merge import strictest
from calls.policies.records import from_json, to_json
from tests.policies.building import (
    CL,
    DEBT,
    OTHER_PHONE,
    ask,
    contact,
    job,
    local,
    person,
    policy_of,
)

NOW = "2026-11-24T12:00"  # a Tuesday
ELSE = {"person_key": "person:else"}
OTHER = {"phone_key": OTHER_PHONE}
ANOTHER = {"creditor": "creditor:two", "debt_keys": ("debt:two",)}


@pytest.mark.parametrize(
    ("past", "code", "opens"),
    [
        # nothing, and what does not count
        ([], "in_hours", None),
        ([("2026-11-23T12:00", "attempt", "", {})], "in_hours", None),
        ([(NOW, "attempt", "", ELSE | OTHER)], "in_hours", None),
        ([("2026-11-24T10:00", "attempt", "", {"channel": "sms"})], "in_hours", None),
        # company: one attempt a day of the person, on any phone, for any creditor
        (
            [("2026-11-24T10:00", "attempt", "", {})],
            "attempts_a_day",
            "2026-11-25T09:00",
        ),
        (
            [("2026-11-24T10:00", "attempt", "", OTHER)],
            "attempts_a_day",
            "2026-11-25T09:00",
        ),
        (
            [("2026-11-24T10:00", "attempt", "", ANOTHER)],
            "attempts_a_day",
            "2026-11-25T09:00",
        ),
        # company: a phone that several people share rings once a day
        (
            [("2026-11-24T10:00", "attempt", "", ELSE)],
            "phone_once_a_day",
            "2026-11-25T09:00",
        ),
        # company: three attempts in seven days, of one creditor
        (
            [
                ("2026-11-18T12:30", "attempt", "", {}),
                ("2026-11-20T12:00", "rang", "", {}),
                ("2026-11-23T12:00", "attempt", "", {}),
            ],
            "attempts_a_week",
            "2026-11-25T12:30",
        ),
        (
            [
                ("2026-11-18T12:30", "attempt", "", {}),
                ("2026-11-20T12:00", "rang", "", ANOTHER),
                ("2026-11-23T12:00", "attempt", "", {}),
            ],
            "in_hours",
            None,
        ),
        (
            [
                (
                    "2026-11-17T12:00",
                    "attempt",
                    "",
                    {},
                ),  # out of the window this moment
                ("2026-11-20T12:00", "rang", "", {}),
                ("2026-11-23T12:00", "attempt", "", {}),
            ],
            "in_hours",
            None,
        ),
        # Ley 19.496 art. 37: one conversation in seven days, of one creditor
        (
            [("2026-11-23T11:00", "conversation", "", {})],
            "conversation_a_week",
            "2026-11-30T11:00",
        ),
        (
            [("2026-11-17T12:00:01", "conversation", "", {})],
            "conversation_a_week",
            "2026-11-24T12:00:01",
        ),
        ([("2026-11-17T12:00:00", "conversation", "", {})], "in_hours", None),
        ([("2026-11-23T11:00", "conversation", "", ANOTHER)], "in_hours", None),
        # a visit is a contact like a call; a creditor that is not known is every one
        (
            [("2026-11-23T11:00", "conversation", "", {"channel": "visit"})],
            "conversation_a_week",
            "2026-11-30T11:00",
        ),
        (
            [("2026-11-23T11:00", "conversation", "", {"creditor": ""})],
            "conversation_a_week",
            "2026-11-30T11:00",
        ),
        # its end falls on a Saturday afternoon, on a holiday, into Easter
        (
            [("2026-11-21T13:30", "conversation", "", {})],
            "conversation_a_week",
            "2026-11-28T13:30",
        ),
        (
            [("2026-11-21T14:30", "conversation", "", {})],
            "conversation_a_week",
            "2026-11-30T09:00",
        ),
        # company: a hang-up, a declined or blocked call, a third party: not today
        (
            [("2026-11-24T10:00", "conversation", "third_party", ANOTHER)],
            "attempts_a_day",
            "2026-11-25T09:00",
        ),
        # … and never on another phone
        (
            [("2026-11-10T10:00", "conversation", "hang_up", OTHER)],
            "other_phone_after_hang_up",
            None,
        ),
        (
            [("2026-11-10T10:00", "rang", "declined", OTHER)],
            "other_phone_after_declined",
            None,
        ),
        (
            [("2026-11-10T10:00", "attempt", "blocked", OTHER)],
            "other_phone_after_blocked",
            None,
        ),
        ([("2026-11-10T10:00", "rang", "declined", {})], "in_hours", None),
        # company: a disputed debt rests for thirty days
        (
            [("2026-11-10T10:00", "conversation", "dispute", {})],
            "after_dispute",
            "2026-12-10T10:00",
        ),
        ([("2026-11-10T10:00", "conversation", "dispute", ANOTHER)], "in_hours", None),
        # never again
        (
            [("2024-01-02T10:00", "conversation", "optout", ANOTHER | OTHER)],
            "never_after_optout",
            None,
        ),
        (
            [("2026-01-02T10:00", "conversation", "deceased", {})],
            "never_after_deceased",
            None,
        ),
        # Ley 19.496 art. 37: at once when sued, or in insolvency
        ([("2026-01-02T10:00", "conversation", "sued", {})], "never_after_sued", None),
        (
            [("2026-01-02T10:00", "conversation", "insolvency", {})],
            "never_after_insolvency",
            None,
        ),
    ],
)
def test_what_was_done_before_counts(past, code, opens):
    ledger = [contact(at, kind, said, **more) for at, kind, said, more in past]
    decision = ask(NOW, ledger)
    assert decision.code == code
    assert decision.next_allowed_at == (local(opens) if opens else None)
    never = code.startswith(("never", "other_phone"))
    expected = "deny" if never else "allow" if code == "in_hours" else "defer"
    assert decision.decision == expected


def relaxed(**changes):
    """Chile's collection with other caps, without the company's manners."""
    own = next(r for r in RECORDS if r.ref == "CL/debt_collection@1")
    return strictest([from_json(to_json(own) | changes)])


CONTACT = {"source": {"text": "x", "status": "law"}, "key": "person"}


@pytest.mark.parametrize(
    ("cap", "past", "opens"),
    [
        (
            ("attempt", 2, "rolling_hours", 24),
            ["2026-11-23T13:00", "2026-11-24T09:00"],
            13,
        ),
        (
            ("attempt", 2, "rolling_hours", 24),
            ["2026-11-23T12:00", "2026-11-24T09:00"],
            0,
        ),
        (
            ("attempt", 3, "rolling_hours", 24),
            ["2026-11-23T13:00", "2026-11-24T09:00"],
            0,
        ),
        (
            ("attempt", 2, "rolling_hours", 24),
            ["2026-11-22T10:00", "2026-11-23T13:00", "2026-11-24T09:00"],
            13,
        ),
        (("attempt", 1, "rolling_hours", 3), ["2026-11-24T10:30"], 13.5),
        (("attempt", 1, "rolling_hours", 3), ["2026-11-24T09:00"], 0),
        (("attempt", 1, "calendar_day", 1), ["2026-11-23T23:59:59"], 0),
        (("attempt", 1, "calendar_day", 1), ["2026-11-24T00:00:00"], 24 + 8),
        (("attempt", 1, "calendar_week", 1), ["2026-11-22T23:59:59"], 0),
        (("attempt", 1, "calendar_week", 1), ["2026-11-23T00:00:00"], 6 * 24 + 8),
        (("rang", 1, "rolling_days", 2), ["2026-11-24T10:00"], 0),  # did not ring
        (("any_channel", 1, "rolling_days", 1), ["2026-11-24T10:00"], 24 + 10),
    ],
)
def test_a_cap_is_silent_from_the_moment_its_window_is_left(cap, past, opens):
    """Windows are half open: what happened exactly their length ago counts no more."""
    count, most, window, length = cap
    made = {"code": "a_cap", "count": count, "most": most, "window": window}
    policy = relaxed(caps=[made | {"length": length} | CONTACT])
    decision = ask(NOW, [contact(at) for at in past], policy=policy)
    assert decision.decision == ("defer" if opens else "allow")
    expected = local("2026-11-24T00:00") + timedelta(hours=opens) if opens else None
    assert decision.next_allowed_at == expected


def test_a_message_counts_for_a_cap_of_any_channel_alone():
    ledger = [contact("2026-11-24T10:00", channel="sms")]
    policy = relaxed(
        caps=[
            {"code": "a_cap", "count": "any_channel", "most": 1, "length": 1}
            | {"window": "calendar_day"}
            | CONTACT
        ]
    )
    assert ask(NOW, ledger, policy=policy).code == "a_cap"
    assert ask(NOW, ledger).decision == "allow"


def test_the_strict_reading_counts_every_call_that_rings():
    """Ley 19.496 art. 37, disputed: a record's option."""
    policy = relaxed(reading="strict")
    rang = [contact("2026-11-20T12:00", "rang")]
    decision = ask(NOW, rang, policy=policy)
    assert (decision.code, decision.next_allowed_at) == (
        "ring_a_week",
        local("2026-11-27T12:00"),
    )
    assert ask(NOW, rang, policy=relaxed()).decision == "allow"
    silent = [contact("2026-11-20T12:00", "attempt")]
    assert ask(NOW, silent, policy=policy).decision == "allow"


def gap_alone():
    made = {"minutes": 240, "source": CONTACT["source"]}
    return relaxed(caps=[], gaps=[made])


@pytest.mark.parametrize(
    ("at", "phone", "opens"),
    [
        ("2026-11-24T08:00:00", OTHER_PHONE, None),
        ("2026-11-24T08:00:01", OTHER_PHONE, "2026-11-24T12:00:01"),
        ("2026-11-24T11:59:00", OTHER_PHONE, "2026-11-24T15:59:00"),
        ("2026-11-24T11:59:00", "phone:mine", None),
    ],
)
def test_four_hours_lie_between_two_phones_of_a_person(at, phone, opens):
    """operations.md 3."""
    decision = ask(NOW, [contact(at, phone_key=phone)], policy=gap_alone())
    assert decision.code == ("gap_between_phones" if opens else "in_hours")
    assert decision.next_allowed_at == (local(opens) if opens else None)


@pytest.mark.parametrize(
    ("callback", "past", "at", "code", "opens"),
    [
        # due: lifts the weekly conversation, the daily attempt
        ("17:30", [("conversation", "")], "17:30", "in_hours", None),
        ("17:30", [("conversation", "")], "19:29:59", "in_hours", None),
        ("17:30", [("attempt", "")], "17:31", "in_hours", None),
        ("17:30", [("conversation", "promise")], "17:30", "in_hours", None),
        # not yet due: it opens when it is
        ("17:30", [("conversation", "")], "17:29:59", "attempts_a_day", "24T17:30"),
        ("17:30", [("conversation", "")], "12:00", "conversation_a_week", "24T17:30"),
        # never hours
        ("19:45", [("conversation", "")], "19:45", "outside_hours", None),
        ("08:00", [("conversation", "")], "08:30", "outside_hours", "24T09:00"),
        # nor what is no frequency
        (
            "17:30",
            [("conversation", "hang_up")],
            "17:30",
            "not_today_after_hang_up",
            None,
        ),
        ("17:30", [("conversation", "optout")], "17:30", "never_after_optout", None),
        ("17:30", [("conversation", "dispute")], "17:30", "after_dispute", None),
    ],
)
def test_a_due_callback_lifts_frequency_and_nothing_else(
    callback, past, at, code, opens
):
    ledger = [contact("2026-11-24T07:30", kind, said) for kind, said in past]
    asked_for = job(callback_at=local(f"2026-11-24T{callback}"))
    decision = ask(f"2026-11-24T{at}", ledger, what=asked_for)
    codes = [check.code for check in decision.checks] or [decision.code]
    assert code in codes
    assert (decision.decision == "allow") == (code == "in_hours")
    if opens:
        assert decision.next_allowed_at == local(f"2026-11-{opens}")


def test_a_callback_is_used_up_by_the_call_that_was_made_for_it():
    asked_for = job(callback_at=local("2026-11-24T10:00"))
    first = contact("2026-11-23T10:00", "conversation")
    assert ask(NOW, [first], what=asked_for).decision == "allow"
    made = contact("2026-11-24T10:05")
    assert ask(NOW, [first, made], what=asked_for).decision == "defer"


def test_a_callback_of_yesterday_lifts_nothing():
    asked_for = job(callback_at=local("2026-11-23T18:00"))
    ledger = [contact("2026-11-23T10:00", "conversation")]
    decision = ask(NOW, ledger, what=asked_for)
    assert decision.next_allowed_at == local("2026-11-30T10:00")


@pytest.mark.parametrize(
    ("past", "code"),
    [
        (["2026-11-18T13:00"] * 6, "in_hours"),
        (["2026-11-18T13:00"] * 7, "attempts_a_week_per_debt"),
        (["2026-11-17T12:00"] * 7, "in_hours"),
    ],
)
def test_reg_f_counts_seven_calls_for_each_debt(past, code):
    """12 CFR 1006.14(b)(2)."""
    zone = "America/New_York"
    us = person(phone="+12125550123", default_zone=zone)
    ledger = [contact(at, phone_key="") for at in past]
    asked = job(consent="prior_express")
    policy = policy_of("US", rules="law")
    at = local("2026-11-24T12:00")
    decision = ask(at, ledger, policy=policy, who=us, what=asked)
    assert decision.code == code
    other_debt = job(debt_keys=("debt:two",), consent="prior_express")
    assert ask(at, ledger, policy=policy, who=us, what=other_debt).code == "in_hours"
    both = job(debt_keys=("debt:two", DEBT), consent="prior_express")
    assert ask(at, ledger, policy=policy, who=us, what=both).code == code


def test_the_day_of_a_cap_is_over_in_every_zone_of_the_person():
    """01:00 of the 24th in Santiago is the evening of the 23rd on Easter Island."""
    both = person(zones=(CL, "Pacific/Easter"))
    ledger = [contact("2026-11-24T01:00")]
    decision = ask("2026-11-24T11:30", ledger, who=both)
    assert decision.code == "attempts_a_day"
    assert decision.next_allowed_at == local("2026-11-25T11:00")


def test_several_objections_are_all_told_and_a_denial_decides():
    ledger = [contact("2026-11-21T10:00", "conversation", "optout")]
    decision = ask("2026-11-24T21:00", ledger)
    assert (decision.decision, decision.code) == ("deny", "never_after_optout")
    assert decision.next_allowed_at is None
    codes = [check.code for check in decision.checks]
    assert codes == ["outside_hours", "never_after_optout", "conversation_a_week"]


def test_each_objection_names_its_record_and_source():
    decision = ask(NOW, [contact("2026-11-23T11:00", "conversation")])
    assert decision.rule == "CL/debt_collection@1"
    assert "19.496 art. 37" in decision.source


def test_caps_are_counted_in_any_order_of_the_ledger():
    past = [contact(f"2026-11-{day}T12:30") for day in (23, 18, 20)]
    assert ask(NOW, past) == ask(NOW, past[::-1])


def test_a_contact_without_zone_is_refused():
    naive = contact(NOW)
    bad = type(naive)(naive.at.replace(tzinfo=None), "attempt", naive.person_key)
    with pytest.raises(ValueError, match="zone"):
        ask(NOW, [bad])


def test_argentina_waits_seven_days_after_a_conversation():
    who = person(phone="+543514567890", default_zone="America/Argentina/Buenos_Aires")
    ledger = [contact("2026-11-20T12:00", "conversation")]
    decision = ask(NOW, ledger, policy=policy_of("AR"), who=who)
    assert decision.code == "after_conversation"
    assert decision.next_allowed_at == local("2026-11-27T12:00")
