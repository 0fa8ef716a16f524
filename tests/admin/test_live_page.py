"""Arming live and test calls in the browser: for whom, and on one's own phones."""

import pytest
from django.urls import reverse

from calls import staff_calls
from calls.models import StaffCall, StaffPhone
from calls.models.staff import new_staff_call_id
from speechai_site.runtime import clock, environment
from tests.builders import make_agent, make_number

LIVE, STAFF = "admin:live", "admin:staff_calls"
PHONE = "+56912345678"


@pytest.fixture
def unarmed(settings, db) -> None:
    settings.SANDBOX = False
    settings.RETELL_API_KEY = "key_live"
    environment.verify_environment()


@pytest.fixture
def armed(unarmed) -> None:
    environment.arm(by="user:ana", shown={})


@pytest.fixture
def tasks(monkeypatch) -> list:
    from calls.admin import staff

    queued: list = []
    monkeypatch.setattr(staff, "async_task", lambda *task: queued.append(task))
    return queued


def page(client, name) -> str:
    return client.get(reverse(name)).content.decode()


# --- arming -------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["supervisor", "operator", "auditor"])
def test_only_administrators_open_the_live_page(who, ours, sign_in) -> None:
    client = sign_in(getattr(ours, who))
    assert client.get(reverse(LIVE)).status_code == 403
    assert client.post(reverse(LIVE), {"verb": "disarm"}).status_code == 403


def test_the_page_says_what_is_missing(unarmed, ours, sign_in) -> None:
    said = page(sign_in(ours.administrator), LIVE)
    assert "RETELL_WEBHOOK_KEY" in said
    assert "Falta una llamada de prueba" in said


def test_a_refusal_is_said_and_nothing_is_armed(unarmed, ours, sign_in) -> None:
    ours.administrator.set_password("secreta")
    ours.administrator.save()
    client = sign_in(ours.administrator)
    form = {"verb": "arm", "word": "ARMAR", "password": "secreta"}
    answer = client.post(reverse(LIVE), form, follow=True)
    assert "RETELL_WEBHOOK_KEY" in answer.content.decode()
    assert not environment.may_dial()


def test_an_administrator_disarms_from_the_home_page(armed, ours, sign_in) -> None:
    client = sign_in(ours.administrator)
    assert 'value="disarm"' in page(client, "admin:index")
    client.post(reverse(LIVE), {"verb": "disarm"})
    assert not environment.may_dial()
    assert 'value="disarm"' not in page(client, "admin:index")


def test_others_are_not_offered_to_disarm(armed, ours, sign_in) -> None:
    assert 'value="disarm"' not in page(sign_in(ours.operator), "admin:index")


@pytest.mark.parametrize("name", ["admin:index", "admin:batches_batch_changelist"])
def test_every_screen_says_that_it_is_live_and_whether_armed(
    name, unarmed, ours, sign_in
) -> None:
    client = sign_in(ours.operator)
    assert "Modo real sin armar" in page(client, name)
    environment.arm(by="user:ana", shown={})
    assert "Modo real armado" in page(client, name)


def test_the_sandbox_has_nothing_to_arm(ours, sign_in) -> None:
    said = page(sign_in(ours.administrator), LIVE)
    assert "Modo de prueba" in said
    assert 'name="password"' not in said


# --- test calls ---------------------------------------------------------------------


def act(client, verb, **values):
    return client.post(reverse(STAFF), {"verb": verb, **values})


def own_phone(user, *, verified: bool = False) -> StaffPhone:
    phone = staff_calls.add_phone(user, PHONE, by="user:x")
    if verified:
        StaffPhone.objects.filter(pk=phone.pk).update(verified_at=clock.wall())
    return phone


def test_a_phone_is_added_as_people_write_it(ours, sign_in) -> None:
    act(sign_in(ours.operator), "add", phone="9 8765 4321")
    phone = StaffPhone.objects.get()
    assert (phone.e164, phone.user) == ("+56987654321", ours.operator)
    assert phone.verified_at is None


def test_what_is_no_phone_is_not_added(ours, sign_in) -> None:
    act(sign_in(ours.operator), "add", phone="911")
    assert not StaffPhone.objects.exists()


def test_who_may_not_control_makes_no_test_call(ours, sign_in) -> None:
    client = sign_in(ours.auditor)
    assert client.get(reverse(STAFF)).status_code == 403
    assert act(client, "add", phone=PHONE).status_code == 403


@pytest.mark.parametrize("verb", ["remove", "verify", "call"])
def test_anothers_phone_is_nobodys(verb, ours, sign_in, tasks) -> None:
    phone = own_phone(ours.supervisor, verified=True)
    values = {"phone": phone.pk, "code": "123456", "call_id": new_staff_call_id()}
    answer = act(sign_in(ours.operator), verb, batch=ours.batch.pk, **values)
    assert (answer.status_code, tasks) == (404, [])
    assert StaffPhone.objects.exists()


@pytest.mark.parametrize(("verified", "kind"), [(True, "test"), (False, "code")])
def test_a_call_with_a_campaigns_settings(verified, kind, ours, sign_in, tasks) -> None:
    phone = own_phone(ours.operator, verified=verified)
    call_id = new_staff_call_id()
    values = {"phone": phone.pk, "batch": ours.batch.pk, "call_id": call_id}
    act(sign_in(ours.operator), "call", **values)
    call = StaffCall.objects.get()
    assert (call.kind, call.batch, call.agent) == (kind, ours.batch, ours.batch.agent)
    assert tasks == [("calls.tasks.dial_staff", call_id)]


def test_the_same_form_twice_is_one_call(ours, sign_in, tasks) -> None:
    phone = own_phone(ours.operator, verified=True)
    values = {"phone": phone.pk, "batch": ours.batch.pk}
    values["call_id"] = new_staff_call_id()
    for _time in range(2):
        act(sign_in(ours.operator), "call", **values)
    assert len(tasks) == StaffCall.objects.count() == 1


def test_anothers_campaign_agent_or_number_calls_nobody(
    ours, theirs, sign_in, tasks
) -> None:
    phone = own_phone(ours.operator, verified=True)
    client = sign_in(ours.operator)
    chosen = {"phone": phone.pk, "call_id": new_staff_call_id()}
    assert act(client, "call", batch=theirs.batch.pk, **chosen).status_code == 404
    free = {"account": ours.account.pk, "agent": make_agent().pk}
    private = make_number(account=theirs.account)
    answer = act(client, "call", number=private.pk, **free, **chosen)
    assert (answer.status_code, tasks) == (404, [])


def test_a_code_cannot_choose_its_own_call(ours, sign_in, tasks) -> None:
    phone = own_phone(ours.operator, verified=True)
    values = {"phone": phone.pk, "batch": ours.batch.pk, "call_id": "att_1"}
    assert act(sign_in(ours.operator), "call", **values).status_code == 400


def test_a_campaign_and_an_agent_lead_there(ours, sign_in) -> None:
    client = sign_in(ours.supervisor)
    batch = client.get(reverse("admin:batches_batch_change", args=[ours.batch.pk]))
    assert f"{reverse(STAFF)}?batch={ours.batch.pk}" in batch.content.decode()
    agent = reverse("admin:batches_agent_change", args=[ours.batch.agent.pk])
    assert "Llamada de prueba" in client.get(agent).content.decode()


def test_why_a_call_was_not_made_is_a_sentence(ours, sign_in) -> None:
    phone = own_phone(ours.operator)
    staff_calls.place(
        "code",
        phone,
        by="user:x",
        call_id=new_staff_call_id(),
        account=ours.account,
        agent=ours.batch.agent,
        number=ours.batch.number,
    )
    StaffCall.objects.update(status="withdrawn", error_code="calls_halted")
    assert "detenidas a mano" in page(sign_in(ours.operator), STAFF)
