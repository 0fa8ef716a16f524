"""A layout is known again by its headers, and what drifted is told."""

import json

import pytest

from batches.imports import layouts
from batches.imports.filters import RowFilter
from batches.imports.layouts import Layout
from batches.imports.look import look
from batches.imports.questions import Answers, DuplicatePolicy
from batches.models import LayoutProfile
from batches.use_cases import get
from tests.builders import make_account
from tests.imports.workbooks import HEADERS, row, workbook

DEBT = "debt_collection"


def profile(headers, **values):
    keys = layouts.keys_of(headers)
    columns = [["amount", [list(keys[headers.index("Saldo")])]]]
    return LayoutProfile(headers=headers, columns=columns, **values)


def test_a_signature_ignores_order_accents_and_case():
    own = layouts.signature(["RUT", "Teléfono", "Teléfono"])
    assert own == layouts.signature(["telefono", "TELEFONO", "rut"])
    assert own != layouts.signature(["RUT", "Teléfono"])


def test_a_missing_column_that_means_something_is_told_apart():
    kept = profile(["RUT", "Saldo", "Nota"])
    drift = layouts.drift_of(kept, ["RUT", "Monto"])
    assert drift.missing == ["Saldo", "Nota"]
    assert drift.used == ["Saldo"]
    assert drift.new == ["Monto"]


def test_columns_are_found_where_they_moved_to():
    kept = profile(["RUT", "Saldo"], filters=[[["rut", 0], "empty", ""]])
    found = layouts.applied(kept, ["saldo", "X", "Rut"])
    assert found.columns == {"amount": [0]}
    assert found.filters == [RowFilter(2, "empty")]


def test_a_column_that_lost_its_place_takes_one_of_its_name():
    layout = Layout(columns={"name": [1], "amount": []})
    found = layouts.with_synonyms(layout, {"amount": [1, 3], "name": [5]})
    assert found.columns == {"name": [1], "amount": [3]}


@pytest.mark.parametrize(
    ("total", "mean", "stops"),
    [
        ("1000000", "10000", True),
        ("10000", "100", True),
        ("250000", "10000", True),  # the mean alone: fewer cases, each ten times
        ("300000", "1500", False),
        ("0", "0", False),
    ],
)
def test_ten_times_or_a_tenth_is_a_jump(total, mean, stops):
    last = {"total": "100000", "mean": "1000"}
    assert layouts.jumped({"total": total, "mean": mean}, last) is stops


@pytest.mark.django_db
def test_a_layout_is_kept_once_however_often_it_comes():
    account = make_account()
    for place in (0, 1):
        layouts.remember(
            account,
            DEBT,
            ["RUT", "Saldo"],
            Layout({"amount": [place]}),
            by="x",
            name="a",
        )
    kept = LayoutProfile.objects.get()
    assert kept.columns == [["amount", [["saldo", 0]]]]


@pytest.mark.django_db
def test_a_layout_half_of_which_is_gone_is_another():
    account = make_account()
    layouts.remember(account, DEBT, ["A", "B", "C"], Layout(), by="x", name="a")
    assert layouts.find(account, DEBT, ["A", "B", "D"])
    assert layouts.find(account, DEBT, ["A", "E", "F"]) is None
    assert layouts.find(account, "survey", ["A", "B", "C"]) is None
    assert layouts.find(make_account(), DEBT, ["A", "B", "C"]) is None


def test_a_look_finds_the_sheet_and_header_and_shows_them():
    above = [["Título", *[""] * 8]] * 14
    seen = look(workbook([row()], above=above), get(DEBT), "CL")
    assert (seen.sheet, seen.header_row) == ("cobranza", 15)
    assert seen.rows[-1][1][1] == "SOTO PEREZ, ANA"
    assert seen.values[HEADERS.index("Nombre")] == "SOTO PEREZ, ANA"


def test_a_look_at_a_file_without_header_names_columns_by_letters():
    where = Answers(header_row=0)
    seen = look(workbook([row()], headers=row()), get(DEBT), "CL", where)
    assert seen.headers[:3] == ["A", "B", "C"]
    assert seen.values[1] == "SOTO PEREZ, ANA"


def test_answers_are_kept_whole_but_for_the_password():
    said = Answers(
        sheet="Hoja",
        header_row=0,
        columns={"amount": [2], "name": []},
        amounts=",",
        call_kinds=frozenset({"work"}),
        filters=(RowFilter(3, "is", "Pagado"),),
        variables={"producto": 4},
        fixed={"sitio": "x"},
        duplicates=DuplicatePolicy(by="phone", act="skip"),
    )
    kept = Answers(**{**vars(said), "password": "clave-17"}).as_json()
    assert "clave-17" not in json.dumps(kept)
    assert Answers.from_json(kept) == said
    assert Answers.from_json(Answers().as_json()) == Answers()
