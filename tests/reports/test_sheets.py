from io import BytesIO
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from reports import sheets
from reports.sheets import Book, Column, harmless

NAME = Column("Name", "text", lambda row: row["name"])


def test_full_sheet_goes_on_in_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheets, "MOST_LINES", 3)
    file = BytesIO()
    book = Book(file, ZoneInfo("UTC"))
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
