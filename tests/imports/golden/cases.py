"""The golden files, and what is expected of each."""

from datetime import date
from functools import partial
from pathlib import Path

from batches.imports.questions import Answers
from tests.imports.golden.builder import (
    ANA,
    EVA,
    HEAD,
    LEO,
    SHEET,
    locked,
    ods,
    packed,
    page,
    text,
    with_parts,
    xlsx,
)
from tests.imports.golden.expected import Golden, Job

FILES = Path(__file__).parents[1] / "files"
ANAS, EVAS, LEOS = "CL:RUT:123456785", "CL:RUT:20961605K", "CL:RUT:76543216"
JOB_ANA = Job(ANAS, [2], "150000", ["+56960012345"])
JOB_EVA = Job(EVAS, [3], "2300", ["+56960012346"])
BOTH = (JOB_ANA, JOB_EVA)
THREE = (HEAD, ANA, EVA, LEO)


def moved(job: Job, *rows: int) -> Job:
    return Job(job.person, rows, job.amount, job.phones)


def hide_second(book, sheet):
    sheet.set_row(2, None, None, {"hidden": True})


def filter_second(book, sheet):
    sheet.autofilter(0, 0, 2, 5)
    sheet.filter_column(1, "Nombre == Ana*")
    sheet.set_row(2, options={"hidden": True})


def hidden_sheet(book, sheet):
    other = book.add_worksheet("oculta")
    other.write_row(0, 0, HEAD)
    other.hide()


def merged_headers(book, sheet):
    sheet.merge_range(0, 0, 0, 1, "Titular")
    sheet.merge_range(0, 2, 0, 3, "Deuda")
    sheet.merge_range(0, 4, 0, 5, "Teléfono")
    sheet.write_row(1, 0, ["RUT", "Nombre", "Saldo", "Vencimiento", "Móvil", "Fijo"])
    sheet.write_row(2, 0, [*ANA[:5], 220001234])


def million_blank_rows(book, sheet):
    grey = book.add_format({"bg_color": "#eeeeee"})
    for line in (500_000, 1_048_575):
        for place in range(30):
            sheet.write_blank(line, place, None, grey)


def no_result(book, sheet):
    sheet.write_formula(2, 2, "=SUM(A1:A2)", None, "")
    sheet.write_formula(1, 6, "=NOW()", None, "")


def error_cells(book, sheet):
    sheet.write_formula(2, 2, "=1/0", None, "#DIV/0!")
    sheet.write_formula(1, 3, "=VLOOKUP(1,A1:A2,2)", None, "#N/A")


def strange_name(book, sheet):
    book.add_worksheet("..").write(0, 0, "x")


def last_row(book, sheet):
    sheet.write_row(1_048_575, 0, ANA)


def declare_entities(data: bytes) -> bytes:
    mark = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    return data.replace(b"?>", b"?>" + mark, 1)


def cyrillic_and_arabic() -> bytes:
    return xlsx((HEAD, [ANA[0], "محمد \u202e😀 Ana", *ANA[2:]]))


KINDS = (
    Golden("xlsx", xlsx, BOTH),
    Golden("ods", ods, BOTH, hidden_rows=None),
    Golden(
        "xls",
        lambda: (FILES / "cobranza.xls").read_bytes(),
        [Job("CL:RUT:123456785", [2], "150000", ["+56960012345"])],
        hidden_rows=None,
    ),
    Golden("page named xls", page, BOTH),
    *(
        Golden(
            f"text {name} {code}", partial(text, separator=sign, encoding=code), BOTH
        )
        for name, sign in (
            ("semicolon", ";"),
            ("comma", ","),
            ("tab", "\t"),
            ("bar", "|"),
            ("tilde", "~"),
            ("circumflex", "^"),
        )
        for code in ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le")
    ),
    Golden(
        "text sep=",
        partial(text, before="sep=;\r\n"),
        [
            moved(JOB_ANA, 3),
            moved(JOB_EVA, 4),
        ],
    ),
    Golden("zipped xlsx", lambda: packed({"cartera.xlsx": xlsx()}), BOTH),
    Golden("zipped text", lambda: packed({"../../x.csv": text()}), BOTH),
    Golden(
        "zipped two",
        lambda: packed({"a.csv": text(), "b.csv": text()}),
        refused="zip_many",
    ),
    Golden(
        "zipped twice",
        lambda: packed({"a.xlsx": packed({"b.csv": text()})}),
        refused="file_not_workbook",
    ),
    Golden(
        "locked", lambda: locked("a.csv", text(), b"clave"), refused="file_encrypted"
    ),
    Golden(
        "locked, wrong password",
        lambda: locked("a.csv", text(), b"clave"),
        refused="password_wrong",
        answers=Answers(password="otra"),
    ),
    Golden(
        "locked, opened",
        lambda: locked("a.csv", text(), b"clave"),
        BOTH,
        answers=Answers(password="clave"),
    ),
)

SHAPES = (
    Golden(
        "titles above",
        lambda: xlsx((["Cartera de octubre"], [], ["Saldo al 31"], *THREE[:2])),
        [moved(JOB_ANA, 5)],
    ),
    Golden(
        "no header",
        lambda: xlsx((ANA, EVA)),
        [moved(JOB_ANA, 1), moved(JOB_EVA, 2)],
        answers=Answers(
            header_row=0,
            columns={"document": [0], "name": [1], "amount": [2], "mobile": [4]},
        ),
    ),
    Golden(
        "no header, nothing said", lambda: xlsx((ANA, EVA)), refused="columns_missing"
    ),
    Golden(
        "header chosen",
        lambda: xlsx((HEAD, ["RUT", "Saldo", "x"], HEAD, ANA)),
        [moved(JOB_ANA, 4)],
        answers=Answers(header_row=3),
    ),
    Golden(
        "headers of two rows",
        lambda: xlsx((), merged_headers),
        [Job(ANAS, [3], "150000", ["+56960012345", "+56220001234"])],
    ),
    Golden(
        "three columns called Teléfono",
        lambda: xlsx(
            (
                [*HEAD[:4], "Teléfono", "Teléfono", "Teléfono"],
                [*ANA[:4], 960012345, "S/N", "22 000 1234"],
            )
        ),
        [Job(ANAS, [2], "150000", ["+56960012345", "+56220001234"])],
    ),
    Golden(
        "totals",
        lambda: xlsx(
            (
                HEAD,
                ANA,
                ["Subtotal", "", 150000],
                EVA,
                ["", "TOTAL GENERAL", 152300],
                HEAD,
            )
        ),
        [JOB_ANA, moved(JOB_EVA, 4)],
        [(3, "row_total"), (5, "row_total"), (6, "row_header")],
    ),
    Golden(
        "hidden rows",
        lambda: xlsx(change=hide_second),
        BOTH,
        questions=["hidden_rows"],
        hidden_rows=1,
    ),
    Golden(
        "filtered rows left out",
        lambda: xlsx(change=filter_second),
        [JOB_ANA],
        questions=["hidden_rows"],
        hidden_rows=1,
        answers=Answers(hidden_rows="skip"),
    ),
    Golden(
        "hidden rows of a page",
        lambda: page(hidden=[2]),
        BOTH,
        questions=["hidden_rows"],
        hidden_rows=1,
    ),
    Golden(
        "hidden sheet",
        lambda: xlsx(change=hidden_sheet),
        BOTH,
        questions=["hidden_sheets"],
    ),
    Golden("million blank rows", lambda: xlsx(change=million_blank_rows), BOTH),
    Golden(
        "full to the last row",
        lambda: xlsx((HEAD, EVA), last_row),
        [moved(JOB_EVA, 2), Job(ANAS, [1_048_576], "150000", ["+56960012345"])],
        questions=["rows_truncated"],
    ),
    Golden(
        "formulas without result",
        lambda: xlsx(change=no_result),
        [JOB_ANA],
        [(3, "formula_empty")],
    ),
    Golden(
        "cells with errors",
        lambda: xlsx(change=error_cells),
        [JOB_ANA],
        [(3, "formula_error")],
        [(2, "formula_error")],
    ),
    Golden(
        "a value with the separator in it",
        lambda: text((HEAD, [*ANA[:2], "1,500", *ANA[3:]], EVA), ","),
        [JOB_EVA],
        [(2, "row_shifted")],
    ),
    Golden(
        "a quotation mark that nobody closed",
        lambda: text((HEAD, [ANA[0], '"Ana', *ANA[2:]], EVA)),
        BOTH,
    ),
    Golden(
        "quoted line breaks",
        lambda: text((HEAD, [*ANA[:4], '"960012345\n22 000 1234"', "Natura"], EVA)),
        [Job(ANAS, [2], "150000", ["+56960012345", "+56220001234"]), JOB_EVA],
    ),
    Golden(
        "epoch of 1904",
        lambda: xlsx((HEAD, [*ANA[:3], date(2025, 9, 28), *ANA[4:]]), date_1904=True),
        [JOB_ANA],
    ),
    Golden(
        "dates turned around",
        lambda: xlsx((HEAD, [*ANA[:3], date(2025, 5, 9), *ANA[4:]], EVA)),
        BOTH,
        warnings=[(2, "date_swapped"), (3, "date_swapped")],
        questions=["dates_swapped"],
    ),
    Golden(
        "dates that are none",
        lambda: xlsx(
            (
                HEAD,
                [*ANA[:3], "00/00/0000", *ANA[4:]],
                [*EVA[:3], "31/12/9999", *EVA[4:]],
                [*LEO[:3], 20251031, *LEO[4:]],
            )
        ),
        [*BOTH, Job(LEOS, [4], "900", ["+56960012347"])],
        warnings=[(2, "date_invalid"), (3, "date_out_of_range")],
    ),
    Golden(
        "phones that are none",
        lambda: xlsx(
            (
                HEAD,
                [*ANA[:4], "+56999999999 / S/N", "Natura"],
                [*EVA[:4], "5.6912E+10", "Natura"],
                [*LEO[:4], 0, "Avon"],
            )
        ),
        [Job(ANAS, [2], "150000"), Job(EVAS, [3], "2300"), Job(LEOS, [4], "900")],
        warnings=[(2, "phone_dummy"), (3, "phone_rounded")],
    ),
    Golden(
        "emoji and right-to-left names",
        cyrillic_and_arabic,
        [JOB_ANA],
    ),
    Golden("a sheet called ..", lambda: xlsx(change=strange_name), BOTH),
    Golden(
        "macros",
        lambda: with_parts(xlsx(), **{"xl/vbaProject.bin": b"\xd0\xcf"}),
        BOTH,
        questions=["macros"],
    ),
)

REFUSED = (
    Golden("empty", lambda: b"", refused="file_empty"),
    Golden("spaces", lambda: b"  \r\n ", refused="file_empty"),
    Golden("cut short", lambda: xlsx()[:-200], refused="file_damaged"),
    Golden(
        "picture", lambda: b"\x89PNG\r\n\x1a\n\x00\x00", refused="file_not_workbook"
    ),
    Golden(
        "page without table", lambda: b"<html><p>x</p></html>", refused="workbook_empty"
    ),
    Golden(
        "entities",
        lambda: with_parts(xlsx(), **{SHEET: declare_entities}),
        refused="file_entities",
    ),
    Golden(
        "entities of the texts",
        lambda: with_parts(xlsx(), **{"xl/sharedStrings.xml": declare_entities}),
        refused="file_entities",
    ),
    Golden(
        "a page with endless columns",
        lambda: b"<table><tr><td colspan=999999999>RUT</td></tr></table>",
        refused="too_many_columns",
    ),
    Golden(
        "sheet that is not there",
        xlsx,
        refused="sheet_missing",
        answers=Answers(sheet="../../x"),
    ),
    Golden(
        "column that is not there",
        xlsx,
        refused="column_outside",
        answers=Answers(columns={"amount": [99]}),
    ),
    Golden(
        "social security numbers",
        lambda: xlsx(
            (["SSN", "Name", "Amount", "Phone"], ["1", "Ann", 5, "2025550123"])
        ),
        refused="ssn_refused",
        country="US",
    ),
    Golden(
        "social security numbers in a note",
        lambda: xlsx(
            (
                ["Name", "Amount", "Phone", "Note"],
                ["Ann", 5, "2025550123", "123-45-6789"],
            )
        ),
        refused="ssn_refused",
        country="US",
    ),
)

GOLDEN = (*KINDS, *SHAPES, *REFUSED)
