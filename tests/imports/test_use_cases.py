"""Each use case from a workbook to what its agent says; a new one in a few lines."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from types import SimpleNamespace

import pytest
from openpyxl import load_workbook

from batches import use_cases
from batches.imports.cases import read_cases
from batches.imports.columns import Column
from batches.imports.importer import import_workbook
from batches.imports.normalizers.countries import COUNTRIES
from batches.imports.problems import WorkbookError
from batches.imports.template import LANGUAGES, template_workbook
from batches.models import Job
from batches.states import JobStatus
from batches.use_cases.base import UseCase
from batches.use_cases.people import CALLABLE, DOCUMENT, NAME, PHONES
from speechai_site.runtime import clock
from tests.builders import make_account
from tests.imports.workbooks import workbook

TODAY = date(2026, 3, 2)
NAMES = [name for name, _label in use_cases.choices()]
HEAD = ["Nombre", "Teléfono móvil"]
ANA = ["ana soto", 960012345]


def read(use_case, rows, headers, options=None, country="CL"):
    account = SimpleNamespace(name="Clínica Uno", country=country)
    case = use_cases.get(use_case)
    return read_cases(workbook(rows, headers), account, case, options or {}, TODAY)


def variables(found):
    subjects = [found.use_case.describe(c.rows, found.context) for c in found.cases]
    return [subject.variables for subject in subjects]


def codes(found):
    return [error.code for error in found.errors]


# --- a new one ----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_new_use_case_needs_one_short_class_and_nothing_else(settings, tmp_path):
    class Raffle(UseCase):
        name = "raffle"
        label = "Raffle"
        columns = (
            NAME,
            DOCUMENT,
            *PHONES,
            Column("prize", "text", ("Premio",), english=("Prize",), stops_row=True),
        )
        needed = (("prize",), CALLABLE)

        def variables(self, rows, values, context):
            return {"tipo_llamada": "sorteo", "premio": values.prize}

    settings.VAR_DIR = tmp_path
    use_cases.register(Raffle())
    try:
        result = import_workbook(
            workbook(
                [[*ANA, "un viaje"], ["luis rey", 960012346, "una taza"]],
                [*HEAD, "Premio"],
            ),
            make_account(name="Tienda"),
            "raffle",
            actor="user:test",
        )
    finally:
        use_cases.unregister("raffle")
    assert (result.jobs, result.error_count) == (2, 0)
    first = Job.objects.order_by("rank").first()
    assert first.status == JobStatus.QUEUED
    assert first.variables == {
        "nombre": "Ana Soto",
        "empresa": "Tienda",
        "tipo_llamada": "sorteo",
        "premio": "un viaje",
    }


# --- who a person is ----------------------------------------------------------------


def test_without_a_document_the_phone_tells_who_a_person_is():
    headers = [*HEAD, "Mensaje"]
    rows = [[*ANA, "Hola"], ["Ana", "+56 9 6001 2345", "hola"], ["Eva", 960012346, "x"]]
    found = read("notification", rows, headers)
    assert [len(case.rows) for case in found.cases] == [2, 1]
    assert (found.contacts, found.cases[0].document) == (2, "")


def test_two_persons_without_document_have_two_keys():
    found = read(
        "notification", [[*ANA, "a"], ["Eva", 960012346, "a"]], [*HEAD, "Aviso"]
    )
    assert len({case.person_key("account") for case in found.cases}) == 2


def test_a_row_with_neither_document_nor_phone_is_reported():
    found = read("notification", [["Ana", "123", "x"], [*ANA, "x"]], [*HEAD, "Aviso"])
    assert codes(found) == ["person_unknown"]
    assert len(found.cases) == 1


def test_a_total_is_no_person_in_any_use_case():
    found = read("notification", [[*ANA, "x"], ["TOTAL", "", ""]], [*HEAD, "Aviso"])
    assert codes(found) == ["row_total"]


# --- marketing ----------------------------------------------------------------------


def test_marketing_says_the_offer():
    headers = [*HEAD, "Oferta", "Descuento", "Válida hasta", "Valor oferta"]
    rows = [[*ANA, "Zapatillas", "15,5%", "30/03/2026", 19990]]
    found = read("marketing", rows, headers, {"company": "Tienda Sol"})
    assert variables(found) == [
        {
            "nombre": "Ana Soto",
            "empresa": "Tienda Sol",
            "tipo_llamada": "marketing",
            "tipo_campana": "promocional",
            "descripcion_oferta": "Zapatillas",
            "descuento_porcentaje": "quince coma cinco por ciento",
            "valor_oferta": "diecinueve mil novecientos noventa pesos",
            "oferta_expira": "30 de marzo de 2026",
        }
    ]
    assert found.total_amount == 0


def test_the_offer_may_be_an_option_of_the_file():
    options = {"offer": "Envío gratis", "discount": "20"}
    [said] = variables(read("marketing", [ANA], HEAD, options))
    assert said["descripcion_oferta"] == "Envío gratis"
    assert said["descuento_porcentaje"] == "veinte por ciento"
    assert codes(read("marketing", [ANA], HEAD)) == ["offer_missing"]


def test_an_offer_that_ended_is_reported():
    headers = [*HEAD, "Oferta", "Vigencia"]
    rows = [[*ANA, "x", "01/03/2026"], ["Eva", 960012346, "x", "02/03/2026"]]
    assert codes(read("marketing", rows, headers)) == ["date_past"]


# --- appointments -------------------------------------------------------------------


def test_each_appointment_is_a_job():
    headers = [*HEAD, "Fecha cita", "Hora", "Profesional", "Sucursal"]
    rows = [
        [*ANA, "05/03/2026", "15:30", "DRA. INES ROJAS", "Sede Centro"],
        [*ANA, "05/03/2026", "15:30", "DRA. INES ROJAS", "Sede Centro"],
        [*ANA, "13/03/2026", "9:00 a.m.", "", ""],
    ]
    found = read("appointment_reminder", rows, headers)
    assert [len(case.rows) for case in found.cases] == [2, 1]
    assert variables(found)[0] == {
        "nombre": "Ana Soto",
        "empresa": "Clínica Uno",
        "tipo_llamada": "recordatorio",
        "fecha_cita": "5 de marzo de 2026",
        "hora_cita": "las tres y media de la tarde",
        "profesional": "Dra. Ines Rojas",
        "lugar": "Sede Centro",
    }
    assert variables(found)[1]["hora_cita"] == "las nueve de la mañana"
    subject = found.use_case.describe(found.cases[0].rows, found.context)
    assert subject.limit_date == date(2026, 3, 5)


@pytest.mark.parametrize(
    ("day", "hour", "code"),
    [
        ("01/03/2026", "10:00", "date_past"),
        ("", "10:00", "date_missing"),
        ("mañana", "10:00", "date_invalid"),
        ("05/03/2026", "25:00", "time_invalid"),
        ("05/03/2026", "tarde", "time_invalid"),
    ],
)
def test_an_appointment_that_cannot_be_said_right_is_reported(day, hour, code):
    headers = [*HEAD, "Fecha cita", "Hora"]
    rows = [[*ANA, day, hour], [*ANA, "06/03/2026", "10:00"]]
    assert codes(read("appointment_reminder", rows, headers)) == [code]


# --- surveys and notifications ------------------------------------------------------


def test_a_survey_asks_its_questions():
    options = {"questions": "¿Cómo fue? | ¿Volvería?", "topic": "Atención"}
    assert variables(read("survey", [ANA], HEAD, options)) == [
        {
            "nombre": "Ana Soto",
            "empresa": "Clínica Uno",
            "tipo_llamada": "encuesta",
            "tema_encuesta": "Atención",
            "pregunta_1": "¿Cómo fue?",
            "pregunta_2": "¿Volvería?",
        }
    ]
    assert codes(read("survey", [ANA], HEAD)) == ["topic_missing"]


def test_long_messages_that_differ_at_their_end_are_two_jobs():
    long = "Su pedido " + "muy " * 100
    rows = [[*ANA, long + "uno"], [*ANA, long + "dos"], [*ANA, long + "uno"]]
    found = read("notification", rows, [*HEAD, "Mensaje"])
    assert [len(case.rows) for case in found.cases] == [2, 1]
    assert all(len(case.subject_key) <= 120 for case in found.cases)


@pytest.mark.parametrize(
    ("use_case", "options"),
    [
        ("survey", {"questions": "|".join(f"p{n}" for n in range(11))}),
        ("marketing", {"discount": "101"}),
        ("marketing", {"discount": "mucho"}),
        ("notification", {"message": "x" * 1001}),
        ("notification", {"colour": "red"}),
    ],
)
def test_bad_options_are_refused(use_case, options):
    with pytest.raises(WorkbookError) as raised:
        read(use_case, [ANA], HEAD, options)
    assert raised.value.code in ("option_invalid", "option_unknown")
    assert "x" * 50 not in raised.value.message


# --- templates ----------------------------------------------------------------------


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("use_case", NAMES)
def test_a_template_is_imported_as_it_stands(use_case, language, country):
    content = template_workbook(use_case, language, country)
    account = SimpleNamespace(name="Cuenta Uno", country=country)
    today = clock.now().date() + timedelta(days=1)
    case = use_cases.get(use_case)
    found = read_cases(content, account, case, {}, today)
    assert (found.errors, found.warning_count, found.questions) == ([], 0, [])
    [job] = found.cases
    assert job.phones()
    assert set(variables(found)[0]) >= {"tipo_llamada", "nombre", "empresa"}


def test_a_template_explains_each_of_its_columns():
    book = load_workbook(BytesIO(template_workbook("debt_collection", "en")))
    data, told = book.worksheets
    headers = [cell.value for cell in data[1]]
    assert headers[0] == "Document"
    assert set(headers) <= {row[0].value for row in told.iter_rows()}
    amount = next(row for row in told.iter_rows() if row[0].value == "Amount")
    assert [cell.value for cell in amount[1:3]] == ["yes", "amount"]


def test_debt_is_summed_in_the_money_of_the_country():
    headers = ["DNI", "Nombre", "Monto", "Celular"]
    rows = [["30.123.456", "Ana", "1.500,50", "11 5555-0123"]]
    [said] = variables(read("debt_collection", rows, headers, country="AR"))
    assert said["monto_total"] == "mil quinientos pesos con cincuenta centavos"
    found = read("debt_collection", rows, headers, country="AR")
    assert found.total_amount == Decimal("1500.50")
