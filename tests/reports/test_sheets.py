from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from reports import sheets
from reports.sheets import Book, Column, harmless

NAME = Column("Name", "text", lambda row: row["name"])


def test_full_sheet_goes_on_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST_LINES", 3)
    file = BytesIO()
    book = Book(file, ZoneInfo("UTC"), str(tmp_path))
    sheet = book.sheet("Cases", [NAME])
    for name in "abcde":
        sheet.write({"name": name})
    book.close()
    written = {
        sheet.title: [value for (value,) in sheet.iter_rows(values_only=True)]
        for sheet in openpyxl.load_workbook(file)
    }
    assert written == {
        "Cases": ["Name", "a", "b"],
        "Cases 2": ["Name", "c", "d"],
        "Cases 3": ["Name", "e"],
    }


@pytest.mark.parametrize(
    "text", ["+56912345678", "+56 9 1234 5678", "-5", "-1.234,50", "Ana", " =1", ""]
)
def test_text_without_danger_is_left_alone(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "<r><t>x</t></r>",
        "a & b < c > d",
        " spaces ",
        "two\nlines",
        "tab\there",
        "control \x01 and \x0b",
        "_x0041_",
        "ñandú 🙂",
        "\"quoted\" 'text'",
    ],
)
def test_text_comes_back_as_it_went(tmp_path: Path, text: str) -> None:
    assert written(tmp_path, text) == text


def test_text_longer_than_a_cell_is_cut(tmp_path: Path) -> None:
    assert written(tmp_path, "x" * 40_000) == "x" * 32_767


def test_cut_does_not_split_a_character(tmp_path: Path) -> None:
    assert written(tmp_path, "🙂" * 20_000) == "🙂" * 16_383


def written(tmp_path: Path, text: str) -> str:
    file = BytesIO()
    book = Book(file, ZoneInfo("UTC"), str(tmp_path))
    book.sheet("Cases", [NAME]).write({"name": text})
    book.close()
    # Excel unescapes what is written as _xHHHH_; openpyxl leaves that to the caller.
    return unescape(openpyxl.load_workbook(file).active["A2"].value)
