"""What only a whole column shows: nothing is guessed, and a person is asked."""

from datetime import date, time
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches import use_cases
from batches.imports.cases import read_cases
from batches.imports.normalizers.dates import read_date, read_time
from batches.imports.normalizers.numbers import marks_of, read_amount, read_percent
from batches.imports.normalizers.text import mended
from batches.imports.problems import Unreadable
from batches.imports.questions import Answers
from tests.builders import make_rut
from tests.imports.workbooks import HEADERS, row, workbook

TODAY = date(2026, 3, 2)


def read(rows, headers=HEADERS, country="CL", **answers):
    account = SimpleNamespace(name="Cuenta Uno", country=country)
    case = use_cases.get("debt_collection")
    content = workbook(rows, headers)
    return read_cases(content, account, case, {}, TODAY, Answers(**answers))


def of(column, *cells, country="CL", headers=HEADERS, **answers):
    """One person for each cell of a column."""
    rows = [
        row(**{"rut": make_rut(12_000_000 + n), column: cell})
        for n, cell in enumerate(cells)
    ]
    return read(rows, headers, country, **answers)


def amounts(found):
    return [row.values.amount for case in found.cases for row in case.rows]


def dues(found):
    return [row.values.due_date for case in found.cases for row in case.rows]


def codes(found):
    return [error.code for error in found.errors]


def warnings(found):
    return [w.code for case in found.cases for r in case.rows for w in r.warnings]


def asked(found):
    return [question.code for question in found.questions]


# --- amounts ------------------------------------------------------------------------


def test_a_column_of_one_convention_asks_nothing():
    found = of("amount", "1.500", "$ 2.300,50", 1500, "12,5")
    assert amounts(found) == [1500, Decimal("2300.50"), 1500, Decimal("12.5")]
    assert "amount_convention" not in asked(found)


def test_both_conventions_in_a_column_stop_what_depends_on_them():
    found = of("amount", "1.500", "1,234.56", "1.234,56", "900")
    assert amounts(found) == [Decimal("1234.56"), 900]
    assert codes(found) == ["amount_ambiguous", "amount_convention"]
    [question] = [q for q in found.questions if q.code == "amount_convention"]
    assert question.examples == [(3, "1,234.56")]
    assert (question.answer, question.choices) == ("amounts", (",", "."))
    assert question.column == "Saldo actualizado"


def test_a_lone_decimal_point_makes_thousands_doubtful():
    found = of("amount", "1234.56", "1.500")
    assert amounts(found) == [Decimal("1234.56")]
    assert codes(found) == ["amount_ambiguous"]
    assert "amount_convention" in asked(found)


def test_the_answer_decides_how_the_column_is_read():
    found = of("amount", "1,500", "1,234.56", "12.5", amounts=".")
    assert amounts(found) == [1500, Decimal("1234.56"), Decimal("12.5")]
    assert "amount_convention" not in asked(found)
    found = of("amount", "1.500", "1,234.56", amounts=",")
    assert (amounts(found), codes(found)) == ([1500], ["amount_convention"])


def test_the_country_has_its_own_convention():
    headers = ["RFC", *HEADERS[1:]]
    rows = [row(rut="GODE561231GR8", amount="1,500.75", mobile="55 5555 0123")]
    assert amounts(read(rows, headers, "MX")) == [Decimal("1500.75")]


def test_thousands_of_pesos_are_asked_about():
    headers = [*HEADERS[:2], "Saldo actualizado M$", *HEADERS[3:]]
    found = of("amount", 150, 2, headers=headers)
    assert (amounts(found), codes(found)) == ([], ["amount_unit"] * 2)
    assert asked(found) == ["amount_unit"]
    assert amounts(of("amount", 150, 2, headers=headers, unit="1000")) == [150000, 2000]


@pytest.mark.parametrize("header", ["Saldo actualizado UF", "Saldo actualizado (USD)"])
def test_a_column_in_another_money_is_never_read_as_pesos(header):
    headers = [*HEADERS[:2], header, *HEADERS[3:]]
    assert codes(of("amount", 12, headers=headers)) == ["amount_currency"]


def test_rows_of_another_currency_are_reported():
    headers = [*HEADERS, "Moneda"]
    rows = [[*row(), "CLP"], [*row(), "UF"], [*row(), "$"], [*row(), ""]]
    found = read(rows, headers)
    assert codes(found) == ["amount_currency"]
    assert len(found.cases[0].rows) == 3


def test_fractions_of_pesos_are_pointed_out():
    found = of("amount", 1500.25, "12,5", 300)
    [question] = [q for q in found.questions if q.code == "amount_fraction"]
    assert (question.count, question.choices) == (2, ())


@pytest.mark.parametrize(
    "cell", ["1.500-", "(1.500)", "-1.500", "$ (1.500)", "($ 1.500)"]
)
def test_balances_in_favour_are_never_called_about(cell):
    assert codes(of("amount", cell)) == ["amount_negative"]


cents = st.decimals("0.01", "99999999.99", places=2)


def in_points(amount: Decimal) -> str:
    return f"{amount:,.2f}"


@settings(deadline=None)
@given(cents)
def test_an_amount_survives_every_writing_with_decimal_points(amount):
    words = ("MXN", "PESOS", "M.N.")
    forms = [in_points(amount), f"$ {in_points(amount)}", f"{in_points(amount)} M.N."]
    read = {read_amount(form, ".", words) for form in [*forms, str(amount)]}
    assert read == {amount}


@settings(deadline=None, max_examples=600)
@given(st.text("0123456789., ", min_size=1, max_size=12))
def test_an_amount_with_one_reading_is_read_alike_under_both_conventions(text):
    read = []
    for decimal in (",", "."):
        try:
            read.append(read_amount(text, decimal))
        except Unreadable:
            continue
    if marks_of(text) != "?":
        assert len(set(read)) <= 1


# --- dates --------------------------------------------------------------------------


def test_dates_that_excel_turned_around_stop_the_column():
    found = of("due", date(2025, 5, 9), "28/09/2025", date(2025, 3, 10), "15/10/2025")
    assert dues(found) == [None] * 4
    assert warnings(found) == ["date_swapped"] * 4
    [question] = [q for q in found.questions if q.code == "dates_swapped"]
    assert question.examples == [(2, "2025-05-09"), (4, "2025-03-10")]


def test_swapped_dates_are_put_right_when_somebody_says_so():
    cells = (date(2025, 5, 9), "28/09/2025")
    assert dues(of("due", *cells, real_dates="swapped")) == [
        date(2025, 9, 5),
        date(2025, 9, 28),
    ]
    assert dues(of("due", *cells, real_dates="right"))[0] == date(2025, 5, 9)


def test_a_real_date_after_the_twelfth_proves_that_nothing_was_turned():
    found = of("due", date(2025, 5, 9), date(2025, 5, 20), "28/09/2025")
    assert dues(found) == [date(2025, 5, 9), date(2025, 5, 20), date(2025, 9, 28)]
    assert "dates_swapped" not in asked(found)


def test_both_orders_in_a_column_stop_what_depends_on_them():
    found = of("due", "28/09/2025", "09/28/2025", "05/03/2025")
    assert dues(found) == [date(2025, 9, 28), None, None]
    assert warnings(found) == ["date_invalid", "date_ambiguous"]
    assert "date_order" in asked(found)
    assert dues(of("due", "09/28/2025", "05/03/2025", dates="md")) == [
        date(2025, 9, 28),
        date(2025, 5, 3),
    ]


def test_a_date_in_words_is_read():
    found = of("due", "28 de septiembre de 2025", "28-sep-25", "1 Oct 2025")
    assert dues(found) == [date(2025, 9, 28), date(2025, 9, 28), date(2025, 10, 1)]


days = st.dates(date(1990, 1, 1), date(2100, 12, 31))


@settings(deadline=None)
@given(days)
def test_a_date_survives_every_writing_with_the_month_first(day):
    serial = (day - date(1904, 1, 1)).days
    assert read_date(f"{day:%m/%d/%Y}", False) == day
    assert read_date(day.isoformat(), False) == day
    if serial >= 32000:
        assert read_date(serial, since_1904=True) == day


@settings(deadline=None)
@given(st.times())
def test_an_hour_survives_every_writing(hour):
    hour = hour.replace(second=0, microsecond=0)
    minutes = hour.hour * 60 + hour.minute
    half = f"{hour:%I:%M} {'a. m.' if hour.hour < 12 else 'p. m.'}"
    cells = [hour, f"{hour:%H:%M}", f"{hour:%H:%M:%S} hrs", half, minutes / 1440]
    assert {read_time(cell) for cell in cells} == {f"{hour:%H:%M}"}


@pytest.mark.parametrize("cell", ["25:00", "9:75", "13:00 pm", "15", "tarde", True, 3])
def test_what_is_no_hour_is_refused(cell):
    with pytest.raises(Unreadable):
        read_time(cell)


def test_a_percentage_below_one_is_not_guessed():
    assert read_percent("15,5 %") == Decimal("15.5")
    for cell in (0.15, 101, "-3%", "quince", True, time(1)):
        with pytest.raises(Unreadable):
            read_percent(cell)


# --- documents and phones -----------------------------------------------------------


def test_a_column_without_check_digits_is_asked_about():
    bodies = [12345678, 12345679, 12345680, 12345681, 12345682]
    rows = [row(rut=body) for body in bodies]
    found = read(rows)
    assert codes(found).count("document_check_digit") >= 4
    assert asked(found) == ["document_digit"]
    found = read(rows, documents="without_digit")
    assert [case.document for case in found.cases] == [
        f"CL:RUT:{make_rut(body)}" for body in bodies
    ]


def test_a_check_digit_of_its_own_column_is_joined():
    headers = ["RUT", "DV", *HEADERS[1:]]
    rows = [[12345678, 5, *row()[1:]], [20961605, "K", *row()[1:]]]
    rows += [[12345678, 6, *row()[1:]], ["20.961.605-K", "", *row()[1:]]]
    found = read(rows, headers)
    assert [case.document for case in found.cases] == [
        "CL:RUT:123456785",
        "CL:RUT:20961605K",
    ]
    assert codes(found) == ["document_check_digit"]


def test_argentine_phones_of_no_known_kind_are_asked_about():
    headers = ["DNI", "Nombre", "Saldo", "Teléfono"]
    rows = [["30.123.456", "Ana", 1500, 3514567890]]
    found = read(rows, headers, "AR")
    assert (found.cases[0].phones(), asked(found)) == ([], ["phone_kind"])
    assert warnings(found) == ["phone_kind_unknown"]
    for kind, number in (("mobile", "+5493514567890"), ("landline", "+543514567890")):
        found = read(rows, headers, "AR", phones=kind)
        assert (found.cases[0].phones(), asked(found)) == ([number], [])


def test_each_phone_has_the_kind_that_its_own_column_says():
    headers = [*HEADERS[:5], "FONO1", "TIPO1", "FONO2", "TIPO2", "FONO10", "TIPO10"]
    start = row()[:5]
    rows = [[*start, 84190650, "CELULAR", 960012345, "Ref. familiar", 28151807, "CASA"]]
    found = read(rows, headers)
    assert found.cases[0].phones() == ["+56984190650", "+56228151807"]
    assert found.reader.phones.excluded == 1


def test_phones_of_others_are_not_called_until_somebody_decides_it():
    headers = [*HEADERS, "Teléfono laboral", "Celular aval"]
    rows = [[*row(), 960012346, 960012347]]
    found = read(rows, headers)
    assert found.cases[0].phones() == ["+56960012345"]
    assert ["Teléfono laboral", "960012346"] in found.reader.other_columns(
        found.cases[0].rows[0]
    )
    found = read(rows, headers, call_kinds=frozenset({"work"}))
    assert found.cases[0].phones() == ["+56960012345", "+56960012346"]


def test_people_of_the_united_states_are_known_by_their_phone():
    headers = ["Customer id", "Name", "Amount", "Phone"]
    rows = [["C-1", "Ann", "1,500.50", "(202) 555-0123"]]
    found = read(rows, headers, "US")
    assert (found.errors, found.cases[0].document) == ([], "")
    assert amounts(found) == [Decimal("1500.50")]


# --- text that lost its letters -----------------------------------------------------


@pytest.mark.parametrize(
    "text", ["MUÑOZ", "José Pérez", "ÁNGEL", "à la", "“Ñandú”", "€", "😀"]
)
def test_text_of_another_encoding_is_mended(text):
    assert mended("".join(map(_seen, text.encode("utf-8")))) == text
    assert mended(text) == text


def _seen(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def test_a_name_that_lost_its_letters_is_not_said():
    found = read([row(name="PE\ufffdA, ANA"), row(name="MU\u00c3\u2018OZ, EVA")])
    assert warnings(found) == ["text_broken"]
    assert [r.values.name for r in found.cases[0].rows] == [None, "MUÑOZ, EVA"]


@settings(deadline=None)
@given(st.text("áéíóúñÁÉÍÓÚÑüÜ abcXYZ", max_size=20))
def test_sound_spanish_is_never_changed(text):
    assert mended(text) == text
