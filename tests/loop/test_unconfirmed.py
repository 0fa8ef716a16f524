"""A create without a clear answer: one ring at most, and never for ever open."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from batches.models import Job
from batches.states import JobStatus
from calls import answers, dialer, reconcile
from calls.answers import Send
from calls.dispatcher import LeaseLost
from calls.models import Call, CallDetail, ContactLedger
from calls.retell.errors import RetellError
from calls.states import CALL, CallStatus
from speechai_site.runtime import clock, leases
from tests.loop.conftest import Loop

PAST = timedelta(seconds=1)


def dialed(loop: Loop, **scenario: object) -> tuple[Job, Call]:
    loop.simulate(**scenario)
    job = loop.job()
    loop.dial()
    return job, Call.objects.get()


def look_now(call: Call, **values: object) -> None:
    Call.objects.filter(pk=call.pk).update(
        next_check_wall=clock.wall() - PAST, **values
    )


@pytest.mark.parametrize("fault", ["reset_after_accept", "error_after_accept"])
def test_an_accepted_create_without_reply_is_found_by_its_id(
    loop: Loop, fault: str
) -> None:
    _job, call = dialed(loop, create_faults={fault: 1})
    assert call.status == CallStatus.UNKNOWN
    look_now(call)

    reconcile.resolve_unknown(loop.client)

    call.refresh_from_db()
    assert call.retell_id == loop.simulator.calls[0].call_id
    assert len(loop.simulator.calls) == 1


def test_a_refused_resend_frees_nothing(loop: Loop) -> None:
    job, call = dialed(loop, create_faults={"error_after_accept": 1})
    again = Send(call.pk, job.pk, 2, b"", clock.wall())

    answers.record([(again, RetellError("rejected", "payment_required", status=402))])

    call.refresh_from_db()
    job.refresh_from_db()
    assert (call.status, job.status) == (CallStatus.UNKNOWN, JobStatus.CALLING)


def test_a_late_refusal_of_the_first_send_frees_nothing_after_a_resend(
    loop: Loop,
) -> None:
    job, call = dialed(loop, create_faults={"error_after_accept": 1})
    Call.objects.filter(pk=call.pk).update(sends=2)
    first = Send(call.pk, job.pk, 1, b"", clock.wall())

    answers.record([(first, RetellError("rate_limited", "rate_limited", status=429))])

    job.refresh_from_db()
    assert job.status == JobStatus.CALLING


def test_a_resend_has_the_same_bytes(loop: Loop) -> None:
    _job, call = dialed(loop, create_faults={"reset_before_accept": 1})
    look_now(call)
    reconcile.resolve_unknown(loop.client)
    loop.work()

    bodies = [
        request.body
        for request in loop.simulator.requests
        if request.path == "/v2/create-phone-call"
    ]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1] == CallDetail.objects.get().request.encode()


def test_a_paused_campaigns_unconfirmed_call_is_not_sent_again(loop: Loop) -> None:
    job, call = dialed(loop, create_faults={"reset_before_accept": 1})
    job.batch.pause(by="user:test")
    look_now(call)
    sent = len(loop.simulator.requests)

    reconcile.resolve_unknown(loop.client)
    loop.work()

    later = list(loop.simulator.requests)[sent:]
    assert [r.path for r in later if "create" in r.path] == []


def test_without_a_trace_until_the_limit_it_is_lost_and_uses_the_attempt(
    loop: Loop, settings: Settings
) -> None:
    job, call = dialed(loop, create_faults={"reset_before_accept": 1})
    old = clock.wall() - timedelta(seconds=settings.RETELL_RESEND_UNTIL + 1)
    look_now(call, first_sent_wall=old)

    reconcile.resolve_unknown(loop.client)
    reconcile.settle_lost(loop.client)

    call.refresh_from_db()
    job.refresh_from_db()
    assert call.status == CallStatus.LOST
    assert job.status != JobStatus.CALLING
    assert ContactLedger.objects.filter(call_id=call.pk).exists()


def test_a_call_whose_sender_died_is_doubted_and_resolved(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    (_task, (ids,)) = loop.tasks.popleft()
    dialer.in_transaction(lambda: dialer._begin(ids, "dead"))[0]
    Call.objects.update(lease_until_wall=clock.wall() - PAST)

    loop.reconcile()
    loop.work()

    job.refresh_from_db()
    assert len(loop.simulator.calls) == 1
    assert Call.objects.get().retell_id == loop.simulator.calls[0].call_id


def test_a_plan_that_nobody_took_goes_back_with_its_case(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    Call.objects.update(lease_until_wall=clock.wall() - PAST)

    loop.reconcile()

    job.refresh_from_db()
    assert (job.status, job.attempts) == (JobStatus.QUEUED, 0)
    assert Call.objects.get().status == CallStatus.WITHDRAWN


def test_a_full_house_uses_no_attempt(loop: Loop) -> None:
    job, call = dialed(loop, create_faults={"rate_limited": 1})
    job.refresh_from_db()
    assert (call.status, call.error_code) == (CallStatus.REJECTED, "rate_limited")
    assert (job.status, job.attempts) == (JobStatus.QUEUED, 0)
    assert not ContactLedger.objects.exists()


def test_after_a_429_nobody_plans_for_a_while(loop: Loop) -> None:
    dialed(loop, create_faults={"rate_limited": 1})
    assert loop.plan() == 0


def test_a_refused_job_comes_back_although_its_dialer_died(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    (_task, (ids,)) = loop.tasks.popleft()
    dialer.in_transaction(lambda: dialer._begin(ids, "dead"))[0]
    send = Send(ids[0], job.pk, 1, b"", clock.wall())
    CALL.write([answers._rejected(send, RetellError("rejected", "forbidden"))])

    reconcile.return_refused_jobs(loop.client)

    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


def test_billing_trouble_pauses_every_campaign(loop: Loop) -> None:
    job, _call = dialed(loop, create_faults={"payment_required": 1})
    job.batch.refresh_from_db()
    assert (job.batch.status, job.batch.pause_reason) == ("paused", "payment_required")


def test_a_stale_dispatcher_writes_nothing(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    leases.release(loop.held)
    assert leases.take("dispatch", "another", 60).token > loop.held.token

    with pytest.raises(LeaseLost):
        loop.plan()

    job.refresh_from_db()
    assert (job.status, Call.objects.count()) == (JobStatus.QUEUED, 0)


@pytest.mark.parametrize("asked", ["withdrawn", "cancelled"])
def test_a_refused_case_ends_as_was_asked_meanwhile(loop: Loop, asked: str) -> None:
    loop.simulate()
    job = loop.job()
    loop.plan()
    (_task, (ids,)) = loop.tasks.popleft()
    dialer.in_transaction(lambda: dialer._begin(ids, "me"))[0]
    Job.objects.filter(pk=job.pk).update(stop_requested=asked)
    send = Send(ids[0], job.pk, 1, b"", clock.wall())

    answers.record([(send, RetellError("rate_limited", "rate_limited", status=429))])

    job.refresh_from_db()
    assert (job.status, job.status_reason) == (asked, f"asked_{asked}")
