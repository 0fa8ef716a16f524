"""Calling hours: the tables of compliance.md 3.10 narrowed by operations.md 3."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from calls.policies.hours import DECISION_LABELS, RULES, allowed_at, zones_of

CL, AR = "America/Santiago", "America/Argentina/Buenos_Aires"
USE_CASE = "debt_collection"
ZONES = {"CL": (CL,), "AR": (AR,)}


def local(text: str, zone: str = CL) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("country", "at", "code"),
    [
        ("CL", "2026-11-24T08:59:59", "outside_hours"),
        ("CL", "2026-11-24T08:59:59.999999", "outside_hours"),
        ("CL", "2026-11-24T09:00:00", "in_hours"),
        ("CL", "2026-11-24T13:00:00", "in_hours"),
        ("CL", "2026-11-24T19:29:59", "in_hours"),
        ("CL", "2026-11-24T19:29:59.999999", "in_hours"),
        ("CL", "2026-11-24T19:30:00", "outside_hours"),
        ("CL", "2026-11-24T23:59:59", "outside_hours"),
        ("CL", "2026-11-24T00:00:00", "outside_hours"),
        ("CL", "2026-11-28T09:59:59", "outside_hours"),  # Saturday
        ("CL", "2026-11-28T10:00:00", "in_hours"),
        ("CL", "2026-11-28T13:59:59", "in_hours"),
        ("CL", "2026-11-28T14:00:00", "outside_hours"),
        ("CL", "2026-11-29T11:00:00", "closed_weekday"),  # Sunday
        ("CL", "2026-12-08T11:00:00", "holiday"),  # a Tuesday
        ("CL", "2026-04-04T11:00:00", "holiday"),  # Holy Saturday
        ("CL", "2027-06-28T11:00:00", "holiday"),  # 29 June moved to its Monday
        ("CL", "2027-06-29T11:00:00", "in_hours"),
        ("CL", "2027-10-11T11:00:00", "holiday"),  # 12 October moved
        ("CL", "2027-10-12T11:00:00", "in_hours"),
        ("CL", "2027-09-17T11:00:00", "holiday"),  # the Friday before the 18th
        ("CL", "2026-12-24T11:00:00", "in_hours"),
        ("CL", "2026-12-31T11:00:00", "in_hours"),  # banks only
        ("AR", "2026-11-24T09:00:00", "in_hours"),
        ("AR", "2026-11-24T19:30:00", "outside_hours"),
        ("AR", "2026-11-28T10:00:00", "in_hours"),  # Saturday
        ("AR", "2026-11-28T12:59:59", "in_hours"),
        ("AR", "2026-11-28T13:00:00", "outside_hours"),
        ("AR", "2026-11-29T11:00:00", "closed_weekday"),
        ("AR", "2026-11-23T11:00:00", "holiday"),  # 20 November moved to Monday
        ("AR", "2026-11-20T11:00:00", "in_hours"),
        ("AR", "2026-12-07T11:00:00", "holiday"),  # a bridge day
        ("AR", "2028-03-01T11:00:00", "unknown_holidays"),
    ],
)
def test_a_local_moment_has_its_code(country, at, code):
    zone = ZONES[country]
    decision = allowed_at(country, USE_CASE, zone, local(at, zone[0]))
    assert decision.code == code
    assert decision.decision == ("allow" if code == "in_hours" else "defer")
    assert decision.rule == RULES[country, USE_CASE].id


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-24T03:00", "2026-11-24T09:00"),
        ("2026-11-24T19:30", "2026-11-25T09:00"),
        ("2026-11-27T21:00", "2026-11-28T10:00"),
        ("2026-11-28T14:00", "2026-11-30T09:00"),
        ("2026-12-07T19:30", "2026-12-09T09:00"),  # over a holiday
        ("2026-09-17T20:00", "2026-09-21T09:00"),  # the 18th, 19th and a Sunday
        ("2026-04-02T20:00", "2026-04-06T09:00"),  # Easter, and the clock goes back
        ("2026-09-05T14:00", "2026-09-07T09:00"),  # the clock goes forward
        ("2026-12-31T20:00", "2027-01-02T10:00"),  # into the next year
    ],
)
def test_a_deferred_call_knows_when_it_opens(at, opens):
    decision = allowed_at("CL", USE_CASE, (CL,), local(at))
    assert decision.next_allowed_at == local(opens)
    assert decision.next_allowed_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        # 2026-04-04 24:00 becomes 23:00; -03 before, -04 after
        ("2026-04-02T12:00:00+00:00", "in_hours"),  # 09:00
        ("2026-04-02T11:59:59+00:00", "outside_hours"),
        ("2026-04-06T12:59:59+00:00", "outside_hours"),
        ("2026-04-06T13:00:00+00:00", "in_hours"),
        ("2026-04-05T02:30:00+00:00", "holiday"),  # 23:30 of Saturday, once
        ("2026-04-05T03:30:00+00:00", "holiday"),  # and again
        # 2026-09-06 00:00 does not exist; -04 before, -03 after
        ("2026-09-04T13:00:00+00:00", "in_hours"),
        ("2026-09-04T12:59:59+00:00", "outside_hours"),
        ("2026-09-06T04:00:00+00:00", "closed_weekday"),  # 01:00 of Sunday
        ("2026-09-07T12:00:00+00:00", "in_hours"),
        ("2026-09-07T11:59:59+00:00", "outside_hours"),
    ],
)
def test_hours_follow_the_change_of_the_clock(at, code):
    assert allowed_at("CL", USE_CASE, (CL,), datetime.fromisoformat(at)).code == code


@pytest.mark.parametrize(
    ("zones", "at", "decision", "opens"),
    [
        # in summer Easter Island is two hours behind
        ((CL, "Pacific/Easter"), "2026-11-24T10:59", "defer", "2026-11-24T11:00"),
        ((CL, "Pacific/Easter"), "2026-11-24T11:00", "allow", None),
        ((CL, "Pacific/Easter"), "2026-11-24T19:30", "defer", "2026-11-25T11:00"),
        ((CL, "Pacific/Easter"), "2026-11-28T11:30", "defer", "2026-11-28T12:00"),
        # in winter Punta Arenas is one hour ahead
        ((CL, "America/Punta_Arenas"), "2026-07-14T18:30", "defer", "2026-07-15T09:00"),
        ((CL, "America/Punta_Arenas"), "2026-07-14T18:29", "allow", None),
        # never open together
        ((CL, "Asia/Tokyo"), "2026-11-24T10:00", "defer", None),
    ],
)
def test_all_zones_of_a_person_must_be_open(zones, at, decision, opens):
    answer = allowed_at("CL", USE_CASE, zones, local(at))
    assert answer.decision == decision
    assert answer.next_allowed_at == (local(opens) if opens else None)


@pytest.mark.parametrize(
    ("country", "use_case", "zones", "decision", "code"),
    [
        ("MX", USE_CASE, (CL,), "deny", "unknown_policy"),
        ("", USE_CASE, (CL,), "deny", "unknown_policy"),
        ("CL", "marketing", (CL,), "deny", "unknown_policy"),
        ("CL", USE_CASE, (), "defer", "unknown_zone"),
        ("CL", USE_CASE, ("",), "defer", "unknown_zone"),
        ("CL", USE_CASE, ("America/Nowhere",), "defer", "unknown_zone"),
        ("CL", USE_CASE, ("../etc/passwd",), "defer", "unknown_zone"),
        ("CL", USE_CASE, (CL, "America/Nowhere"), "defer", "unknown_zone"),
    ],
)
@pytest.mark.parametrize("open_all", [False, True])
def test_what_is_unknown_is_not_allowed(
    country, use_case, zones, decision, code, open_all
):
    answer = allowed_at(
        country, use_case, zones, local("2026-11-24T12:00"), open_all=open_all
    )
    assert (answer.decision, answer.code) == (decision, code)
    assert answer.next_allowed_at is None


def test_a_year_without_reviewed_holidays_is_not_promised():
    decision = allowed_at("CL", USE_CASE, (CL,), local("2027-12-31T20:00"))
    assert (decision.decision, decision.next_allowed_at) == ("defer", None)


def test_a_moment_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        allowed_at("CL", USE_CASE, (CL,), datetime(2026, 11, 24, 12))  # noqa: DTZ001


def test_a_closed_day_is_closed():
    closed = {date(2026, 11, 24), date(2026, 11, 25)}
    decision = allowed_at(
        "CL", USE_CASE, (CL,), local("2026-11-24T12:00"), closed_days=closed
    )
    assert decision.code == "closed_day"
    assert decision.next_allowed_at == local("2026-11-26T09:00")


@pytest.mark.parametrize(
    "at", ["2026-11-24T03:00", "2026-11-29T12:00", "2026-12-25T12:00", "2031-01-01T00"]
)
def test_the_sandbox_lifts_hours_weekdays_and_holidays(at):
    decision = allowed_at("CL", USE_CASE, (CL,), local(at), open_all=True)
    assert (decision.decision, decision.code) == ("allow", "hours_lifted")


@pytest.mark.parametrize(
    ("e164", "country", "zones"),
    [
        ("+56912345678", "CL", ("X/Default",)),  # a mobile may be anywhere
        ("+56600360123", "CL", ("X/Default",)),
        ("+56442345678", "CL", ("X/Default",)),  # voice over IP
        ("+56221234567", "CL", (CL,)),
        ("+56322345678", "CL", (CL,)),
        ("+56652345678", "CL", (CL,)),
        ("+56612212345", "CL", ("America/Punta_Arenas",)),
        ("+56672212345", "CL", ("America/Coyhaique",)),
        ("+56322100123", "CL", (CL, "Pacific/Easter")),
        ("+56322551234", "CL", (CL, "Pacific/Easter")),
        ("+5491143210000", "AR", (AR,)),
        ("+542966456789", "AR", (AR,)),
        ("+5491143210000", "CL", ()),  # another country's law
        ("+56912345678", "AR", ()),
        ("+525512345678", "MX", ()),
        ("", "CL", ()),
    ],
)
def test_the_zones_of_a_phone(e164, country, zones):
    assert zones_of(e164, country, default="X/Default") == zones


def test_every_code_has_words():
    assert all(str(words) for words in DECISION_LABELS.values())


def test_the_rules_stay_inside_the_law():
    chile = RULES["CL", USE_CASE]
    for weekday in range(7):
        window = chile.window(weekday)
        if window:
            assert (window[0].hour, window[0].minute) >= (8, 0)
            assert (window[1].hour, window[1].minute) <= (20, 0)
    assert chile.window(6) is None


moments = st.datetimes(datetime(2025, 1, 2), datetime(2027, 11, 20)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)
places = st.sampled_from(
    [
        ("CL", (CL,)),
        ("CL", (CL, "Pacific/Easter")),
        ("CL", ("America/Punta_Arenas", CL)),
        ("CL", ("America/Coyhaique",)),
        ("AR", (AR,)),
    ]
)


@given(moments, places)
def test_the_promised_moment_is_allowed(at, place):
    decision = allowed_at(*_args(place), at)
    assume(decision.decision == "defer")
    assert decision.next_allowed_at > at
    assert allowed_at(*_args(place), decision.next_allowed_at).decision == "allow"


@given(moments, places, st.floats(0, 1, exclude_max=True))
def test_nothing_before_the_promised_moment_is_allowed(at, place, part):
    decision = allowed_at(*_args(place), at)
    assume(decision.decision == "defer")
    between = at + (decision.next_allowed_at - at) * part
    assume(between < decision.next_allowed_at)
    assert allowed_at(*_args(place), between).decision == "defer"
    just_before = decision.next_allowed_at - timedelta(microseconds=1)
    assert allowed_at(*_args(place), just_before).decision == "defer"


@given(moments, places)
def test_an_allowed_moment_is_inside_the_hours_of_every_place(at, place):
    assume(allowed_at(*_args(place), at).decision == "allow")
    for zone in place[1]:
        there = at.astimezone(ZoneInfo(zone))
        assert there.weekday() != 6
        assert (9, 0) <= (there.hour, there.minute) < (19, 30)


def _args(place):
    country, zones = place
    return country, USE_CASE, zones
