"""Limits: no more calls at once, a second or a day than each scope allows."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from batches.models import Account, PhoneNumber
from calls import dialer, limits, pacing, reconcile
from calls.models import Call, WebhookEvent
from calls.states import CallStatus
from speechai_site.runtime import clock
from tests.builders import make_account, make_number
from tests.loop.conftest import Loop


@pytest.fixture
def quiet(loop: Loop) -> Loop:
    """Calls ring for ever: whatever is planned keeps its place."""
    loop.simulate(call_faults={"stuck_registered": 1})
    return loop


def jobs(loop: Loop, count: int, batch: object = None) -> object:
    batch = batch or loop.batch()
    for _ in range(count):
        loop.job(batch)
    return batch


def test_an_accounts_limit_counts_all_its_campaigns(quiet: Loop) -> None:
    account = make_account(max_concurrent_calls=3)
    for _ in range(2):
        jobs(quiet, 4, quiet.batch(account))
    assert [quiet.plan(), quiet.plan()] == [3, 0]


def test_a_campaigns_limit_leaves_room_for_another(quiet: Loop) -> None:
    narrow = jobs(quiet, 4, quiet.batch(max_concurrent_calls=1))
    wide = jobs(quiet, 4)
    quiet.plan()
    planned = Call.objects.values_list("batch_id", flat=True)
    assert sorted(planned) == sorted([narrow.pk, *[wide.pk] * 4])


def test_a_caller_ids_limit_counts_all_campaigns_that_show_it(quiet: Loop) -> None:
    PhoneNumber.objects.update(max_concurrent_calls=3)
    jobs(quiet, 4)
    jobs(quiet, 4)
    assert [quiet.plan(), quiet.plan()] == [3, 0]


def test_the_workspaces_limit_counts_unconfirmed_calls(quiet: Loop) -> None:
    pacing.remember_workspace_limit(2)
    jobs(quiet, 4)
    quiet.plan()
    Call.objects.update(status=CallStatus.UNKNOWN)
    assert quiet.plan() == 0


def test_places_that_another_program_uses_are_not_ours(loop: Loop) -> None:
    server = loop.simulate(call_faults={"stuck_registered": 1})
    jobs(loop, 3)
    loop.dial()
    Call.objects.all().delete()  # now they are somebody else's

    pacing.forget()
    reconcile.read_workspace_limit(loop.client)

    assert pacing.workspace_limit() == server._concurrency - 3


@pytest.mark.parametrize("whose", ["account", "number"])
def test_a_days_limit_holds_until_the_next_day(quiet: Loop, whose: str) -> None:
    batch = jobs(quiet, 5)
    model = Account if whose == "account" else PhoneNumber
    model.objects.update(max_calls_per_day=2)

    planned = [quiet.plan(), quiet.plan()]
    held = pacing.hold_of(batch.pk)
    Call.objects.update(planned_at=clock.now() - timedelta(days=1))

    assert (planned, held) == ([2, 0], f"{whose}_day")
    assert quiet.plan() == 2


SANTIAGO, BUENOS_AIRES = "America/Santiago", "America/Argentina/Buenos_Aires"


@pytest.mark.parametrize(
    ("accounts", "owner", "zone"),
    [
        ([SANTIAGO, BUENOS_AIRES], 1, BUENOS_AIRES),
        ([BUENOS_AIRES, BUENOS_AIRES], None, BUENOS_AIRES),
        ([SANTIAGO, BUENOS_AIRES], None, "Europe/Madrid"),
        ([], None, "Europe/Madrid"),
    ],
)
def test_a_caller_ids_day_begins_where_its_accounts_are(
    db: None, settings: Settings, accounts: list[str], owner: int | None, zone: str
) -> None:
    settings.DISPLAY_TIME_ZONE = "Europe/Madrid"
    made = [make_account(time_zone=name) for name in accounts]
    make_account(time_zone="Asia/Tokyo", status=Account.Status.SUSPENDED)
    assert limits.zone_of({"account_id": owner and made[owner].pk}) == zone


@pytest.mark.parametrize(("hours_ago", "left"), [(2, 1), (4, 2)])
def test_a_caller_ids_limit_is_of_its_accounts_day(
    quiet: Loop,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    hours_ago: int,
    left: int,
) -> None:
    """At 03:00 in Tokyo a call of 23:00 was yesterday's, though not in UTC."""
    settings.DISPLAY_TIME_ZONE = "UTC"
    now = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)  # 03:00 in Tokyo
    account = make_account(max_concurrent_calls=500, time_zone="Asia/Tokyo")
    batch = jobs(quiet, 1, quiet.batch(account))
    quiet.plan()
    Call.objects.update(planned_at=now - timedelta(hours=hours_ago))
    PhoneNumber.objects.update(max_calls_per_day=2, account=account)
    monkeypatch.setattr(clock, "now", lambda: now)

    numbers = limits.numbers_of([{"number_id": batch.number_id}])
    room = limits.Room()
    limits._limit_numbers(room, numbers, limits.holding_now())

    assert room.left["number_day", batch.number_id] == left


def test_a_call_that_did_not_ring_is_not_counted_against_the_day(quiet: Loop) -> None:
    account = make_account(max_concurrent_calls=500, max_calls_per_day=2)
    jobs(quiet, 2, quiet.batch(account))
    quiet.plan()
    one = Call.objects.first()
    Call.objects.filter(pk=one.pk).update(status=CallStatus.REJECTED)
    since = limits.midnight("America/Santiago")
    assert limits.calls_since(since, account_id=account.pk) == 1


def test_two_dialers_share_the_seconds_of_a_path(loop: Loop) -> None:
    PhoneNumber.objects.update(calls_per_second=2)
    first = pacing.take_sends("custom", 2)
    second = pacing.take_sends("custom", 1)
    assert second[0] > first[1]


def test_the_slowest_caller_id_sets_the_pace_of_its_path(loop: Loop) -> None:
    make_number(calls_per_second=3)
    make_number(calls_per_second=1, is_active=False)
    assert pacing.path_rate("custom") == 3


def test_no_more_is_planned_than_the_path_takes_in_a_second(quiet: Loop) -> None:
    PhoneNumber.objects.update(calls_per_second=3)
    jobs(quiet, 10)
    assert [quiet.plan(), quiet.plan()] == [3, 0]


def test_each_send_leaves_at_its_time(
    quiet: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs(quiet, 2)
    quiet.plan()
    monkeypatch.setattr(pacing, "take_sends", lambda _path, sends: [0.0, 0.4])
    sent = []
    post = dialer._post
    monkeypatch.setattr(
        dialer, "_post", lambda *args: sent.append(clock.wall()) or post(*args)
    )

    quiet.work()

    assert sent[1] - sent[0] >= timedelta(seconds=0.35)


def test_a_send_that_gets_no_moment_is_not_held_as_being_sent(
    quiet: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease would be renewed for ever, and nobody would look it up."""
    jobs(quiet, 1)
    quiet.plan()
    monkeypatch.setattr(pacing, "take_sends", lambda _path, _sends: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        quiet.work()
    assert dialer.process().sending == set()


# --- callbacks


def test_a_callback_that_is_due_comes_before_everything(quiet: Loop) -> None:
    pacing.remember_workspace_limit(1)
    jobs(quiet, 3)
    late = quiet.job(quiet.batch(), callback_at=clock.now() - timedelta(minutes=1))
    quiet.plan()
    assert Call.objects.get().job_id == late.pk


def test_a_place_is_kept_for_a_callback_that_comes_due(quiet: Loop) -> None:
    account = make_account(max_concurrent_calls=4, callback_slots=1)
    batch = jobs(quiet, 6, quiet.batch(account))
    soon = clock.now() + timedelta(minutes=2)
    quiet.job(batch, callback_at=soon, next_attempt_at=soon)
    assert quiet.plan() == 3


def test_no_place_is_kept_while_no_callback_comes_due(quiet: Loop) -> None:
    account = make_account(max_concurrent_calls=4, callback_slots=1)
    batch = jobs(quiet, 6, quiet.batch(account))
    evening = clock.now() + timedelta(hours=3)
    quiet.job(batch, callback_at=evening, next_attempt_at=evening)
    assert quiet.plan() == 4


def test_a_callback_of_a_paused_campaign_is_not_planned(quiet: Loop) -> None:
    job = quiet.job(quiet.batch(), callback_at=clock.now() - timedelta(minutes=1))
    job.batch.pause(by="user:test")
    assert quiet.plan() == 0


# --- 429


def test_a_storm_of_429_is_waited_out_longer_each_time(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = clock.wall()
    monkeypatch.setattr(pacing.random, "uniform", lambda _a, _b: 1)
    monkeypatch.setattr(pacing.clock, "wall", lambda: present)
    lengths = []
    for _ in range(4):
        pacing.slow_down()
        until = pacing._rows().find_one({"_id": "slow_down"})["until"]
        lengths.append(round((until - present).total_seconds()))
        present = until
    assert lengths == [2, 4, 8, 16]


def test_the_answers_of_one_second_count_as_one_429(loop: Loop) -> None:
    for _ in range(20):
        pacing.slow_down()
    assert pacing._rows().find_one({"_id": "slow_down"})["length"] == 2


def test_retry_after_is_honoured_as_it_says(loop: Loop) -> None:
    before = clock.wall()
    pacing.slow_down(7)
    until = pacing._rows().find_one({"_id": "slow_down"})["until"]
    assert timedelta(seconds=7) <= until - before < timedelta(seconds=8)


# --- results


def test_nobody_is_called_while_results_pile_up(
    quiet: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_WAITING", 3)
    jobs(quiet, 3)
    WebhookEvent.objects.bulk_create(
        WebhookEvent(key=str(n), event="x", body=b"") for n in range(4)
    )
    assert quiet.plan() == 0
    WebhookEvent.objects.update(result="applied")
    assert quiet.plan() == 3
