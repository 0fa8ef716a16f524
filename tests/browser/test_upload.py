"""The whole upload in a browser: a file that asks for everything, then one that asks
for nothing."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import xlsxwriter
from django.test import Client
from playwright.sync_api import expect

from batches.admin import loading_pages
from batches.imports import background, drafting, pending, working
from batches.imports.loading import Begun
from batches.models import Job, LayoutProfile, Upload
from speechai_site import roles
from speechai_site.runtime import clock
from tests.builders import make_account, make_agent, make_number, make_user
from tests.imports.workbooks import HEADERS, RUT_B, RUT_C, row

pytestmark = pytest.mark.django_db(transaction=True)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOBILES = (960012345, 960012346, 960012347, 960012348)


def book(*, amounts=("2,500", "1,234.56", "90,000"), amount_header=HEADERS[2]) -> bytes:
    """A title above the header, another sheet, a hidden row, a paid debt."""
    headers = [*HEADERS[:2], amount_header, *HEADERS[3:], "Situación", "Producto"]
    people = [
        (RUT_B, "ROJAS DIAZ, LUIS", amounts[0], "vigente", "Tarjeta"),
        (RUT_C, "MUÑOZ VERA, EVA", amounts[1], "vigente", "Crédito de consumo"),
        ("12.345.678-5", "SOTO PEREZ, ANA", amounts[2], "Pagado", "Tarjeta"),
        ("7.654.321-6", "LARA PINO, JOSE", "3.000", "vigente", ""),
    ]
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as made:
        made.set_properties({"created": datetime(2026, 1, 5, tzinfo=UTC)})
        made.add_worksheet("Portada").write(0, 0, "Cartera de noviembre")
        page = made.add_worksheet("Detalle")
        page.write_row(0, 0, ["Cartera de noviembre"])
        page.write_row(2, 0, headers)
        for line, (person, mobile) in enumerate(zip(people, MOBILES, strict=True), 3):
            rut, name, amount, state, product = person
            cells = row(rut=rut, name=name, amount=amount, mobile=mobile)
            page.write_row(line, 0, [*cells, state, product])
        page.set_row(6, None, None, {"hidden": True})
    return file.getvalue()


@pytest.fixture
def account():
    return make_account(
        name="Tienda Uno",
        default_agent=make_agent(variables=["nombre", "producto", "sitio_web"]),
        default_number=make_number(),
    )


@pytest.fixture
def signed_in(page, account, live_server):
    client = Client()
    client.force_login(make_user(roles.SUPERVISOR, [account], username="sofia"))
    cookie = client.cookies["sessionid"]
    page.context.add_cookies(
        [{"name": "sessionid", "value": cookie.value, "url": live_server.url}]
    )
    return page


def choose(page, content: bytes, name: str) -> None:
    page.goto("/admin/batches/upload/add/")
    file = {"name": name, "mimeType": XLSX, "buffer": content}
    page.set_input_files("[name=file]", files=[file])
    page.get_by_role("button", name="Continuar").click()


def test_a_workbook_goes_through_every_step_and_the_next_one_through_two(
    signed_in, account, shoot
):
    page = signed_in
    page.goto("/admin/batches/upload/add/")
    shoot(page, "1-archivo")
    choose(page, book(), "cartera-27.xlsx")

    page.wait_for_url("**/sheet/**")
    expect(page.locator("#sheet")).to_have_value("Detalle")
    expect(page.locator("[name=header_row]:checked")).to_have_value("3")
    shoot(page, "2-hoja")
    page.get_by_role("button", name="Continuar a las columnas").click()

    page.wait_for_url("**/columns/**")
    shoot(page, "3-columnas")
    page.get_by_label("Producto", exact=True).select_option("var:producto")
    page.locator("[name=filter_0]").select_option(label="Situación")
    page.locator("[name=value_0]").fill("pagado")
    page.get_by_label("punto: 1,234.56").check()
    page.get_by_label("solo las visibles").check()
    page.locator("[name=option_limit_days]").fill("5")
    page.get_by_role("button", name="Volver a contar").click()
    expect(page.get_by_text("Excluidas: 1")).to_be_visible()
    page.get_by_label("sitio_web").last.fill("www.tienda.example")
    shoot(page, "3-columnas-decididas")
    page.get_by_role("button", name="Ver su contenido").click()

    page.wait_for_url("**/preview/**")
    shoot(page, "4-revisar")
    page.get_by_role("button", name="Crear campaña").click()
    page.wait_for_url("**/batch/**")
    jobs = Job.objects.order_by("rank")
    assert [str(job.amount.normalize()) for job in jobs] == ["2.5E+3", "1234.56"]
    assert jobs[0].variables["producto"] == "Tarjeta"
    assert jobs[0].variables["sitio_web"] == "www.tienda.example"

    # the next day's file of the same layout: file, review, confirm
    choose(page, book(amounts=("25,000", "12,345.60", "1,000")), "cartera-28.xlsx")
    page.wait_for_url("**/preview/**")
    shoot(page, "5-diez-veces")
    page.get_by_role("button", name="Crear campaña").click()
    expect(page.get_by_text("Escriba por qué los montos")).to_be_visible()
    assert Upload.objects.count() == 1
    page.locator("[name=reason]").fill("se sumó otra cartera")
    page.get_by_role("button", name="Crear campaña").click()
    page.wait_for_url("**/batch/**")
    assert Upload.objects.count() == 2

    # the same file again, and one whose column has another name
    choose(page, book(), "cartera-27.xlsx")
    page.wait_for_url("**/again/**")
    shoot(page, "6-ya-cargada")
    page.get_by_role("button", name="No cargarla").click()
    choose(page, book(amount_header="Saldo"), "cartera-29.xlsx")
    page.wait_for_url("**/columns/**")
    alarm = page.get_by_text("Falta «Saldo actualizado»")
    expect(alarm).to_be_visible()
    shoot(page, "7-alarma")
    assert LayoutProfile.objects.count() == 1


def test_progress_moves_while_a_worker_loads(signed_in, account, shoot, monkeypatch):
    queued = []
    monkeypatch.setattr(
        background, "async_task", lambda _t, pk, **_o: queued.append(pk)
    )
    monkeypatch.setattr(loading_pages, "WAIT_SECONDS", 0)
    wanted = Begun(book(), account, "debt_collection", {}, "user:sofia")
    upload = background.submit(wanted)
    page, bar = signed_in, signed_in.get_by_role("progressbar")
    page.goto(f"/admin/batches/upload/{upload.pk}/progress/")
    expect(page.locator("#load-label")).to_contain_text("En espera")
    rows = Upload.objects.filter(pk=upload.pk)
    began = clock.wall() - timedelta(seconds=10)
    rows.update(status="reading", rows_read=300, rows_expected=400, started_wall=began)
    expect(page.get_by_text("300 de 400 filas leídas")).to_be_visible()
    expect(page.locator("#load-label")).to_contain_text("Leyéndose")
    expect(bar).to_have_attribute("aria-valuenow", "22")
    shoot(page, "8-progreso")
    rows.update(status="queued")
    background.run(queued[0])
    page.wait_for_url("**/batch/**")


def test_a_large_workbook_is_waited_for_and_goes_on_by_itself(
    signed_in, account, shoot, monkeypatch
):
    queued = []
    monkeypatch.setattr(
        working, "async_task", lambda _t, token, **_o: queued.append(token)
    )
    monkeypatch.setattr(drafting, "SMALL_BYTES", 0)
    page = signed_in
    choose(page, book(), "cartera-grande.xlsx")
    page.wait_for_url("**/reading/**")
    expect(page.locator("#load-label")).to_contain_text("En espera")
    work = pending.start_work(queued[0]).work
    began = clock.wall() - timedelta(seconds=10)
    told = {"part": "rows", "done": 300, "total": 400, "started_wall": began}
    pending.tell_work(queued[0], work["id"], **told)
    expect(page.get_by_text("300 de 400 filas leídas")).to_be_visible()
    shoot(page, "9-lectura")
    page.goto("/admin/batches/upload/add/")  # left, and found again
    page.get_by_role("link", name="cartera-grande.xlsx").click()
    page.wait_for_url("**/reading/**")
    working.run(queued[0])
    page.wait_for_url("**/sheet/**")
    page.get_by_role("button", name="Continuar a las columnas").click()
    page.wait_for_url("**/columns/**")
    page.get_by_role("button", name="Volver a contar").click()
    page.wait_for_url("**/reading/**")
    page.get_by_role("button", name="Detener la lectura").click()
    page.wait_for_url("**/columns/**")
