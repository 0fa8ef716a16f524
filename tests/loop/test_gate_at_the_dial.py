"""Between planning and dialing the world may change; the gate looks once more."""

from datetime import timedelta

import pytest

from batches.models import Account, Batch, Job
from batches.states import JobStatus
from calls import dialer, pacing, suppression
from calls.models import Call, ContactLedger
from calls.states import CallStatus
from speechai_site.runtime import clock
from tests.builders import make_account
from tests.loop.conftest import Loop


@pytest.fixture
def planned(loop: Loop) -> tuple[Loop, Job]:
    """One call is planned and its task queued."""
    loop.simulate()
    job = loop.job()
    assert loop.plan() == 1
    return loop, job


def test_a_pause_after_planning_leaves_the_phone_silent(
    planned: tuple[Loop, Job],
) -> None:
    loop, job = planned
    job.batch.pause(by="user:test")

    loop.work()

    assert loop.simulator.calls == []


def test_a_pause_after_planning_puts_the_case_back(planned: tuple[Loop, Job]) -> None:
    loop, job = planned
    job.batch.pause(by="user:test")

    loop.work()

    job.refresh_from_db()
    assert (job.status, job.attempts) == (JobStatus.QUEUED, 0)
    assert Call.objects.get().status == CallStatus.WITHDRAWN


def test_a_cancelled_campaigns_planned_case_ends_cancelled(
    planned: tuple[Loop, Job],
) -> None:
    loop, job = planned
    job.batch.cancel(by="user:test")

    loop.work()

    job.refresh_from_db()
    assert (job.status, loop.simulator.calls) == (JobStatus.CANCELLED, [])


@pytest.mark.parametrize("kind", ["person", "phone"])
def test_do_not_call_after_planning_holds(planned: tuple[Loop, Job], kind: str) -> None:
    loop, job = planned
    key = job.person_key if kind == "person" else job.phone_keys[0]
    suppression.suppress(
        kind, key, account_id=job.account_id, reason="test", source="user:test"
    )

    loop.work()

    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.DENIED, "do_not_call")
    assert loop.simulator.calls == []


def test_another_accounts_do_not_call_does_not_hold(planned: tuple[Loop, Job]) -> None:
    loop, job = planned
    suppression.suppress(
        "person",
        job.person_key,
        account_id=make_account().pk,
        reason="test",
        source="user:test",
    )

    loop.work()

    assert len(loop.simulator.calls) == 1


def test_a_person_of_two_campaigns_is_called_once_a_day(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # in the evening the gap between two phones lasts longer than the day
    noon = clock.now().replace(hour=15, minute=0)
    monkeypatch.setattr(clock, "now", lambda: noon)
    loop.simulate()
    account = make_account(max_concurrent_calls=500)
    first = loop.job(loop.batch(account))
    second = loop.job(
        loop.batch(account),
        document=first.document,
        person_key=first.person_key,
        phones=[{"e164": "+56912121212", "kind": "mobile", "state": "ok"}],
    )

    loop.dial()

    second.refresh_from_db()
    assert len(loop.simulator.calls) == 1
    assert (second.status, second.status_reason) == ("queued", "attempts_a_day")


def test_the_day_is_reserved_before_the_phone_rings(planned: tuple[Loop, Job]) -> None:
    loop, _job = planned
    loop.work()
    assert ContactLedger.objects.get().call_id == Call.objects.get().pk


def test_an_inactive_caller_id_rings_nobody(planned: tuple[Loop, Job]) -> None:
    loop, _job = planned
    loop.number.is_active = False
    loop.number.save()

    loop.work()

    assert loop.simulator.calls == []


def test_a_task_that_comes_twice_dials_once(planned: tuple[Loop, Job]) -> None:
    loop, _job = planned
    loop.tasks.append(loop.tasks[0])

    loop.work()

    assert len(loop.simulator.calls) == 1


def test_a_draft_is_not_planned(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    Batch.objects.filter(pk=job.batch_id).update(status=Batch.Status.DRAFT)
    assert loop.plan() == 0


def test_whoever_refused_gets_no_other_phone(loop: Loop) -> None:
    loop.simulate()
    job = loop.job(
        refusals=1,
        phones=[
            {"e164": "+56911111111", "kind": "mobile", "state": "bad"},
            {"e164": "+56922222222", "kind": "mobile", "state": "ok"},
        ],
    )

    loop.dial()

    job.refresh_from_db()
    assert (job.status_reason, loop.simulator.calls) == ("no_phone_left", [])


def nobody_answers(job: Job) -> None:
    Call.objects.filter(job=job).update(
        status="not_connected", outcome="no_answer", reason="dial_no_answer"
    )


def test_nobody_is_called_for_a_callback_while_another_call_of_theirs_lasts(
    loop: Loop,
) -> None:
    loop.simulate()
    account = make_account(max_concurrent_calls=500)
    first = loop.job(loop.batch(account))
    loop.dial()
    asked = loop.job(
        loop.batch(account), person_key=first.person_key, callback_at=clock.now()
    )

    loop.dial()

    asked.refresh_from_db()
    assert (asked.status_reason, len(loop.simulator.calls)) == ("being_called", 1)


def test_a_callback_may_follow_on_the_same_day(loop: Loop) -> None:
    loop.simulate()
    account = make_account(max_concurrent_calls=500)
    first = loop.job(loop.batch(account))
    loop.dial()
    nobody_answers(first)
    asked = loop.job(
        loop.batch(account),
        person_key=first.person_key,
        document=first.document,
        callback_at=clock.now(),
    )

    loop.dial()

    asked.refresh_from_db()
    assert (asked.status, len(loop.simulator.calls)) == ("calling", 2)


def test_a_callback_stays_one_while_its_campaign_was_paused(loop: Loop) -> None:
    loop.simulate()
    account = make_account(max_concurrent_calls=500)
    first = loop.job(loop.batch(account))
    loop.dial()
    nobody_answers(first)
    asked = loop.job(
        loop.batch(account), person_key=first.person_key, callback_at=clock.now()
    )
    loop.plan()
    asked.batch.pause(by="user:test")
    loop.work()
    asked.batch.resume(by="user:test")

    loop.dial()

    assert len(loop.simulator.calls) == 2


def test_yesterdays_callback_is_an_attempt_like_any_other(loop: Loop) -> None:
    loop.simulate()
    account = make_account(max_concurrent_calls=500)
    first = loop.job(loop.batch(account))
    loop.dial()
    nobody_answers(first)
    loop.job(
        loop.batch(account),
        person_key=first.person_key,
        callback_at=clock.now() - timedelta(days=1),
    )

    loop.dial()

    assert len(loop.simulator.calls) == 1


def test_a_429_after_planning_withdraws_what_was_planned(
    planned: tuple[Loop, Job],
) -> None:
    loop, job = planned
    pacing.slow_down(60)

    loop.work()

    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.QUEUED, "slowed_down")
    assert loop.simulator.calls == []


def test_a_phone_that_was_taken_away_after_planning_stays_silent(
    planned: tuple[Loop, Job],
) -> None:
    loop, job = planned
    job.phones[0]["state"] = "wrong"
    job.save(update_fields=["phones"])

    loop.work()

    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.QUEUED, "phone_changed")
    assert loop.simulator.calls == []


def test_a_person_twice_in_one_round_is_planned_once(loop: Loop) -> None:
    loop.simulate()
    batch = loop.batch()
    first = loop.job(batch)
    loop.job(batch, person_key=first.person_key, creditor="Acreedor Dos")

    assert loop.plan() == 1


def test_a_person_twice_in_one_task_rings_once(loop: Loop) -> None:
    loop.simulate()
    batch = loop.batch()
    first = loop.job(batch)
    loop.plan()
    loop.job(batch, person_key=first.person_key, creditor="Acreedor Dos")
    loop.plan()

    dialer.dial([call.pk for call in Call.objects.all()])

    assert len(loop.simulator.calls) == 1


@pytest.mark.parametrize(
    "e164",
    ["+56912345678", "+56612345678"],
    ids=["of the account's zone", "of its own place"],
)
def test_an_account_without_a_known_zone_stops_no_other(loop: Loop, e164: str) -> None:
    loop.simulate()
    lost = loop.job(phones=[{"e164": e164, "kind": "mobile", "state": "ok"}])
    loop.job()
    loop.plan()
    Account.objects.filter(pk=lost.account_id).update(time_zone="Mars/Olympus")

    loop.work()

    lost.refresh_from_db()
    assert (lost.status, lost.status_reason) == (JobStatus.QUEUED, "unknown_zone")
    assert len(loop.simulator.calls) == 1


def test_a_contact_without_an_outcome_stops_no_other(loop: Loop) -> None:
    """Whatever a row lacks, the strict reading holds and the round goes on."""
    loop.simulate()
    account = make_account(max_concurrent_calls=500)
    first = loop.job(loop.batch(account))
    loop.dial()
    Call.objects.update(status="ended", outcome="", reason="")
    again = loop.job(loop.batch(account), person_key=first.person_key)
    loop.job()

    loop.dial()

    again.refresh_from_db()
    assert (again.status, len(loop.simulator.calls)) == (JobStatus.QUEUED, 2)


def test_cases_under_a_draft_wait_for_an_administrator(loop: Loop) -> None:
    loop.simulate()
    account = make_account(country="CO", time_zone="America/Bogota")
    job = loop.job(
        loop.batch(account),
        phones=[{"e164": "+573012345678", "kind": "mobile", "state": "ok"}],
    )

    assert loop.plan() == 0

    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


def test_a_case_whose_policy_became_a_draft_does_not_end(
    planned: tuple[Loop, Job],
) -> None:
    loop, job = planned
    Account.objects.update(country="CO", time_zone="America/Bogota")

    loop.work()

    job.refresh_from_db()
    assert (job.status, job.status_reason) == (JobStatus.QUEUED, "policy_draft")
