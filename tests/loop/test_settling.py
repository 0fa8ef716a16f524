"""The step after a call, taken once: cut off, run twice at once, or failing."""

from typing import Any

import pytest
from pytest_django import Settings

from batches.models import Batch, Job
from batches.states import JobStatus
from calls import outcomes, results, settling, suppression
from calls.models import Call, CallDetail, ContactLedger, DoNotCall
from calls.results import Report
from calls.retell.schemas import CallReply
from calls.states import CALL
from speechai_site.runtime import clock
from tests.builders import make_call, make_job
from tests.loop.test_merge import analyzed, ended

pytestmark = pytest.mark.django_db
NO_ANSWER = ended("dial_no_answer", "not_connected")
VOICEMAIL = ended("voicemail_reached")
OPT_OUT = {"contacto": "titular", "pide_no_llamar": True}


@pytest.fixture
def call(db: None) -> Call:
    return a_live_call()


def a_live_call(job: Job | None = None) -> Call:
    job = job or make_job()
    Job.objects.filter(pk=job.pk).update(status=JobStatus.CALLING, round_id="r")
    call = make_call(job, status="ongoing", round_id="r")
    CallDetail.objects.create(pk=call.pk)
    return call


def tell(call: Call, event: str, body: dict[str, Any]) -> None:
    body = body | {"call_id": f"call_{call.pk}"}
    results.merge([Report(call.pk, event, CallReply.parse(body))])


def job_of(call: Call) -> Job:
    return Job.objects.get(pk=call.job_id)


def test_whoever_answered_is_waited_for_until_the_analysis(call: Call) -> None:
    tell(call, "call_ended", VOICEMAIL)
    assert job_of(call).status == JobStatus.CALLING
    tell(call, "call_analyzed", analyzed("voicemail_reached", {}))
    assert job_of(call).status == JobStatus.QUEUED


def test_without_an_analysis_the_reason_decides_in_the_end(
    call: Call, settings: Settings
) -> None:
    tell(call, "call_ended", ended("agent_hangup"))
    settings.ANALYSIS_GRACE = 0
    settling.settle([call.pk])
    assert job_of(call).status_reason == "conversation_unanalyzed"


def test_an_analysis_that_comes_too_late_corrects_the_result(
    call: Call, settings: Settings
) -> None:
    settings.ANALYSIS_GRACE = 0
    tell(call, "call_ended", ended("agent_hangup"))
    tell(call, "call_analyzed", analyzed("agent_hangup", {"tipificacion": "objeta"}))
    job = job_of(call)
    assert (job.disposition, job.status_reason) == ("objeta", "conversation")


def test_an_opt_out_that_comes_too_late_still_holds(
    call: Call, settings: Settings
) -> None:
    settings.ANALYSIS_GRACE = 0
    tell(call, "call_ended", VOICEMAIL)
    tell(call, "call_analyzed", analyzed("voicemail_reached", OPT_OUT))
    assert (job_of(call).status, DoNotCall.objects.count()) == (JobStatus.DENIED, 2)


def test_a_message_twice_does_not_put_back_what_a_person_removed(call: Call) -> None:
    tell(call, "call_ended", ended("user_requested_dnc"))
    DoNotCall.objects.all().delete()
    tell(call, "call_ended", ended("user_requested_dnc"))
    assert not DoNotCall.objects.exists()


def test_a_failing_rule_gives_the_case_to_a_person(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = a_live_call()
    rule = outcomes.next_step

    def fails_for_one(facts: outcomes.Facts) -> outcomes.Step:
        if facts.phones[0].e164 == call.to_number:
            raise KeyError("secret")
        return rule(facts)

    monkeypatch.setattr(outcomes, "next_step", fails_for_one)
    for each in (call, other):
        CALL.move({"_id": each.pk}, "not_connected", by="test")
    settling.settle([call.pk, other.pk])

    job = job_of(call)
    assert (job.status, job.status_reason) == (JobStatus.REVIEW, "rule_failed")
    assert job_of(other).status == JobStatus.QUEUED


def test_a_reply_that_cannot_be_written_stops_no_other(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = a_live_call()
    read = results._values

    def fails_for_one(report: Report, zone: Any) -> dict[str, Any]:
        if report.call_id == call.pk:
            raise OverflowError
        return read(report, zone)

    monkeypatch.setattr(results, "_values", fails_for_one)
    results.merge(
        [
            Report(each.pk, "call_ended", CallReply.parse(NO_ANSWER))
            for each in (call, other)
        ]
    )
    assert job_of(other).status == JobStatus.QUEUED


def test_cut_off_before_its_last_line_it_takes_the_step_once(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(settling, "_settled", lambda call, outcome: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tell(call, "call_ended", NO_ANSWER)

    settling.settle([call.pk])
    settling.settle([call.pk])

    call.refresh_from_db()
    assert (job_of(call).attempts, call.settled) == (1, "reason")


def test_a_step_that_is_cut_off_is_looked_at_again_soon(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "settle", lambda ids: 0)
    tell(call, "call_ended", NO_ANSWER)
    call.refresh_from_db()
    assert (call.next_check_wall - clock.wall()).total_seconds() <= results.SETTLED_BY


def test_an_analysis_that_comes_between_read_and_write_is_not_lost(
    call: Call, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.ANALYSIS_GRACE = 0
    rule = outcomes.next_step
    said = {"contacto": "titular", "tipificacion": "objeta"}

    def meanwhile(facts: outcomes.Facts) -> outcomes.Step:
        step = rule(facts)
        monkeypatch.setattr(outcomes, "next_step", rule)
        tell(call, "call_analyzed", analyzed("agent_hangup", said))
        return step

    monkeypatch.setattr(outcomes, "next_step", meanwhile)
    tell(call, "call_ended", ended("agent_hangup"))

    call.refresh_from_db()
    job = job_of(call)
    assert (call.settled, job.disposition, job.attempts) == ("analysis", "objeta", 1)


def test_the_step_may_be_taken_by_another_before_the_analysis(
    call: Call, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.ANALYSIS_GRACE = 0
    rule = outcomes.next_step
    said = {"contacto": "titular", "tipificacion": "objeta"}

    def meanwhile(facts: outcomes.Facts) -> outcomes.Step:
        """The other one read the call before its analysis was written."""
        step = rule(facts)
        monkeypatch.setattr(outcomes, "next_step", rule)
        Call.objects.filter(pk=call.pk).update(analyzed=False, disposition="")
        settling.settle([call.pk])
        Call.objects.filter(pk=call.pk).update(analyzed=True, disposition="objeta")
        return step

    monkeypatch.setattr(outcomes, "next_step", meanwhile)
    tell(call, "call_analyzed", analyzed("agent_hangup", said))

    call.refresh_from_db()
    assert (call.settled, job_of(call).disposition) == ("analysis", "objeta")


def test_the_day_is_free_before_the_case_may_be_planned_again(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    ContactLedger.objects.create(
        pk="attempt|x", call_id=call.pk, account_id=call.account_id
    )
    held = []
    change = settling._job_change

    def looks(case: settling.Case, step: outcomes.Step) -> Any:
        held.append(ContactLedger.objects.count())
        return change(case, step)

    monkeypatch.setattr(settling, "_job_change", looks)
    tell(call, "call_ended", ended("concurrency_limit_reached", "error"))
    assert held == [0]


def test_a_call_of_a_deleted_campaign_is_not_asked_for_ever(call: Call) -> None:
    Batch.objects.filter(pk=call.batch_id).delete()
    left = make_call(make_job(), status="not_connected", next_check_wall=clock.wall())
    Job.objects.filter(pk=left.job_id).delete()
    Call.objects.bulk_create([left])

    settling.settle([left.pk])

    left.refresh_from_db()
    assert left.next_check_wall is None


def test_a_withdrawal_is_the_reason_of_a_withdrawn_case(call: Call) -> None:
    Job.objects.filter(pk=call.job_id).update(stop_requested="withdrawn")
    tell(call, "call_ended", NO_ANSWER)
    assert job_of(call).status_reason == "asked_withdrawn"


def test_billing_stops_campaigns_without_waiting(call: Call) -> None:
    Batch.objects.filter(pk=call.batch_id).update(status=Batch.Status.RUNNING)
    tell(call, "call_ended", ended("credit_exhausted"))
    assert Batch.objects.get().status == Batch.Status.PAUSED


def test_a_message_twice_does_not_pause_what_a_person_resumed(call: Call) -> None:
    Batch.objects.filter(pk=call.batch_id).update(status=Batch.Status.RUNNING)
    body = ended("credit_exhausted", "error")
    tell(call, "call_ended", body)
    Batch.objects.filter(pk=call.batch_id).update(status=Batch.Status.RUNNING)
    tell(call, "call_analyzed", body)
    assert Batch.objects.get().status == Batch.Status.RUNNING


def test_a_lost_call_that_is_found_corrects_its_case(call: Call) -> None:
    CALL.move({"_id": call.pk}, "lost", by="test")
    settling.settle([call.pk])
    assert job_of(call).status == JobStatus.REVIEW
    tell(call, "call_analyzed", analyzed("agent_hangup", {"tipificacion": "objeta"}))
    assert job_of(call).disposition == "objeta"


def test_suppression_ends_what_waits_in_the_same_account_only(call: Call) -> None:
    elsewhere = make_job(person_key=call.person_key)
    document = Call.objects.values().get() | {"_id": call.pk}
    suppression.suppress_all(suppression.after_call(document, "person", "opted_out"))
    elsewhere.refresh_from_db()
    assert elsewhere.status == JobStatus.QUEUED


def test_a_reply_with_anothers_id_stops_no_other(call: Call) -> None:
    other, third = a_live_call(), a_live_call()
    Call.objects.filter(pk=other.pk).update(retell_id="call_theirs")
    wrong = CallReply.parse(NO_ANSWER | {"call_id": "call_theirs"})
    right = CallReply.parse(NO_ANSWER | {"call_id": "call_right"})

    results.merge(
        [Report(call.pk, "call_ended", wrong), Report(third.pk, "call_ended", right)]
    )

    assert job_of(third).status == JobStatus.QUEUED
