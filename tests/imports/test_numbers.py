from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.imports.normalizers.numbers import read_amount, read_days
from batches.imports.problems import Unreadable

cents = st.decimals("0.01", "99999999.99", places=2)


def chilean(amount: Decimal) -> str:
    whole, _, part = f"{amount:,.2f}".partition(".")
    return f"{whole.replace(',', '.')},{part}"


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        (150000, "150000"),
        (150000.0, "150000"),
        (1234.56, "1234.56"),
        (0.1 + 0.2, "0.3"),
        (100000 / 3, "33333.333333"),
        ("150000", "150000"),
        ("150000.0", "150000"),
        ("$ 1.234,56", "1234.56"),
        ("$1.234,56", "1234.56"),
        ("1.234.567", "1234567"),
        ("$ 45.990.-", "45990"),
        ("45.990,-", "45990"),
        ("CLP 45.990", "45990"),
        ("CLP$45.990", "45990"),
        ("45.990 pesos", "45990"),
        ("1 234 567", "1234567"),
        ("\xa0$\xa01.234\xa0", "1234"),
        ("1.500", "1500"),  # the Chilean convention
        ("12,5", "12.5"),
        ("1234,5678", "1234.5678"),
        ("1234.56", "1234.56"),  # can only be a decimal mark
        ("'15000", "15000"),
    ],
)
def test_amounts_are_read_exactly(cell, amount):
    assert read_amount(cell) == Decimal(amount)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1,500", "amount_ambiguous"),
        ("12345.678", "amount_ambiguous"),
        ("1,234.56", "amount_convention"),
        ("1,234,567", "amount_convention"),
        (-1500, "amount_negative"),
        (-0.5, "amount_negative"),
        ("-1.500", "amount_negative"),
        ("1.500-", "amount_negative"),
        ("(1.500)", "amount_negative"),
        ("$ -1.500", "amount_negative"),
        ("$ 1.500-", "amount_negative"),
        ("\u22121.500", "amount_negative"),  # a typographic minus
        (0, "amount_zero"),
        ("0", "amount_zero"),
        ("0,00", "amount_zero"),
        (1e13, "amount_too_large"),
        ("9" * 40, "amount_too_large"),
        ("por confirmar", "amount_invalid"),
        ("1.50.000", "amount_invalid"),
        ("1500 2", "amount_invalid"),
        ("UF 12,5", "amount_currency"),
        ("US$ 100", "amount_currency"),
        ("M$ 100", "amount_unit"),
        ("1.5E+05", "amount_invalid"),
        ("0,0000006", "amount_invalid"),
        ("#¡REF!", "amount_invalid"),
        ("1..500", "amount_invalid"),
        (True, "amount_invalid"),
        (float("nan"), "amount_invalid"),
        (float("inf"), "amount_invalid"),
        (None, "amount_invalid"),
    ],
)
def test_what_is_no_amount_is_refused_with_a_code(cell, code):
    with pytest.raises(Unreadable) as raised:
        read_amount(cell)
    assert raised.value.code == code


@settings(deadline=None)
@given(cents)
def test_an_amount_survives_every_writing(amount):
    writings = [chilean(amount), f"$ {chilean(amount)}", str(amount), float(amount)]
    assert {read_amount(writing) for writing in writings} == {amount}


@settings(deadline=None, max_examples=500)
@given(st.text("0123456789., $-()", max_size=16))
def test_an_amount_never_has_other_digits_than_the_cell(text):
    try:
        read = read_amount(text)
    except Unreadable:
        return
    typed = "".join(c for c in text if c.isdigit())
    shown = format(read, "f").replace(".", "")
    assert typed.strip("0") == shown.strip("0")
    assert read_amount(str(read)) == read


@settings(deadline=None)
@given(st.lists(cents, min_size=1, max_size=30))
def test_sums_of_what_excel_holds_are_exact(amounts):
    assert sum(read_amount(float(amount)) for amount in amounts) == sum(amounts)


@pytest.mark.parametrize(
    ("cell", "days"),
    [
        (30, 30),
        (30.0, 30),  # never 300
        ("30", 30),
        ("30.0", 30),
        ("30,0", 30),
        (" 30 días ", 30),
        (-5, -5),
        ("-5", -5),
        (0, 0),
    ],
)
def test_days_are_whole_days(cell, days):
    assert read_days(cell) == days


@pytest.mark.parametrize(
    "cell", [30.5, "30.5", "treinta", "1/2", True, float("nan"), float("inf"), 10**6]
)
def test_what_is_no_number_of_days_is_refused(cell):
    with pytest.raises(Unreadable):
        read_days(cell)
