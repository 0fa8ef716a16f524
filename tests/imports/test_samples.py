import hashlib
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import phonenumbers
import pytest
from python_calamine import CalamineWorkbook

from batches import use_cases
from batches.imports.cases import read_cases
from samples.make_samples import Expected, write_collections_workbook

ACCOUNT = SimpleNamespace(name="Demo", country="CL")


def read(path):
    case = use_cases.get("debt_collection")
    return read_cases(path, ACCOUNT, case, {}, date(2026, 1, 5))


@pytest.mark.parametrize(("rows", "seed"), [(60, 7), (2000, 1), (2000, 2), (300, 3)])
def test_importing_a_sample_gives_what_its_maker_expects(tmp_path, rows, seed):
    path = tmp_path / "cobranza.xlsx"
    expected = write_collections_workbook(path, rows, seed)
    found = read(path)
    assert expected.rows == rows
    assert expected == Expected(
        rows=found.rows,
        jobs=len(found.cases),
        contacts=found.contacts,
        without_phone=found.without_phone,
        errors=len(found.errors),
        total_amount=found.total_amount,
    )
    assert rows == sum(len(c.rows) for c in found.cases) + len(found.errors)


def test_a_sample_has_the_dirt_of_a_real_workbook(tmp_path):
    path = tmp_path / "cobranza.xlsx"
    write_collections_workbook(path)
    found = read(path)
    assert len(found.headers) == 45
    codes = {error.code for error in found.errors}
    assert {"row_total", "row_header", "document_check_digit"} <= codes
    assert {"document_missing", "amount_missing", "amount_invalid"} <= codes
    assert {case.subject_key for case in found.cases} == {
        *("cosmeticosandinos", "bellezaaustral", "demo")
    }
    assert max(len(case.rows) for case in found.cases) > 1
    assert found.warning_count > 0
    assert any(case.document.endswith("K") for case in found.cases)
    sheets = CalamineWorkbook.from_path(path).sheet_names
    assert sheets[0] == "cobranza"
    assert len(sheets) > 1


def test_the_phones_of_a_sample_are_valid_and_of_blocks_that_nobody_holds(tmp_path):
    path = tmp_path / "cobranza.xlsx"
    write_collections_workbook(path)
    for case in read(path).cases:
        for phone in case.phones():
            assert phone.startswith(("+56960", "+56220"))
            assert phonenumbers.is_valid_number(phonenumbers.parse(phone))


def test_the_same_seed_gives_the_same_file(tmp_path):
    paths = [tmp_path / "a.xlsx", tmp_path / "b.xlsx"]
    for path in paths:
        write_collections_workbook(path, 100, 5)
    first, second = (hashlib.sha256(path.read_bytes()).digest() for path in paths)
    assert first == second


def test_the_shipped_sample_is_the_makers(tmp_path, settings):
    path = tmp_path / "cobranza.xlsx"
    expected = write_collections_workbook(path, 60, 7)
    shipped = read(settings.BASE_DIR / "samples" / "cobranza.xlsx")
    assert (shipped.rows, shipped.total_amount) == (60, expected.total_amount)
    assert shipped.total_amount > Decimal(0)
