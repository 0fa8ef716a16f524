from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from batches import use_cases
from batches.imports import cases as cases_module
from batches.imports.cases import read_cases
from batches.imports.problems import WorkbookError
from tests.imports.workbooks import HEADERS, RUT_A, RUT_C, row, workbook

ACCOUNT = SimpleNamespace(name="Cuenta Uno", country="CL")
TODAY = date(2025, 11, 1)


def read(rows, headers=HEADERS, options=None, account=ACCOUNT):
    case = use_cases.get("debt_collection")
    return read_cases(workbook(rows, headers), account, case, options or {}, TODAY)


def subjects(found):
    return [found.use_case.describe(c.rows, found.context) for c in found.cases]


def only_subject(rows, **options):
    [subject] = subjects(read(rows, **options))
    return subject


def errors(found):
    return [(e.row, e.column, e.value, e.code) for e in found.errors]


# --- grouping -----------------------------------------------------------------------


def test_rows_of_a_person_and_creditor_are_one_case():
    found = read(
        [row(amount=100), row(rut=123456785, amount="$ 1.234,56"), row(rut=RUT_C)]
    )
    assert [
        (len(c.rows), s.amount, s.coupons)
        for c, s in zip(found.cases, subjects(found), strict=True)
    ] == [
        (2, Decimal("1334.56"), 2),
        (1, Decimal(150000), 1),
    ]
    assert (found.rows, found.contacts) == (3, 2)


def test_creditors_are_compared_without_accents_case_and_spaces():
    found = read(
        [
            row(company=name)
            for name in ("Estética Sur", "ESTETICA SUR", " esteticasur ")
        ]
    )
    assert [s.creditor for s in subjects(found)] == ["Estética Sur"]


def test_two_creditors_of_a_person_are_two_cases():
    found = read([row(company="Uno"), row(company="Dos")])
    assert (len(found.cases), found.contacts) == (2, 1)


def test_an_empty_creditor_is_the_account():
    found = read([row(company=""), row(company="CUENTA  UNO"), row(company=" ")])
    assert [s.creditor for s in subjects(found)] == ["Cuenta Uno"]


def test_the_entities_of_credit_and_collection_stay_extra_columns():
    headers = [*HEADERS[:7], "Entidad de credito", "Entidad de cobro"]
    found = read([[*row()[:7], "Banco Uno", "Externa"]], headers)
    [case] = found.cases
    assert found.reader.other_columns(case.rows[0]) == [
        ["Entidad de credito", "Banco Uno"],
        ["Entidad de cobro", "Externa"],
    ]
    assert subjects(found)[0].creditor == "Cuenta Uno"


def test_the_total_is_exact_whatever_the_cells_are():
    found = read(
        [
            row(amount=0.1),
            row(amount=0.2),
            row(amount="0,3"),
            row(rut=RUT_C, amount=1e9),
        ]
    )
    assert found.total_amount == Decimal("1000000000.6")


# --- dates of a group ---------------------------------------------------------------


def test_dates_follow_the_formulas_of_the_group():
    subject = only_subject(
        [
            row(due="01/09/2025", days=40),
            row(due="15/09/2025", days=26),
            row(due="10/09/2025", days=90),
        ]
    )
    assert subject.limit_date == date(2025, 10, 14)
    assert subject.max_date == date(2025, 10, 18)


@pytest.mark.parametrize("due", [date(2025, 9, 28), 45928, "28-09-25", "2025-09-28"])
def test_due_dates_may_be_dates_serials_or_text(due):
    assert only_subject([row(due=due, days=0)]).limit_date == date(2025, 10, 1)


def test_options_take_the_place_of_the_dates():
    subject = only_subject([row()], options={"limit_days": "3", "max_days": 10})
    assert (subject.limit_date, subject.max_date) == (
        date(2025, 11, 4),
        date(2025, 11, 11),
    )


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"limit_days": 0}, "option_invalid"),
        ({"limit_days": 365}, "option_invalid"),
        ({"max_days": 366}, "option_invalid"),
        ({"limit_days": 5, "max_days": 5}, "option_invalid"),
        ({"limit_days": 6, "max_days": 5}, "option_invalid"),
        ({"max_days": 1}, "option_invalid"),
        ({"limit_days": "tres"}, "option_invalid"),
        ({"limit_days": "1.5"}, "option_invalid"),
        ({"colour": 1}, "option_unknown"),
    ],
)
def test_bad_options_are_refused(options, code):
    with pytest.raises(WorkbookError) as raised:
        read([row()], options=options)
    assert raised.value.code == code


def test_blank_days_late_count_as_none():
    assert only_subject([row(due="28/09/2025", days="")]).limit_date == date(
        2025, 10, 1
    )


def test_an_unreadable_date_leaves_the_dates_to_the_other_rows():
    found = read(
        [
            row(due="31/12/9999"),
            row(due="28/09/2025", days=30),
            row(due="01/01/2025", days="mucho"),
        ]
    )
    [subject] = subjects(found)
    assert (subject.limit_date, subject.max_date) == (
        date(2025, 10, 31),
        date(2025, 11, 4),
    )
    assert [w.code for r in found.cases[0].rows for w in r.warnings] == [
        "date_out_of_range",
        "days_invalid",
    ]


def test_without_any_due_date_there_are_no_dates():
    subject = only_subject([row(due="")])
    assert (subject.limit_date, subject.max_date) == (None, None)
    assert "fecha_limite" not in subject.variables


# --- phones -------------------------------------------------------------------------


def test_phones_are_mobiles_first_then_landlines_each_once():
    found = read(
        [
            row(landline="02-20001234", mobile=""),
            row(landline=220001234, mobile=960012345.0),
            row(mobile="9 6001 2345 / 960019999"),
        ]
    )
    assert found.cases[0].phones() == ["+56960012345", "+56960019999", "+56220001234"]


def test_a_bad_phone_beside_a_good_one_is_a_warning():
    found = read([row(landline="12345")])
    [warning] = found.cases[0].rows[0].warnings
    assert warning == (2, "Teléfono Residencial", "12345", "phone_invalid")
    assert (found.without_phone, found.warning_count) == (0, 1)


def test_a_person_without_a_usable_phone_is_a_case():
    found = read([row(mobile="999999999"), row(rut=RUT_C, mobile="", landline="")])
    assert (len(found.cases), found.without_phone, found.errors) == (2, 2, [])


# --- rows that are no part of a case ------------------------------------------------


@pytest.mark.parametrize(
    ("values", "column", "value", "code"),
    [
        ({"rut": ""}, "RUTS", "", "document_missing"),
        ({"rut": "12.345.678-9"}, "RUTS", "12.345.678-9", "document_check_digit"),
        ({"rut": 123456784.0}, "RUTS", "123456784", "document_check_digit"),
        ({"rut": "11.111.111-1"}, "RUTS", "11.111.111-1", "document_dummy"),
        ({"amount": ""}, "Saldo actualizado", "", "amount_missing"),
        ({"amount": "  "}, "Saldo actualizado", "", "amount_missing"),
        ({"amount": "s/i"}, "Saldo actualizado", "s/i", "amount_invalid"),
        ({"amount": -10.5}, "Saldo actualizado", "-10.5", "amount_negative"),
        ({"amount": 0}, "Saldo actualizado", "0", "amount_zero"),
        ({"company": "#N/D"}, "Origen Empresa", "#N/D", "formula_error"),
        ({"rut": "TOTAL"}, "RUTS", "TOTAL", "row_total"),
        ({"rut": "", "name": "Total general"}, "Nombre", "Total general", "row_total"),
        (
            {"rut": "", "name": "SUBTOTAL norte"},
            "Nombre",
            "SUBTOTAL norte",
            "row_total",
        ),
    ],
)
def test_a_row_that_is_no_person_is_reported_and_stops_nothing(
    values, column, value, code
):
    found = read([row(), row(**values), row()])
    assert errors(found) == [(3, column, value, code)]
    assert len(found.cases[0].rows) == 2
    assert found.rows == 3


def test_a_repeated_header_is_reported():
    found = read([row(), HEADERS, row()])
    assert errors(found) == [(3, "RUTS", "RUTS", "row_header")]


def test_a_bad_rut_in_a_row_that_mentions_a_total_is_a_bad_rut():
    found = read([row(), row(rut="1-9", title="Total")])
    assert found.errors[0].code == "document_invalid"


def test_everything_wrong_with_a_row_is_said_at_once():
    [error] = read([row(), row(rut="", amount="x")]).errors
    assert error.code == "document_missing"
    assert error.message.startswith("RUTS: ")
    assert "Saldo actualizado: " in error.message


def test_every_row_is_in_a_case_or_reported():
    found = read(
        [row(), [], row(rut="x"), HEADERS, row(rut=RUT_C), row(rut="", name="TOTAL")]
    )
    in_cases = sum(len(case.rows) for case in found.cases)
    assert (found.rows, in_cases, len(found.errors)) == (5, 2, 3)


def test_a_file_without_a_single_good_row_is_read_all_the_same():
    found = read([row(rut="x"), row(rut="y")])
    assert (found.rows, len(found.cases), len(found.errors)) == (2, 0, 2)


def test_a_person_with_far_too_many_rows_refuses_the_file(monkeypatch):
    monkeypatch.setattr(cases_module, "MAX_CASE_SIZE", 1000)
    with pytest.raises(WorkbookError) as raised:
        read([row(), row(), row(rut=RUT_C), row()])
    assert (raised.value.code, raised.value.row) == ("case_too_large", 5)


def test_an_unknown_country_is_refused():
    with pytest.raises(WorkbookError) as raised:
        read([row()], account=SimpleNamespace(name="X", country="BO"))
    assert raised.value.code == "country_unknown"


# --- what is kept and said ----------------------------------------------------------


def test_other_columns_are_kept_as_text():
    headers = [*HEADERS, "Cuota", "FechaPedido", "", "Grupo"]
    extra = [3.0, date(2025, 8, 1), "suelto", 12.5]
    found = read([[*row(title=" T\n1 "), *extra]], headers)
    assert found.reader.other_columns(found.cases[0].rows[0]) == [
        ["Título", "T 1"],
        ["Cuota", "3"],
        ["FechaPedido", "2025-08-01"],
        ["L", "suelto"],
        ["Grupo", "12.5"],
    ]


def test_debt_lines_are_kept_as_text():
    subject = only_subject(
        [row(amount=1234.5, title=77.0), row(amount="10", due="", days="", title="")]
    )
    assert subject.debts == [
        {
            "row": "2",
            "operation": "77",
            "due_date": "2025-09-28",
            "days_late": "30",
            "amount": "1234.5",
        },
        {"row": "3", "amount": "10"},
    ]


def test_variables_are_said_in_spanish_and_never_hold_the_document():
    subject = only_subject(
        [
            row(rut=RUT_A, company="COSMETICOS ANDINOS"),
            row(amount=1, days=45, company="Cosmeticos Andinos"),
        ]
    )
    assert subject.variables == {
        "tipo_llamada": "cobranza",
        "nombre": "Ana Soto Perez",
        "empresa": "Cosmeticos Andinos",
        "monto_total": "ciento cincuenta mil un pesos",
        "cuotas_adeudadas": "dos",
        "cantidad_cupones": "dos",
        "dias_vencidos": "cuarenta y cinco",
        "fecha_limite": "31 de octubre de 2025",
        "fecha_maxima": "4 de noviembre de 2025",
    }
