import zipfile
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter

from batches.imports.problems import WorkbookError
from batches.imports.reader import open_table
from batches.imports.sniffer import OLE, sniff
from batches.use_cases.debt_collection import DebtCollection
from tests.imports.workbooks import HEADERS, RUT_A, row, workbook

FILES = Path(__file__).parent / "files"


def table_of(source):
    """Sheet, header row, other sheets, and the rows of a workbook."""
    case = DebtCollection()
    with open_table(source, case.columns, case.needed) as table:
        return table.sheet, table.header_row, table.other_sheets, list(table.rows)


def refusal(source) -> WorkbookError:
    with pytest.raises(WorkbookError) as raised:
        table_of(source)
    return raised.value


def zipped(**files: str) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


def spreadsheet(cells: list[list[str]]) -> bytes:
    """A small OpenDocument spreadsheet of text cells."""
    lines = "".join(
        "<table:table-row>"
        + "".join(
            '<table:table-cell office:value-type="string">'
            f"<text:p>{cell}</text:p></table:table-cell>"
            for cell in line
        )
        + "</table:table-row>"
        for line in cells
    )
    space = "urn:oasis:names:tc:opendocument:xmlns:{0}:1.0"
    names = " ".join(
        f'xmlns:{n}="{space.format(n)}"' for n in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {names}><office:body>'
        f'<office:spreadsheet><table:table table:name="hoja">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    mimetype = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = "<manifest/>"
    return zipped(
        **{
            "mimetype": mimetype,
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"<html><table><tr><td>RUTS</td></tr></table></html>", "columns_missing"),
        (b"\xef\xbb\xbf  <!DOCTYPE html><html></html>", "workbook_empty"),
        (b'<?xml version="1.0"?><Workbook></Workbook>', "file_not_workbook"),
        (b"RUTS;Nombre\n12.345.678-5;Ana\n", "columns_missing"),
        ("RUTS\tNombre".encode("utf-16"), "columns_missing"),
        (b"%PDF-1.7\x00\x01", "file_not_workbook"),
        (b"\x89PNG\r\n\x1a\n\x00", "file_not_workbook"),
        (zipped(**{"word/document.xml": "<x/>"}), "file_not_workbook"),
        (b"PK\x03\x04 cut short", "file_damaged"),
        (zipped(**{"xl/workbook.xml": "<broken"}), "file_damaged"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "file_damaged"),
        (OLE + "WordDocument".encode("utf-16-le"), "file_not_workbook"),
        (OLE + "Workbook".encode("utf-16-le"), "file_damaged"),
    ],
)
def test_what_is_no_workbook_is_refused_by_its_content(content, code):
    assert refusal(content).code == code


def test_a_zip_with_a_password_is_refused():
    content = bytearray(zipped(**{"xl/workbook.xml": "<x/>"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    assert refusal(bytes(content)).code == "file_encrypted"


def test_a_file_beyond_the_limit_is_refused(settings):
    settings.UPLOAD_MAX_BYTES = 1000
    assert refusal(workbook([row()])).code == "file_too_large"


def test_a_zip_bomb_is_refused_before_it_is_opened(settings):
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 3_000_000)
    settings.UPLOAD_MAX_BYTES = 50_000
    assert refusal(file.getvalue()).code == "file_bomb"


def test_a_missing_file_is_refused():
    assert refusal("/nowhere/cobranza.xlsx").code == "file_missing"


def test_the_extension_is_not_believed(tmp_path):
    path = tmp_path / "cobranza.csv"
    path.write_bytes(workbook([row()]))
    assert sniff(path) == "xlsx"
    assert len(table_of(path)[3]) == 1


def test_old_excel_is_read():
    [(number, cells)] = table_of(FILES / "cobranza.xls")[3]
    assert (number, cells[3]) == (2, date(2025, 9, 28))


def test_open_document_is_read():
    content = spreadsheet([HEADERS, [str(cell) for cell in row()]])
    assert sniff(content) == "ods"
    assert table_of(content)[3][0][1][0] == RUT_A


def test_an_empty_workbook_is_refused():
    assert refusal(workbook([], headers=[])).code == "workbook_empty"


def test_a_header_without_rows_is_refused():
    error = refusal(workbook([], more_sheets=["Hoja2"]))
    assert error.code == "rows_missing"
    assert "cobranza" in error.message


@pytest.mark.parametrize(
    ("absent", "named"),
    [
        (["RUTS"], "RUTS"),
        (["Saldo actualizado"], "Saldo actualizado"),
        (["RUTS", "Saldo actualizado"], "RUTS, Saldo actualizado"),
        (
            ["Teléfono móvil", "Teléfono Residencial"],
            "Teléfono móvil / Teléfono Residencial / Teléfono",
        ),
    ],
)
def test_missing_columns_are_named(absent, named):
    headers = [f"Otra {i}" if h in absent else h for i, h in enumerate(HEADERS)]
    error = refusal(workbook([row()], headers=headers))
    assert error.code == "columns_missing"
    assert f": {named}." in error.message


def test_two_columns_for_the_same_needed_thing_are_refused():
    headers = [*HEADERS, "RUTS"]
    error = refusal(workbook([[*row(), RUT_A]], headers=headers))
    assert error.code == "column_ambiguous"


def test_the_header_may_stand_below_titles():
    above = [["Cobranza de septiembre"], [], ["Saldo actualizado al 30"]]
    _sheet, header_row, _others, rows = table_of(workbook([row()], above=above))
    assert (header_row, rows[0][0]) == (4, 5)


def test_columns_may_begin_to_the_right():
    shifted = ["", "", *row()]
    _sheet, _row, _others, rows = table_of(
        workbook([shifted], headers=["", "", *HEADERS])
    )
    assert rows[0][1][0] == RUT_A


def test_blank_rows_are_skipped_and_keep_their_numbers():
    rows = table_of(workbook([row(), [], ["  ", "\xa0"], row()]))[3]
    assert [number for number, _cells in rows] == [2, 5]


def test_the_sheet_with_the_columns_is_found_and_the_others_are_named():
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("vacía")
        book.add_worksheet("portada").write(0, 0, "Cobranza")
        hidden = book.add_worksheet("oculta")
        hidden.write_row(0, 0, HEADERS)
        hidden.write_row(1, 0, row())
        hidden.hide()
        data = book.add_worksheet("datos")
        data.write_row(0, 0, HEADERS)
        data.write_row(1, 0, row())
        book.add_worksheet("más").write(0, 0, "resto")
    sheet, _header, others, rows = table_of(file.getvalue())
    assert (sheet, others, len(rows)) == ("datos", ["portada", "más"], 1)


def test_too_many_rows_are_refused(settings):
    settings.UPLOAD_MAX_ROWS = 2
    assert len(table_of(workbook([row(), row()]))[3]) == 2
    assert refusal(workbook([row(), row(), row()])).code == "too_many_rows"


def test_a_stray_cell_far_away_is_refused_before_it_fills_the_memory():
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADERS)
        sheet.write("XFD1048576", 1)
    error = refusal(file.getvalue())
    assert error.code == "too_many_cells"
    assert "XFD1048576" in error.message


def test_too_many_columns_are_refused(settings):
    settings.UPLOAD_MAX_COLUMNS = len(HEADERS) - 1
    assert refusal(workbook([row()])).code == "too_many_columns"
