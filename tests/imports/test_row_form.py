"""Rows as they are held between the reading of a file and its cases."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches import use_cases
from batches.imports.rows import form_of
from batches.use_cases.base import CellWarning, Row

TEXTS = (st.text(max_size=9),) * 3
VALUES = st.one_of(st.none(), st.text(max_size=20), st.integers())
OF_KIND = {
    "amount": st.none() | st.decimals(allow_nan=False, allow_infinity=False),
    "percent": st.none() | st.decimals(0, 100, places=2),
    "date": st.none() | st.dates(date(1990, 1, 1), date(2100, 12, 31)),
}


@pytest.mark.parametrize("name", [name for name, _label in use_cases.choices()])
@given(data=st.data())
def test_a_packed_row_is_the_same_row(name, data):
    columns = tuple(use_cases.get(name).columns)
    form = form_of(columns)
    values = [data.draw(OF_KIND.get(column.kind, VALUES)) for column in columns]
    warnings = data.draw(st.lists(st.builds(CellWarning, st.integers(), *TEXTS)))
    phones = data.draw(st.lists(st.lists(st.text(max_size=12)), max_size=6))
    row = Row(7, form.values_type._make(values), phones, tuple(warnings), "a\x1fb")
    assert form.row(form.packed(row)) == row


def test_an_amount_keeps_its_decimals():
    columns = tuple(use_cases.get("debt_collection").columns)
    form = form_of(columns)
    amounts = [Decimal("1.50") if c.kind == "amount" else None for c in columns]
    row = Row(1, form.values_type._make(amounts), [], (), "")
    assert str(form.row(form.packed(row)).values.amount) == "1.50"
