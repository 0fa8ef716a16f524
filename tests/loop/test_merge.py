"""Whatever order and repetition Retell's messages come in, the rows end the same."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batches.models import Batch, Job
from batches.states import JobStatus
from calls import results
from calls.models import Call, CallDetail, DoNotCall, Promise
from calls.results import Report
from calls.retell.schemas import CallReply
from speechai_site.runtime import clock
from tests.builders import make_batch, make_call, make_job

START = 1_795_000_000_000
BASE = {
    "call_id": "call_1",
    "call_type": "phone_call",
    "agent_id": "agent_1",
    "agent_version": 3,
    "direction": "outbound",
    "from_number": "+566005550100",
    "to_number": "+56911111111",
}
STARTED = BASE | {"call_status": "ongoing", "start_timestamp": START}


def ended(reason: str, status: str = "ended", **more: Any) -> dict[str, Any]:
    base = STARTED if status == "ended" else BASE
    return base | {
        "call_status": status,
        "end_timestamp": START + 60_000,
        "duration_ms": 60_000,
        "disconnection_reason": reason,
        "call_cost": {"combined_cost": 12.5},
        **more,
    }


def analyzed(reason: str, said: dict[str, Any], **more: Any) -> dict[str, Any]:
    analysis = {
        "call_summary": "Resumen",
        "in_voicemail": False,
        "user_sentiment": "Neutral",
        "custom_analysis_data": said,
    }
    return ended(reason, call_analysis=analysis, **more)


PROMISED = {
    "contacto": "titular",
    "identidad_verificada": True,
    "tipificacion": "promesa_total",
    "promesa_fecha": "2026-12-15",
    "promesa_monto": 150000,
}
Events = list[tuple[str, dict[str, Any]]]
STORIES: dict[str, Events] = {
    "promise": [
        ("call_started", STARTED),
        ("poll_open", STARTED),
        ("call_ended", ended("agent_hangup")),
        ("call_analyzed", analyzed("agent_hangup", PROMISED, transcript="Agent: hola")),
    ],
    "opt-out": [
        ("call_started", STARTED),
        ("call_ended", ended("user_hangup")),
        (
            "call_analyzed",
            analyzed("user_hangup", {"contacto": "titular", "pide_no_llamar": True}),
        ),
    ],
    "no answer": [
        ("call_ended", ended("dial_no_answer", "not_connected")),
        ("call_analyzed", ended("dial_no_answer", "not_connected")),
    ],
    "unknown reason": [
        ("call_started", STARTED),
        ("call_ended", ended("brand_new_reason")),
        ("call_analyzed", analyzed("brand_new_reason", {})),
    ],
}
CALL_VOLATILE = {"history", "next_check_wall", "ended_wall", "settled", "planned_wall"}
JOB_VOLATILE = {"history", "finished_at", "next_attempt_at", "balance_at"}


def rows_after(batch: Batch, events: Events) -> tuple[dict, dict, dict]:
    """Call, job and detail after the events came one by one, without what is time."""
    for model in (Call, Job, CallDetail, Promise, DoNotCall):
        model.objects.all().delete()
    phones = [{"e164": "+56911111111", "kind": "mobile", "state": "ok"}]
    job = make_job(batch, status=JobStatus.CALLING, round_id="r", phones=phones)
    call = make_call(job, status="sending", round_id="r", pk="att_1")
    CallDetail.objects.create(pk=call.pk)
    for event, body in events:
        results.merge([Report(call.pk, event, CallReply.parse(body))])
    call_row = Call.objects.values().get()
    job_row = Job.objects.values().get()
    detail = CallDetail.objects.values().get()
    skip = {"id", "job_id", "planned_at", "created_at", "document", "source_rows"}
    keys = {"person_key", "document_key", "phone_keys", "name_keys", "to_key"}
    return (
        {k: v for k, v in call_row.items() if k not in CALL_VOLATILE | skip | keys},
        {k: v for k, v in job_row.items() if k not in JOB_VOLATILE | skip | keys},
        detail,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("story", STORIES)
def test_order_and_repetition_change_nothing(story: str) -> None:
    batch = make_batch()
    events = STORIES[story]
    expected = rows_after(batch, events)

    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.permutations(events * 2))
    def any_order(shuffled: Events) -> None:
        assert rows_after(batch, shuffled) == expected

    any_order()


@pytest.fixture
def live_call(db: None) -> Call:
    job = make_job(status=JobStatus.CALLING, round_id="r")
    call = make_call(job, status="ongoing", round_id="r")
    CallDetail.objects.create(pk=call.pk)
    return call


def report(call: Call, event: str, body: dict[str, Any]) -> None:
    results.merge([Report(call.pk, event, CallReply.parse(body))])


def test_a_promise_is_kept_with_date_and_amount(live_call: Call) -> None:
    report(live_call, "call_analyzed", analyzed("agent_hangup", PROMISED))
    promise = Promise.objects.get()
    assert (str(promise.due_date), promise.amount) == ("2026-12-15", 150_000)


def test_a_conversation_waits_for_its_analysis(live_call: Call) -> None:
    report(live_call, "call_ended", ended("agent_hangup"))
    live_call.job.refresh_from_db()
    assert live_call.job.status == JobStatus.CALLING


def test_a_call_that_was_not_answered_waits_for_nothing(live_call: Call) -> None:
    report(live_call, "call_ended", ended("dial_no_answer", "not_connected"))
    live_call.job.refresh_from_db()
    assert (live_call.job.status, live_call.job.attempts) == (JobStatus.QUEUED, 1)


def test_a_spoken_opt_out_ends_the_persons_other_cases(live_call: Call) -> None:
    other = make_job(live_call.batch, person_key=live_call.person_key)
    said = {"contacto": "titular", "pide_no_llamar": True}

    report(live_call, "call_analyzed", analyzed("user_hangup", said))

    other.refresh_from_db()
    assert (other.status, other.status_reason) == (JobStatus.DENIED, "do_not_call")


def test_a_withdrawal_asked_for_during_the_call_takes_effect_at_its_end(
    live_call: Call,
) -> None:
    Job.objects.filter(pk=live_call.job_id).update(stop_requested="withdrawn")
    report(live_call, "call_ended", ended("dial_no_answer", "not_connected"))
    live_call.job.refresh_from_db()
    assert live_call.job.status == JobStatus.WITHDRAWN


def test_a_late_result_of_an_old_attempt_leaves_the_case_alone(live_call: Call) -> None:
    Job.objects.filter(pk=live_call.job_id).update(round_id="newer")
    report(live_call, "call_ended", ended("invalid_destination", "not_connected"))
    live_call.job.refresh_from_db()
    assert live_call.job.status == JobStatus.CALLING


def test_an_unknown_reason_goes_to_a_person(live_call: Call) -> None:
    report(live_call, "call_analyzed", analyzed("brand_new_reason", {}))
    live_call.job.refresh_from_db()
    assert live_call.job.status == JobStatus.REVIEW


def test_costs_only_grow(live_call: Call) -> None:
    body = ended("dial_no_answer", "not_connected")
    report(live_call, "call_ended", body)
    report(live_call, "call_ended", body | {"call_cost": {"combined_cost": 1}})
    live_call.refresh_from_db()
    assert str(live_call.cost_usd) == "0.125000"
    assert clock.now() >= live_call.planned_at


def test_a_detected_opt_out_waits_for_no_analysis(live_call: Call) -> None:
    report(live_call, "call_ended", ended("user_requested_dnc"))
    kinds = set(DoNotCall.objects.values_list("kind", flat=True))
    assert kinds == {"person", "phone"}
