"""A campaign that runs is changed in a browser: withdrawn, paid, updated."""

from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import expect

from batches.imports import changing, pending, working
from batches.imports.importer import import_workbook
from batches.models import Batch, Job
from batches.states import BatchStatus
from speechai_site import roles
from speechai_site.runtime import clock
from tests.browser.test_upload import XLSX
from tests.builders import make_account, make_rut, make_user
from tests.imports.test_payments import HEADERS as PAID
from tests.imports.test_payments import KEYED
from tests.imports.workbooks import RUT_A, RUT_B, RUT_C, row, workbook

pytestmark = pytest.mark.django_db(transaction=True)
ANA = row(title="A-1", amount=100_000)
BEA = row(rut=RUT_B, title="B-1", name="BEA ROJAS", mobile=960012346)
CARO = row(rut=RUT_C, title="C-1", name="CARO DIAZ", mobile=960012347)


@pytest.fixture
def batch(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    account = make_account(name="Tienda Uno")
    done = import_workbook(
        workbook([ANA, BEA, CARO], KEYED),
        account,
        "debt_collection",
        actor="user:test",
        name="Noviembre",
    )
    Batch.objects.filter(pk=done.batch.pk).update(status=BatchStatus.RUNNING)
    return Batch.objects.get(pk=done.batch.pk)


@pytest.fixture
def at_batch(page, batch, live_server):
    """The campaign's page, as an operator sees it."""
    client = Client()
    client.force_login(make_user(roles.OPERATOR, [batch.account], username="omar"))
    cookie = client.cookies["sessionid"]
    page.context.add_cookies(
        [{"name": "sessionid", "value": cookie.value, "url": live_server.url}]
    )
    page.goto(f"/admin/batches/batch/{batch.pk}/change/")
    return page


def open_mode(page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()
    page.wait_for_url("**/mode/**")


def put_file(page, content: bytes) -> None:
    file = {"name": "planilla.xlsx", "mimeType": XLSX, "buffer": content}
    page.set_input_files("[name=file]", files=[file])


def look(page) -> None:
    page.get_by_role("button", name="Ver qué haría").click()
    page.wait_for_url("**/look/**")


def figure(page, label: str):
    shown = page.locator(".sai-figure").filter(has_text=label)
    return shown.first.locator("b")


def confirm(page, button: str) -> None:
    page.get_by_role("button", name=button).click()
    page.wait_for_url("**/batch/*/change/")


def job(operation: str) -> Job:
    return next(j for j in Job.objects.all() if j.debts[0]["operation"] == operation)


def test_pasted_documents_are_withdrawn(at_batch, shoot):
    page = at_batch
    open_mode(page, "Retirar por lista")
    page.locator("[name=text]").fill(f"{RUT_A}\n{RUT_C}\n11.111.111-1")
    page.locator("[name=why]").select_option("client")
    look(page)
    expect(figure(page, "Encontradas")).to_have_text("2")
    expect(figure(page, "No encontradas")).to_have_text("1")
    shoot(page, "retirar-vista")
    assert {j.status for j in Job.objects.all()} == {"queued"}
    confirm(page, "Retirar estos casos")
    assert [job(o).status for o in ("A-1", "B-1", "C-1")] == [
        *("withdrawn", "queued", "withdrawn")
    ]


def test_a_file_of_payments_is_taken_off(at_batch, shoot):
    page = at_batch
    open_mode(page, "Cargar pagos")
    rows = [
        [RUT_A, "A-1", "01/11/2025", 100_000, "Web"],
        [RUT_B, "B-1", "01/11/2025", 50_000, "Web"],
    ]
    put_file(page, workbook(rows, PAID))
    look(page)
    expect(figure(page, "Pagos nuevos")).to_have_text("2")
    shoot(page, "pagos-vista")
    confirm(page, "Cargar estos pagos")
    assert (job("A-1").status, job("B-1").amount) == ("cancelled", 100_000)


def test_a_corrected_file_shows_what_it_changes_before_it_does(at_batch, shoot):
    page = at_batch
    open_mode(page, "Actualizar con una planilla")
    bea = row(rut=RUT_B, title="B-1", name="BEA ROJAS", mobile=960012346, amount=99_000)
    new = row(rut=make_rut(10_000_001), title="D-1", name="DORA PAZ", mobile=960012348)
    put_file(page, workbook([ANA, bea, new], KEYED))
    page.locator("[name=absent][value=withdraw]").check()
    shoot(page, "actualizar")
    look(page)
    for label, count in (("Nuevos", "1"), ("Cambian", "1"), ("No vienen", "1")):
        expect(figure(page, label)).to_have_text(count)
    shoot(page, "actualizar-vista")
    assert job("B-1").amount == 150_000
    confirm(page, "Actualizar la campaña")
    assert (job("B-1").amount, job("C-1").status) == (99_000, "withdrawn")
    assert Job.objects.count() == 4


def test_a_large_file_is_waited_for_twice_and_goes_on_by_itself(
    at_batch, shoot, monkeypatch
):
    queued = []
    monkeypatch.setattr(
        working, "async_task", lambda _t, token, **_o: queued.append(token)
    )
    monkeypatch.setattr(changing, "SMALL_BYTES", 0)
    page = at_batch
    campaign = page.url
    open_mode(page, "Actualizar con una planilla")
    bea = row(rut=RUT_B, title="B-1", name="BEA ROJAS", mobile=960012346, amount=99_000)
    put_file(page, workbook([ANA, bea], KEYED))
    page.locator("[name=absent][value=withdraw]").check()
    look(page)
    expect(page.locator("#load-label")).to_contain_text("En espera")
    work = pending.start_work(queued[0]).work
    began = clock.wall() - timedelta(seconds=10)
    told = {"part": "cases", "done": 300, "total": 400, "started_wall": began}
    pending.tell_work(queued[0], work["id"], **told)
    expect(page.get_by_text("300 de 400 comparados con la campaña")).to_be_visible()
    shoot(page, "grande-vista")
    page.goto(campaign)  # left, and found again
    shoot(page, "grande-campana")
    page.get_by_role("link", name="planilla.xlsx").click()
    page.wait_for_url("**/look/**")
    working.run(queued.pop())
    expect(figure(page, "Cambian")).to_have_text("1")

    page.get_by_role("button", name="Actualizar la campaña").click()
    expect(page.get_by_role("button", name="Detener")).to_be_enabled()
    work = pending.start_work(queued[0]).work
    told = {"part": "writing", "done": 30, "total": 40, "started_wall": began}
    pending.tell_work(queued[0], work["id"], begun=True, looked=[], **told)
    expect(page.get_by_text("30 de 40 casos guardados")).to_be_visible()
    expect(page.get_by_role("button", name="Detener")).to_be_disabled()
    shoot(page, "grande-cambio")
    pending.tell_work(queued[0], work["id"], begun=False)
    working.run(queued.pop())
    page.wait_for_url("**/batch/*/change/")
    expect(page.get_by_text("Casos que cambiaron: 1;")).to_be_visible()
    shoot(page, "grande-hecho")
    assert (job("B-1").amount, job("C-1").status) == (99_000, "withdrawn")
