"""For any person, history and policy: the promised moment is the first allowed one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from calls.policies.countries import RECORDS
from calls.policies.decisions import Contact
from calls.policies.evaluate import hours_at
from calls.policies.holidays import default_table
from calls.policies.merge import is_looser, strictest
from calls.policies.records import COMPANY, LAW
from tests.policies.building import (
    CL,
    ME,
    MY_PHONE,
    OTHER_PHONE,
    ask,
    job,
    person,
    policy_of,
)

START = datetime(2025, 6, 1, tzinfo=UTC)
anytime = st.integers(0, 60 * 60 * 24 * 860)
# between 10:00 and 19:00 in Santiago, where most is decided by the ledger
daytime = st.tuples(st.integers(0, 860), st.integers(14 * 3600, 22 * 3600)).map(
    lambda parts: parts[0] * 86400 + parts[1]
)
moments = st.one_of(anytime, daytime, daytime).map(
    lambda seconds: START + timedelta(seconds=seconds)
)
rare = settings(suppress_health_check=[HealthCheck.filter_too_much])
zones = st.sampled_from(
    [
        (CL,),
        (CL, "Pacific/Easter"),
        ("America/Punta_Arenas", CL),
        ("America/Coyhaique",),
    ]
)
policies = st.sampled_from(
    [policy_of("CL"), policy_of("CL", rules="law"), policy_of("CL", "survey")]
)
contacts = st.lists(
    st.tuples(
        st.integers(0, 20 * 24 * 3600),
        st.sampled_from(["attempt", "rang", "conversation"]),
        st.sampled_from(
            ["", "", "promise", "declined", "third_party", "dispute", "optout"]
        ),
        st.sampled_from([ME, ME, "person:else"]),
        st.sampled_from([MY_PHONE, OTHER_PHONE]),
        st.sampled_from(["creditor:one", "creditor:two", ""]),
        st.sampled_from(["call", "call", "call", "sms", "visit"]),
    ),
    max_size=6,
)
limits = st.sampled_from([(), (), (), (1,), (5,), (40,)])
callbacks = st.one_of(st.none(), st.integers(-2 * 86400, 2 * 86400))


@st.composite
def questions(draw, most=6):
    now = draw(moments)
    ledger = [_contact(now, *each) for each in draw(contacts)[:most]]
    after = draw(callbacks)
    asked = job(
        callback_at=None if after is None else now + timedelta(seconds=after),
        limit_dates=tuple((now + timedelta(days=days)).date() for days in draw(limits)),
    )
    return now, ledger, asked, person(zones=draw(zones)), draw(policies)


def _contact(now, before, kind, outcome, person_key, phone_key, creditor, channel):
    return Contact(
        now - timedelta(seconds=before),
        kind,
        person_key,
        phone_key,
        channel,
        creditor,
        ("debt:one",),
        outcome,
    )


def answer(question, at):
    _, ledger, asked, who, policy = question
    return ask(at, ledger, policy=policy, who=who, what=asked)


@given(questions())
def test_the_promised_moment_is_allowed(question):
    decision = answer(question, question[0])
    assume(decision.next_allowed_at)
    assert decision.next_allowed_at > question[0]
    assert answer(question, decision.next_allowed_at).decision == "allow"


@given(questions(), st.lists(st.floats(0, 1, exclude_max=True), min_size=8, max_size=8))
def test_nothing_before_the_promised_moment_is_allowed(question, parts):
    now, opens = question[0], answer(question, question[0]).next_allowed_at
    assume(opens)
    assert answer(question, opens - timedelta(seconds=1)).decision != "allow"
    minutes = int((opens - now).total_seconds() // 60)
    for part in parts:
        between = now + timedelta(minutes=int(minutes * part))
        assert answer(question, between).decision != "allow"
        assert answer(question, between).next_allowed_at == opens


@rare
@given(questions(), st.lists(st.integers(0, 30 * 24 * 60), min_size=8, max_size=8))
def test_without_a_promise_no_moment_is_allowed(question, minutes):
    decision = answer(question, question[0])
    assume(decision.decision != "allow" and decision.next_allowed_at is None)
    for after in minutes:
        at = question[0] + timedelta(minutes=after)
        assert answer(question, at).decision != "allow"


@rare
@given(questions(most=1))
def test_an_allowed_moment_is_inside_the_law_in_every_zone(question):
    """Ley 19.496 art. 37: Monday to Saturday, 08:00–20:00."""
    assume(question[4].ref.startswith("CL/debt_collection"))
    assume(answer(question, question[0]).decision == "allow")
    for zone in question[3].zones:
        there = question[0].astimezone(ZoneInfo(zone))
        assert there.weekday() != 6
        assert 8 <= there.hour < 20


# --- merging

CHILE = [record for record in RECORDS if record.country in ("", "CL")]
some = st.lists(st.sampled_from(CHILE), min_size=1, max_size=4)


@given(some, st.randoms(use_true_random=False))
def test_merging_is_the_same_in_any_order_and_repeated(records, random):
    merged = strictest(records)
    shuffled = [*records, *records]
    random.shuffle(shuffled)
    assert strictest(shuffled) == merged
    assert strictest(shuffled).key == merged.key


@given(some, st.sampled_from(CHILE))
def test_a_further_record_only_tightens(records, more):
    assert is_looser(strictest(records), strictest([*records, more])) in (
        [],
        _known(records),
    )


def _known(records):
    """Without a country nobody may be called: a first country is not a loosening."""
    return [] if strictest(records).country else ["unknown_policy"]


@rare
@given(some, moments)
def test_what_is_allowed_merged_is_allowed_by_every_part(records, at):
    merged, table = strictest(records), default_table("CL")
    assume(hours_at(merged, (CL,), at, table).decision == "allow")
    for record in records:
        if record.country:
            assert hours_at(strictest([record]), (CL,), at, table).decision == "allow"


@rare
@given(questions(most=1))
def test_the_law_alone_is_never_stricter_than_all_rules(question):
    now, ledger, asked, who, _ = question
    asked = job(limit_dates=asked.limit_dates)
    strict = ask(now, ledger, policy=policy_of("CL"), who=who, what=asked)
    assume(strict.decision == "allow")
    law = policy_of("CL", rules="law")
    assert ask(now, ledger, policy=law, who=who, what=asked).decision == "allow"


def test_the_law_alone_keeps_what_a_law_says():
    for country in ("CL", "CO", "PE", "ES", "BR", "US", "MX", "AR"):
        law = policy_of(country, "debt_collection", rules="law")
        kept = [*law.hours, *law.caps, *law.cooldowns, *law.gaps, *law.caller_ids]
        assert {each.limit.source.status for each in kept} <= {LAW}
        every = policy_of(country, "debt_collection")
        assert COMPANY in {each.limit.source.status for each in every.hours}
