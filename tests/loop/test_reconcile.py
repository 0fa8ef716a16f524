"""What time and death leave behind is looked at again, and ends."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from batches.models import Batch, Job, Upload
from batches.states import BATCH, JobStatus
from calls import answers, clock_process, dialer, reconcile, results
from calls.answers import Send
from calls.models import Call, CallDetail
from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from calls.retell.schemas import CallReply
from calls.states import CallStatus
from speechai_site.runtime import clock, leases
from tests.loop.conftest import Loop
from tests.loop.test_unconfirmed import dialed, look_now

HOUR = timedelta(hours=1)


def creates(loop: Loop) -> int:
    paths = [request.path for request in loop.simulator.requests]
    return paths.count("/v2/create-phone-call")


# --- unconfirmed calls


def test_a_resend_task_that_waited_for_an_hour_sends_nothing(loop: Loop) -> None:
    _job, call = dialed(loop, create_faults={"reset_before_accept": 1})
    Call.objects.update(first_sent_wall=clock.wall() - HOUR)

    dialer.resend([call.pk])

    assert creates(loop) == 1


def test_a_process_that_slept_for_an_hour_sends_nothing(loop: Loop) -> None:
    loop.simulate()
    loop.job()
    loop.plan()
    (_task, (ids,)) = loop.tasks.popleft()
    sends = dialer.in_transaction(lambda: dialer._begin(ids, "slept"))[0]
    late = [
        Send(send.call_id, send.job_id, send.sends, send.body, clock.wall())
        for send in sends
    ]

    dialer._send_all(dialer.process(), late)

    assert (creates(loop), Call.objects.get().error_code) == (0, "too_late")


def test_two_resend_tasks_at_once_send_once(loop: Loop) -> None:
    _job, call = dialed(loop, create_faults={"reset_before_accept": 1})

    first = dialer.in_transaction(lambda: dialer._begin_again([call.pk], "one"))
    second = dialer.in_transaction(lambda: dialer._begin_again([call.pk], "two"))

    assert (len(first), second) == (1, [])


def test_a_create_that_hangs_is_one_call(loop: Loop, settings: Settings) -> None:
    settings.RETELL_CREATE_TIMEOUT = 0.2
    hangs = {"create_faults": {"hang_after_accept": 1}, "hang_seconds": 0.4}
    _job, call = dialed(loop, ring_seconds=(0, 0), **hangs)
    assert (call.status, call.error_code) == (CallStatus.UNKNOWN, "timeout")
    dialer.resend([call.pk])
    look_now(call)

    loop.run_until(lambda: Call.objects.get().status == CallStatus.NOT_CONNECTED)

    assert len(loop.simulator.calls) == 1


def test_silence_is_no_proof_that_a_call_is_lost(loop: Loop) -> None:
    _job, call = dialed(
        loop, create_faults={"error_after_accept": 1}, read_faults={"error": 1}
    )
    look_now(call, first_sent_wall=clock.wall() - HOUR)

    reconcile.resolve_unknown(loop.client)

    call.refresh_from_db()
    assert call.status == CallStatus.UNKNOWN


def test_a_call_that_is_found_late_brings_its_transcript(loop: Loop) -> None:
    _job, call = dialed(
        loop,
        outcomes={"answered": 1},
        create_faults={"error_after_accept": 1},
        ring_seconds=(0, 0),
        talk_seconds=(0, 0),
        analysis_seconds=(0, 0),
    )
    assert loop.simulator.wait_for(lambda: loop.simulator.calls[0].analyzed)
    look_now(call)

    reconcile.resolve_unknown(loop.client)

    assert CallDetail.objects.get().transcript


def test_another_programs_call_does_not_become_ours(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    _job, call = dialed(loop, create_faults={"reset_before_accept": 1})
    theirs = CallReply.parse({"call_id": "theirs", "metadata": {"attempt_id": "x"}})
    page = type("Page", (), {"items": [theirs]})
    monkeypatch.setattr(RetellClient, "list_calls", lambda *_, **__: page)

    assert reconcile._look_up(loop.client, {"_id": call.pk}) == reconcile.ABSENT


def test_a_webhook_may_come_before_the_reply_to_create(loop: Loop) -> None:
    loop.simulate()
    loop.job()
    loop.plan()
    (_task, (ids,)) = loop.tasks.popleft()
    (send,) = dialer.in_transaction(lambda: dialer._begin(ids, "me"))[0]
    reply = dialer._post(loop.client, send)
    ended = {"call_status": "not_connected", "disconnection_reason": "dial_busy"}
    body = CallReply.parse({"call_id": reply.call_id, **ended})
    results.merge([results.Report(send.call_id, "call_ended", body)])

    answers.record([(send, reply)])

    call = Call.objects.get()
    assert (call.status, call.retell_id) == ("not_connected", reply.call_id)


# --- calls that don't end


def overlong(loop: Loop, fault: str) -> Call:
    dialed(loop, outcomes={"answered": 1}, ring_seconds=(0, 0), call_faults={fault: 1})
    Call.objects.update(first_sent_wall=clock.wall() - HOUR)
    call = Call.objects.get()
    look_now(call)
    return call


@pytest.mark.parametrize("fault", ["stuck_registered", "stuck_ongoing"])
def test_an_overlong_call_is_hung_up_and_ends(loop: Loop, fault: str) -> None:
    call = overlong(loop, fault)
    reconcile.poll_open(loop.client)
    look_now(call)
    reconcile.poll_open(loop.client)
    call.refresh_from_db()
    assert (call.status, call.reason) == ("ended", "manual_stopped")


def test_a_hang_up_that_fails_is_tried_again(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = overlong(loop, "stuck_ongoing")

    def away(*_: object) -> None:
        raise RetellError("unknown", "timeout")

    monkeypatch.setattr(RetellClient, "stop_call", away)
    for _ in range(3):
        reconcile.poll_open(loop.client)
        look_now(call)
    call.refresh_from_db()
    assert call.status == CallStatus.ONGOING


def test_an_overlong_call_that_retell_does_not_know_is_lost(loop: Loop) -> None:
    call = overlong(loop, "stuck_registered")
    loop.simulator._workspace.calls.clear()
    for _ in range(2):
        look_now(call)
        reconcile.poll_open(loop.client)
    call.refresh_from_db()
    assert call.status == CallStatus.LOST


def test_while_retell_is_silent_nothing_is_lost(loop: Loop) -> None:
    call = overlong(loop, "stuck_registered")
    Call.objects.update(error_code="stopped_overlong")
    object.__setattr__(loop.simulator._scenario, "read_faults", {"error": 1})

    reconcile.poll_open(loop.client)

    call.refresh_from_db()
    assert call.status == CallStatus.REGISTERED


def test_a_look_that_fails_is_not_repeated_at_once(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.POLL_AFTER = 60
    _job, call = dialed(loop)
    look_now(call)
    monkeypatch.setattr(results, "merge", lambda reports: 1 / 0)
    loop.reconcile()
    asked = len(loop.simulator.requests)

    loop.reconcile()

    assert len(loop.simulator.requests) == asked


# --- campaigns that end


def test_a_campaign_whose_canceller_died_ends_its_cases(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    BATCH.move({"_id": job.batch_id}, "cancelled", by="user:x", counters_dirty=True)

    loop.reconcile()

    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.CANCELLED, "batch_cancelled")
    assert job.finished_at is not None


def test_a_case_that_comes_back_to_an_ended_campaign_ends_too(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    job.batch.cancel(by="user:test")
    loop.reconcile()
    Call.objects.update(lease_until_wall=clock.wall() - HOUR)

    loop.reconcile()

    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED


def test_an_ended_campaign_without_open_cases_is_left_alone(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    job.batch.cancel(by="user:test")
    loop.reconcile()
    assert not Batch.objects.get().counters_dirty


def test_a_live_call_of_an_expired_campaign_ends_its_case_expired(loop: Loop) -> None:
    job, _call = dialed(loop)
    Batch.objects.update(expires_at=clock.now())

    loop.reconcile()
    loop.simulator._loop.call_soon_threadsafe(
        loop.simulator._workspace._end,
        loop.simulator.calls[0],
        "not_connected",
        "dial_no_answer",
    )
    loop.run_until(lambda: Call.objects.get().status == CallStatus.NOT_CONNECTED)

    job.refresh_from_db()
    assert job.status == JobStatus.EXPIRED


def test_a_campaign_that_is_being_loaded_is_not_completed(loop: Loop) -> None:
    loop.simulate()
    batch = loop.batch()
    Upload.objects.create(account_id=batch.account_id, batch=batch, file_name="x.xlsx")
    loop.reconcile()
    batch.refresh_from_db()
    assert batch.status == Batch.Status.RUNNING


# --- the clock's duty


def test_reconcile_goes_on_while_retells_limit_cannot_be_read(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    Call.objects.update(lease_until_wall=clock.wall() - HOUR)

    def forbidden(_client: RetellClient) -> None:
        raise RetellError("rejected", "forbidden")

    monkeypatch.setattr(RetellClient, "get_concurrency", forbidden)
    clock_process.reconciler()(leases.Held("reconcile", "me", 1))

    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


def test_a_new_reconciler_counts_what_the_last_one_may_have_missed(loop: Loop) -> None:
    loop.simulate()
    batch = loop.batch()
    Job.objects.filter(pk=loop.job(batch).pk).update(status=JobStatus.REVIEW)
    Batch.objects.update(counters_dirty=False, counters={})

    clock_process.reconciler()(leases.Held("reconcile", "me", 1))

    batch.refresh_from_db()
    assert batch.counters["jobs"] == {"review": 1}
