"""Calls to our own people: through the one door, few, and to proven phones alone."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from batches.models import Account, Agent, PhoneNumber
from calls import dialer, halts, staff_calls
from calls.models import Call, StaffCall, StaffPhone
from calls.models.staff import new_staff_call_id
from calls.states import CallStatus
from speechai_site import roles
from speechai_site.runtime import clock
from speechai_site.runtime.models import AuditEntry, User
from tests.builders import make_account, make_job, make_user
from tests.loop.conftest import Loop

pytestmark = pytest.mark.usefixtures("fast")
CODE, TEST = StaffCall.Kind.CODE, StaffCall.Kind.TEST
PHONE = "+56912345678"


@pytest.fixture
def owner(loop: Loop) -> User:
    return make_user(roles.SUPERVISOR)


@pytest.fixture
def phone(owner: User) -> StaffPhone:
    return staff_calls.add_phone(owner, PHONE, by="user:x")


@pytest.fixture
def verified(phone: StaffPhone) -> StaffPhone:
    phone.verified_at = clock.wall()
    phone.save()
    return phone


def place(loop: Loop, kind: str, phone: StaffPhone, **values) -> StaffCall:
    values.setdefault("call_id", new_staff_call_id())
    values.setdefault("account", Account.objects.first() or make_account())
    values.setdefault("agent", loop.agent)
    values.setdefault("number", loop.number)
    staff_calls.place(kind, phone, by="user:x", **values)
    return StaffCall.objects.get(pk=values["call_id"])


def ring(loop: Loop, kind: str, phone: StaffPhone, **values) -> StaffCall:
    call = place(loop, kind, phone, **values)
    dialer.dial_staff(call.pk)
    call.refresh_from_db()
    return call


def finish(loop: Loop, call: StaffCall) -> StaffCall:
    def is_over() -> bool:
        call.refresh_from_db()
        return not call.is_open

    loop.run_until(is_over)
    return call


def told_code(loop: Loop) -> str:
    said = loop.simulator.calls[-1].variables["codigo_verificacion"]
    return re.sub(r"\D", "", said)


# --- the code -----------------------------------------------------------------------


def test_the_code_that_a_call_tells_verifies_the_phone(loop, phone) -> None:
    loop.simulate(outcomes={"answered": 1})
    ring(loop, CODE, phone)
    assert staff_calls.enter_code(phone, told_code(loop), by="user:x")
    phone.refresh_from_db()
    assert (phone.verified_at is not None, phone.verified_by) == (True, "user:x")
    assert AuditEntry.objects.filter(action="staffphone.verify").exists()


def test_the_agent_says_the_code_whatever_its_script_says(loop, phone) -> None:
    loop.simulate(outcomes={"answered": 1})
    ring(loop, CODE, phone)
    said = loop.simulator.calls[-1].body["agent_override"]["retell_llm"]
    assert "{{codigo_verificacion}}" in said["begin_message"]


def test_a_code_is_kept_nowhere_in_clear(loop, phone) -> None:
    loop.simulate(outcomes={"answered": 1})
    ring(loop, CODE, phone)
    code = told_code(loop)
    phone.refresh_from_db()
    kept = [StaffPhone.objects.values().get(), StaffCall.objects.values().get()]
    assert code not in str([{**row, "id": ""} for row in kept])


def test_a_wrong_code_verifies_nothing_and_tries_run_out(loop, phone) -> None:
    loop.simulate(outcomes={"answered": 1})
    ring(loop, CODE, phone)
    right = told_code(loop)
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for _try in range(staff_calls.CODE_TRIES):
        assert not staff_calls.enter_code(phone, wrong, by="user:x")
    assert not staff_calls.enter_code(phone, right, by="user:x")


def test_tries_at_once_are_counted_like_tries_in_turn(loop, phone) -> None:
    loop.simulate(outcomes={"answered": 1})
    ring(loop, CODE, phone)
    right = int(told_code(loop))
    codes = [f"{(right + n) % 10**6:06}" for n in range(1, 41)]

    def attempt(code: str) -> bool:
        try:
            return staff_calls.enter_code(phone, code, by="user:x")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(attempt, codes))
    phone.refresh_from_db()
    assert phone.code_tries == staff_calls.CODE_TRIES


def test_a_code_is_good_for_ten_minutes(loop, phone, monkeypatch) -> None:
    loop.simulate(outcomes={"answered": 1})
    ring(loop, CODE, phone)
    later = clock.wall() + timedelta(minutes=10, seconds=1)
    monkeypatch.setattr(staff_calls.clock, "wall", lambda: later)
    assert not staff_calls.enter_code(phone, told_code(loop), by="user:x")


def test_a_code_is_used_once(loop, phone) -> None:
    loop.simulate(outcomes={"answered": 1})
    ring(loop, CODE, phone)
    code = told_code(loop)
    assert staff_calls.enter_code(phone, code, by="user:x")
    assert not staff_calls.enter_code(phone, code, by="user:x")


# --- the test call ------------------------------------------------------------------


def test_a_test_call_rings_once_and_ends(loop, verified) -> None:
    loop.simulate(outcomes={"answered": 1})
    call = finish(loop, ring(loop, TEST, verified))
    assert (call.status, call.outcome) == (CallStatus.ENDED, "conversation")
    assert call.transcript
    (rang,) = loop.simulator.calls
    assert rang.metadata["attempt_id"] == call.pk
    assert rang.key == call.pk


def test_its_case_is_invented_and_brings_the_notices(loop, verified) -> None:
    loop.simulate(outcomes={"answered": 1})
    Agent.objects.update(variables=["nombre", "algo"])
    ring(loop, TEST, verified)
    told = loop.simulator.calls[-1].variables
    assert told["monto_total"] == "ciento cincuenta mil pesos"
    assert told["algo"]
    assert told["aviso_ia"]


@pytest.mark.usefixtures("with_webhooks")
def test_its_webhooks_are_its_own(loop, verified) -> None:
    loop.simulate(outcomes={"answered": 1})
    call = finish(loop, ring(loop, TEST, verified))
    assert call.outcome == "conversation"
    assert not Call.objects.exists()


def test_it_is_in_no_figure_of_a_campaign(loop, verified) -> None:
    loop.simulate(outcomes={"answered": 1})
    batch = loop.batch()
    finish(loop, ring(loop, TEST, verified, batch=batch, account=batch.account))
    batch.refresh_from_db()
    assert not Call.objects.exists()
    assert sum(batch.counters.get("calls", {}).values()) == 0


def test_the_sweep_holds_it_for_no_strangers_call(loop, verified) -> None:
    from calls import pacing, sweep

    loop.simulate(outcomes={"answered": 1})
    finish(loop, ring(loop, TEST, verified))
    pacing.remember_sweep(at=clock.wall() - timedelta(hours=1))
    sweep.sweep_ended(loop.client)
    assert not pacing.sweep_state().get("strays")


def test_the_same_form_sent_twice_rings_once(loop, verified) -> None:
    loop.simulate(outcomes={"answered": 1})
    call_id = new_staff_call_id()
    for _time in range(2):
        ring(loop, TEST, verified, call_id=call_id)
    assert len(loop.simulator.calls) == 1


def test_two_workers_with_the_same_task_ring_once(loop, verified) -> None:
    loop.simulate(outcomes={"answered": 1})
    call = place(loop, TEST, verified)
    dialer.process()

    def dial(_worker: int) -> int:
        try:
            return dialer.dial_staff(call.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(dial, range(4))) == 1
    assert len(loop.simulator.calls) == 1


def test_the_day_has_an_end(loop, verified, monkeypatch) -> None:
    monkeypatch.setitem(staff_calls.MOST_A_DAY, TEST, 2)
    for _time in range(2):
        place(loop, TEST, verified)
    with pytest.raises(staff_calls.NotPlaced):
        place(loop, TEST, verified)


def test_removing_the_phone_does_not_give_the_day_back(
    loop, phone, monkeypatch
) -> None:
    monkeypatch.setitem(staff_calls.MOST_A_DAY, CODE, 1)
    place(loop, CODE, phone)
    staff_calls.remove_phone(phone, by="user:x")
    again = staff_calls.add_phone(phone.user, "+56912345679", by="user:x")
    with pytest.raises(staff_calls.NotPlaced):
        place(loop, CODE, again)


# --- what forbids it ----------------------------------------------------------------


def refused(loop: Loop, kind: str, phone: StaffPhone, **values) -> str:
    loop.simulate(outcomes={"answered": 1})
    call = ring(loop, kind, phone, **values)
    assert loop.simulator.calls == []
    assert call.status == CallStatus.WITHDRAWN
    assert str(staff_calls.REFUSALS[call.error_code]).count(".") == 1
    return call.error_code


def test_a_test_rings_no_phone_that_is_not_verified(loop, phone) -> None:
    assert refused(loop, TEST, phone) == "phone_not_verified"


def test_a_phone_that_was_removed_meanwhile_is_not_rung(loop, verified) -> None:
    loop.simulate(outcomes={"answered": 1})
    call = place(loop, TEST, verified)
    staff_calls.remove_phone(verified, by="user:x")
    dialer.dial_staff(call.pk)
    call.refresh_from_db()
    assert (call.status, call.error_code) == ("withdrawn", "phone_not_verified")


@pytest.mark.parametrize("kind", [CODE, TEST])
def test_the_phone_of_a_case_is_nobodys_test_phone(kind, loop, phone) -> None:
    StaffPhone.objects.update(verified_at=clock.wall() if kind == TEST else None)
    batch = loop.batch()
    make_job(batch, phones=[{"e164": PHONE, "kind": "mobile", "state": "ok"}])
    assert refused(loop, kind, phone, account=batch.account) == "phone_not_for_tests"


def test_a_phone_on_the_do_not_call_list_is_not_rung(loop, verified) -> None:
    from calls import suppression
    from calls.models import DoNotCall
    from speechai_site.runtime import keys

    key = keys.phone_key(PHONE)
    entry = suppression.Entry(DoNotCall.Kind.PHONE, key, None, "opted_out", "user:x")
    suppression.suppress_all([entry])
    assert refused(loop, TEST, verified) == "phone_not_for_tests"


def test_stop_everything_stops_tests_too(loop, verified) -> None:
    halts.halt(by="user:x")
    assert refused(loop, TEST, verified) == "calls_halted"


def test_a_person_who_left_rings_nobody(loop, verified, owner) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert refused(loop, TEST, verified) == "user_inactive"


def test_what_may_not_be_used_is_not_tried(loop, verified) -> None:
    PhoneNumber.objects.update(is_active=False)
    assert refused(loop, TEST, verified) == "agent_or_number_off"


@pytest.fixture
def night(settings, monkeypatch) -> None:
    """03:00 of a Tuesday in Chile, under the law."""
    settings.SANDBOX_POLICY = "law"
    at = clock.wall().replace(2026, 11, 24, 6, 0)
    monkeypatch.setattr(staff_calls.clock, "now", lambda: at)


@pytest.mark.usefixtures("night")
def test_the_hours_of_the_law_are_lifted_for_a_verified_phone_alone(
    loop, verified
) -> None:
    loop.simulate(outcomes={"answered": 1})
    assert ring(loop, TEST, verified).status != CallStatus.WITHDRAWN
    StaffPhone.objects.update(verified_at=None)
    assert ring(loop, CODE, verified).error_code == "outside_hours"


# --- what goes wrong ----------------------------------------------------------------


def test_an_unconfirmed_one_is_found_and_never_sent_again(loop, verified) -> None:
    loop.simulate(outcomes={"answered": 1}, create_faults={"error_after_accept": 1})
    call = finish(loop, ring(loop, TEST, verified))
    assert call.status == CallStatus.ENDED
    assert len(loop.simulator.calls) == 1


def test_one_that_no_worker_took_is_withdrawn(loop, verified) -> None:
    loop.simulate()
    call = place(loop, TEST, verified)
    StaffCall.objects.update(lease_until_wall=clock.wall() - timedelta(seconds=1))
    loop.reconcile()
    dialer.dial_staff(call.pk)
    call.refresh_from_db()
    assert (call.status, call.error_code) == (CallStatus.WITHDRAWN, "lapsed")
    assert loop.simulator.calls == []


def test_one_whose_sender_died_is_lost_in_the_end(loop, verified, settings) -> None:
    loop.simulate()
    settings.OVERLONG_GRACE = 1
    call = place(loop, TEST, verified)
    long_ago = clock.wall() - timedelta(hours=1)
    StaffCall.objects.update(
        status="sending", first_sent_wall=long_ago, lease_until_wall=long_ago
    )
    assert finish(loop, call).status == CallStatus.LOST
