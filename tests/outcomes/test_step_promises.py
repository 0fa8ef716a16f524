"""What must always hold of what follows a call."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from calls.dispositions import DISPOSITIONS
from calls.outcomes import OUTCOMES, STEP_LABELS, Phone, next_step
from tests.outcomes.facts import (
    NOW,
    A,
    B,
    C,
    days_later,
    facts,
)

any_facts = st.builds(
    lambda reason, **known: facts(reason, **known),
    st.sampled_from([*OUTCOMES, "error_of_tomorrow", ""]),
    duration_ms=st.sampled_from([None, 0, 5_000, 60_000]),
    started=st.booleans(),
    analyzed=st.booleans(),
    contact=st.sampled_from(["", "titular", "tercero", "equivocado", "no_sabe"]),
    disposition=st.sampled_from(["", *DISPOSITIONS]),
    wants_no_calls=st.sampled_from([False, False, False, True]),
    callback_at=st.none()
    | st.integers(-5_000, 200_000).map(lambda m: NOW + timedelta(minutes=m)),
    max_attempts=st.integers(1, 4),
    retry_days=st.integers(0, 5),
)


@given(any_facts)
def test_a_step_is_never_in_the_past(known):
    step = next_step(known)
    assert step.code in STEP_LABELS
    assert (step.next_attempt_at is not None) == (step.status == "queued")
    if step.next_attempt_at:
        assert step.next_attempt_at > known.now
        assert step.next_attempt_at.utcoffset() == timedelta(0)


@given(any_facts)
def test_whoever_was_reached_is_not_called_again_that_day(known):
    step = next_step(known)
    if step.status == "queued" and not step.frees_day and step.code != "callback":
        assert days_later(step) >= 1


@given(any_facts)
def test_a_request_is_never_lost(known):
    step = next_step(replace(known, wants_no_calls=True))
    assert step.suppress in ("phone", "person")
    if step.suppress == "person":
        assert step.status == "done"


@given(st.lists(any_facts, min_size=1, max_size=12))
def test_a_job_keeps_its_promises_over_many_calls(calls):
    """At most max_attempts count; after a refusal never another phone; a phone that
    was marked is not dialed again; faults don't go on for ever."""
    limit = calls[0].max_attempts
    phones, index, attempts, faults, refusals = [A, B, C], 0, 0, 0, 0
    refused_on = None
    for call in calls:
        assert attempts < limit
        assert phones[index].state == "ok"
        if refused_on is not None:
            assert index == refused_on
        known = replace(
            call,
            attempts=attempts + 1,
            max_attempts=limit,
            phones=tuple(phones),
            phone_index=index,
            faults=faults,
            refusals=refusals,
        )
        step = next_step(known)
        attempts += step.attempt_used
        faults += step.fault
        refusals += step.refusal
        if step.refusal and refused_on is None:
            refused_on = index
        if step.phone_state:
            phones[index] = Phone(phones[index].e164, step.phone_state)
        if step.status != "queued":
            break
        index = step.phone_index
    assert attempts <= limit
    assert faults <= 4
    assert refusals <= 3
