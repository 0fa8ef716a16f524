"""Live dials nobody until it is armed, and says in one sentence what it lacks.

Live is made here by the settings alone: the simulator stands where Retell would.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from batches.models import Account, Agent, Batch, Job, PhoneNumber
from calls import arming, dialer, rules, staff_calls, webhooks
from calls.models import Call, StaffCall, StaffPhone
from calls.models.staff import new_staff_call_id
from calls.retell import signature
from calls.states import CallStatus
from speechai_site import roles
from speechai_site.runtime import clock, environment, fences
from speechai_site.runtime.environment import EnvironmentMismatch
from speechai_site.runtime.models import AuditEntry, Environment, User
from tests.builders import make_account, make_call, make_job, make_user
from tests.loop.conftest import Loop
from tests.loop.test_races import begin, beside, once

PASSWORD = "correct horse battery"
WORD = str(arming.WORD)


@pytest.fixture
def live(loop: Loop, settings, monkeypatch) -> Loop:
    """A loop in live, on a Tuesday at noon; the simulator answers in Retell's place."""
    noon = clock.wall().replace(2026, 11, 24, 15, 0)
    monkeypatch.setattr(clock, "now", lambda: noon)
    settings.RETELL_API_KEY = settings.RETELL_WEBHOOK_KEY = "key_live"
    settings.SANDBOX = False
    loop.simulate(outcomes={"answered": 1})
    environment.verify_environment()
    webhooks._confirm_at = 0.0
    return loop


@pytest.fixture
def administrator(live: Loop) -> User:
    user = make_user(roles.ADMINISTRATOR, username="ana")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def ready(live: Loop, administrator: User, monkeypatch) -> Loop:
    """All conditions are met."""
    make_account()
    environment.remember_webhook(environment.keys.key_fingerprint("key_live"))
    staff_call(administrator)
    monkeypatch.setattr(rules, "_kept", None)
    return live


def staff_call(user: User, **values) -> StaffCall:
    phone = staff_calls.add_phone(user, "+56912345678", by="user:x")
    StaffPhone.objects.update(verified_at=clock.wall())
    values = {
        "kind": "test",
        "day_slot": new_staff_call_id(),
        "user": user,
        "phone": phone,
        "to_number": phone.e164,
        "account": Account.objects.first() or make_account(),
        "status": "ended",
        "outcome": "conversation",
        "ended_wall": clock.wall(),
        "agent": Agent.objects.first(),
        "number": PhoneNumber.objects.first(),
        **values,
    }
    return StaffCall.objects.create(**values)


def arm(user: User, *, word: str = WORD, password: str = PASSWORD) -> None:
    arming.arm(user, word=word, password=password, request=None)


def refusal(user: User, **confirmed: str) -> str:
    with pytest.raises(arming.Refused) as caught:
        arm(user, **confirmed)
    assert not environment.may_dial()
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert ". " not in sentence
    return sentence


# --- unarmed ------------------------------------------------------------------------


def test_unarmed_live_plans_nothing(live) -> None:
    job = live.job()
    assert live.plan() == 0
    job.refresh_from_db()
    assert (job.status, job.history) == ("queued", [])


def test_what_was_planned_before_is_not_dialed_unarmed(live) -> None:
    environment.arm(by="user:x", shown={})
    job = live.job()
    assert live.plan() == 1
    environment.disarm(by="user:x")
    live.work()
    assert live.simulator.calls == []
    job.refresh_from_db()
    assert (job.status, job.status_reason) == ("queued", "live_not_armed")
    assert Call.objects.get().status == CallStatus.WITHDRAWN


def test_an_unconfirmed_call_is_not_sent_again_unarmed(live) -> None:
    environment.arm(by="user:x", shown={})
    live.simulate(create_faults={"reset_before_accept": 1})
    live.job()
    live.dial()
    call = Call.objects.get()
    assert call.status == CallStatus.UNKNOWN
    environment.disarm(by="user:x")
    Call.objects.update(lease_until_wall=clock.wall() - timedelta(hours=1))
    assert dialer.resend([call.pk]) == 0
    environment.arm(by="user:x", shown={})
    assert dialer.resend([call.pk]) == 1


def test_a_gate_that_cannot_read_the_environment_lets_nothing_pass(live) -> None:
    Environment.objects.all().delete()
    live.job()
    assert live.plan() == 0


def test_armed_live_dials(ready, administrator) -> None:
    arm(administrator)
    ready.job()
    assert ready.plan() == 1


def test_disarmed_live_dials_no_more_what_was_planned(ready, administrator) -> None:
    arm(administrator)
    ready.job()
    ready.plan()
    arming.disarm(by="user:ana")
    ready.work()
    assert ready.simulator.calls == []


def test_the_sandbox_needs_no_arming(loop) -> None:
    loop.simulate()
    loop.job()
    loop.dial()
    assert len(loop.simulator.calls) == 1


# --- the test call ------------------------------------------------------------------


def ring(live: Loop, user: User, kind: str = "test") -> StaffCall:
    phone = staff_calls.add_phone(user, "+56912345678", by="user:x")
    if kind == "test":
        StaffPhone.objects.update(verified_at=clock.wall())
    call_id = new_staff_call_id()
    staff_calls.place(
        kind,
        StaffPhone.objects.get(pk=phone.pk),
        by="user:x",
        call_id=call_id,
        account=make_account(),
        agent=live.agent,
        number=live.number,
    )
    dialer.dial_staff(call_id)
    return StaffCall.objects.get(pk=call_id)


def test_the_administrators_test_call_is_all_that_rings_unarmed(
    live, administrator
) -> None:
    live.job()
    call = ring(live, administrator)
    live.dial()
    assert [c.metadata["attempt_id"] for c in live.simulator.calls] == [call.pk]


def test_nobody_else_makes_a_test_call_unarmed(live) -> None:
    call = ring(live, make_user(roles.SUPERVISOR))
    assert (call.status, call.error_code) == ("withdrawn", "live_not_armed")
    assert live.simulator.calls == []


# --- what it lacks ------------------------------------------------------------------


def test_it_arms_when_nothing_is_missing(ready, administrator) -> None:
    arm(administrator)
    row = Environment.objects.get()
    assert environment.may_dial()
    assert row.armed_by == "user:ana"
    assert row.armed_with["test_call"] == StaffCall.objects.get().pk
    assert "CL" in row.armed_with["policy"]
    assert row.armed_with["webhook"]
    (entry,) = AuditEntry.objects.filter(action="live.arm")
    assert entry.detail["test_call"] == row.armed_with["test_call"]


def test_refused_without_a_policy_in_force(ready, administrator) -> None:
    ready.batch()
    batch = ready.batch(make_account(name="Lima", country="PE"))
    assert "Lima" in refusal(administrator)
    Batch.objects.filter(pk=batch.pk).update(status="cancelled")
    arm(administrator)


def test_refused_without_a_policy_for_an_account_that_has_no_campaign(
    ready, administrator
) -> None:
    make_account(name="Lima", country="PE")
    assert "Lima" in refusal(administrator)


def test_one_use_case_in_force_is_enough_before_the_first_campaign(
    ready, administrator, monkeypatch
) -> None:
    drafts = ("marketing", "survey")
    asked = rules.Rules.policy

    def policy(self, country, use_case, *rest, **options):
        return asked(self, "PE" if use_case in drafts else country, use_case, **options)

    monkeypatch.setattr(rules.Rules, "policy", policy)
    arm(administrator)
    assert environment.may_dial()


def test_refused_without_any_account(ready, administrator) -> None:
    Account.objects.update(status="suspended")
    assert "cuenta" in refusal(administrator)


def test_refused_before_a_webhook_was_verified(ready, administrator) -> None:
    Environment.objects.update(webhook_fingerprint="")
    assert "RETELL_WEBHOOK_KEY" in refusal(administrator)


def test_refused_when_the_webhook_key_is_another_one_now(
    ready, administrator, settings
) -> None:
    settings.RETELL_WEBHOOK_KEY = "key_new"
    assert "RETELL_WEBHOOK_KEY" in refusal(administrator)


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "voicemail"},
        {"outcome": "no_answer", "status": "not_connected"},
        {"status": "ongoing", "outcome": "", "ended_wall": None},
        {"kind": "code"},
        {"ended_wall": clock.wall() - timedelta(hours=25)},
    ],
    ids=["voicemail", "no answer", "not over", "only a code", "yesterday"],
)
def test_refused_without_an_answered_test_call(values, ready, administrator) -> None:
    StaffCall.objects.update(**values)
    assert "llamada de prueba" in refusal(administrator)


def test_refused_when_the_tested_phone_was_removed(ready, administrator) -> None:
    staff_calls.remove_phone(StaffPhone.objects.get(), by="user:x")
    assert "llamada de prueba" in refusal(administrator)


def test_refused_without_the_word(ready, administrator) -> None:
    assert WORD in refusal(administrator, word="sí")


def test_refused_with_a_wrong_password(ready, administrator) -> None:
    assert "contraseña" in refusal(administrator, password="guess")


def test_refused_to_who_is_no_administrator(ready) -> None:
    user = make_user(roles.SUPERVISOR)
    user.set_password(PASSWORD)
    user.save()
    assert "administrador" in refusal(user)


def test_refused_in_the_sandbox(loop) -> None:
    user = make_user(is_superuser=True)
    with pytest.raises(arming.Refused, match="modo de prueba"):
        arm(user)


# --- webhooks -----------------------------------------------------------------------


def webhook(key: str) -> int:
    body = b'{"event": "call_started", "call": {"call_id": "call_x"}}'
    header = signature.sign(body, key, int(clock.wall().timestamp() * 1000))
    return (
        Client()
        .post(
            webhooks.PATH,
            body,
            content_type="application/json",
            headers={"X-Retell-Signature": header},
        )
        .status_code
    )


def test_a_verified_webhook_proves_the_key(live) -> None:
    assert environment.webhook_checked_at() is None
    assert webhook("key_live") == 204
    assert environment.webhook_checked_at() is not None
    assert "key_live" not in str(Environment.objects.values().get())


def test_a_webhook_of_another_key_proves_nothing(live) -> None:
    assert webhook("key_other") == 401
    assert environment.webhook_checked_at() is None


# --- races --------------------------------------------------------------------------


def together(act, times: int = 6) -> list[str]:
    def run(_n: int) -> str:
        try:
            act()
        except arming.Refused as refused:
            return str(refused)
        finally:
            connections.close_all()
        return ""

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_of_many_who_arm_at_once_one_does(ready, administrator) -> None:
    answers = together(lambda: arming.arm_confirmed(by="user:ana"))
    assert sorted(answers).count("") == 1
    assert AuditEntry.objects.filter(action="live.arm").count() == 1


def test_of_many_who_disarm_at_once_one_does(ready, administrator) -> None:
    arm(administrator)
    answers = together(lambda: arming.disarm(by="user:ana"))
    assert answers.count("") == 1
    assert AuditEntry.objects.filter(action="live.disarm").count() == 1


def test_disarming_during_a_dial_holds(ready, administrator, monkeypatch) -> None:
    """It commits after the dial's snapshot; the dial is run again and sees it."""
    arm(administrator)
    ready.job()
    ready.plan()

    def begun() -> None:
        dialer._calls([], {})
        beside(lambda: arming.disarm(by="user:ana")).join()

    monkeypatch.setattr(fences, "enter", once(begun, fences.enter))
    assert begin(ready) == []
    assert Call.objects.get().status == CallStatus.WITHDRAWN


def test_disarming_waits_for_a_dial_that_was_first(
    ready, administrator, monkeypatch
) -> None:
    arm(administrator)
    ready.job()
    ready.plan()
    disarming, seen = [], []

    def disarmed() -> None:
        arming.disarm(by="user:ana")
        seen.append(Call.objects.get().status)

    def disarm() -> None:
        disarming.append(beside(disarmed))
        disarming[0].join(0.3)
        assert disarming[0].is_alive(), "it returned while a call could still be sent"

    monkeypatch.setattr(dialer, "_commit_sending", once(disarm, dialer._commit_sending))
    assert len(begin(ready)) == 1
    disarming[0].join()
    assert seen == [CallStatus.SENDING]


# --- sandbox and live never mix -----------------------------------------------------


def test_live_refuses_sample_data(live) -> None:
    with pytest.raises(CommandError):
        call_command("load_sample")
    assert not Job.objects.exists()


def test_live_refuses_the_sandboxes_database(loop, settings) -> None:
    environment.verify_environment()
    settings.SANDBOX = False
    settings.RETELL_API_KEY = "key_live"
    with pytest.raises(EnvironmentMismatch, match="sandbox"):
        environment.verify_environment()


def test_a_sandboxes_database_cannot_be_armed(ready, administrator) -> None:
    Environment.objects.update(mode="sandbox")
    with pytest.raises(arming.Refused):
        arm(administrator)
    assert not environment.may_dial()


@pytest.mark.parametrize(
    ("name", "value"), [("RETELL_API_KEY", "key_sandbox"), ("LOOKUP_KEY", "")]
)
def test_live_does_not_start_without_keys_of_its_own(name, value, settings, db) -> None:
    from speechai_site.checks import live_is_refused

    settings.SANDBOX = False
    settings.RETELL_API_KEY = "key_live"
    assert live_is_refused(None) == []
    setattr(settings, name, value)
    (error,) = live_is_refused(None)
    assert (error.id, name in error.msg) == ("speechai.E001", True)
    with pytest.raises(EnvironmentMismatch, match=name):
        environment.verify_environment()


def test_calls_of_a_person_stay_unknown_to_staff_calls(live, administrator) -> None:
    """A case's phone that becomes a staff phone is not dialed as one."""
    job = make_job(phones=[{"e164": "+56912345678", "kind": "mobile", "state": "ok"}])
    make_call(job)
    call = ring(live, administrator)
    assert call.error_code == "phone_not_for_tests"
