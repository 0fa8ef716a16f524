"""Workbooks that Office encrypted: opened with their password, and within bounds."""

import logging
import struct
from contextlib import suppress
from io import BytesIO

import olefile
import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.method.ecma376_agile import ECMA376Agile

from batches.imports import locked
from batches.imports.problems import PasswordNeeded, WorkbookError
from batches.imports.questions import Answers
from batches.imports.reader import open_table
from batches.imports.sniffer import can_be_asked, sniff, unpacked
from tests.imports.libreoffice import FILES, PASSWORD
from tests.imports.workbooks import row, workbook

XLS = (FILES / "clave-libreoffice.xls").read_bytes()
# the older way of Excel 2007, which LibreOffice writes since 24.8
STANDARD = (FILES / "clave-libreoffice25.xlsx").read_bytes()
PLAIN = workbook([row()])


def encrypted(password: str = PASSWORD, spins: int = 1000) -> bytes:
    return ECMA376Agile.encrypt(password, BytesIO(PLAIN), spin_count=spins)


def refusal(content: bytes, password: str = PASSWORD) -> WorkbookError:
    with pytest.raises(WorkbookError) as raised:
        locked.unlocked(content, password)
    return raised.value


@pytest.mark.parametrize(
    "content", [encrypted(), STANDARD, XLS], ids=["xlsx", "xlsx of 2007", "xls"]
)
def test_the_password_opens_it_and_no_other_does(content):
    assert can_be_asked(content)
    for wrong, code in (("otra", "password_wrong"), ("", "file_encrypted")):
        told = refusal(content, wrong)
        assert isinstance(told, PasswordNeeded)
        assert told.code == code
    with open_table(content, (), (), Answers(password=PASSWORD)) as table:
        assert "RUTS" in table.headers
    with pytest.raises(PasswordNeeded):
        sniff(content)


def test_what_is_opened_is_what_was_locked():
    assert unpacked(encrypted(), PASSWORD) == PLAIN


def test_the_older_cipher_of_xlsx_is_that_of_the_file():
    with olefile.OleFileIO(STANDARD) as ole:
        version = ole.openstream("EncryptionInfo").read(4)
    assert version == b"\x03\x00\x02\x00"  # [MS-OFFCRYPTO] 2.3.4.5
    assert sniff(unpacked(STANDARD, PASSWORD)) == "xlsx"


@pytest.mark.parametrize("content", [encrypted(), STANDARD])
def test_a_wrong_password_is_told_before_the_table_is_deciphered(content, monkeypatch):
    deciphered = []
    monkeypatch.setattr(OOXMLFile, "decrypt", lambda *args: deciphered.append(args))
    assert refusal(content, "otra").code == "password_wrong"
    assert deciphered == []


def test_a_table_that_cannot_be_read_with_the_right_password_is_damaged():
    no_workbook = ECMA376Agile.encrypt(PASSWORD, BytesIO(b"nothing"), spin_count=1000)
    assert refusal(no_workbook).code == "file_damaged"


def test_what_excel_opens_without_asking_is_opened_without_asking():
    assert unpacked(encrypted(locked.UNASKED), "") == PLAIN


def test_a_workbook_without_password_is_left_as_it_is():
    for content in (PLAIN, (FILES / "cobranza.xls").read_bytes()):
        assert unpacked(content, "") is content


def test_a_file_that_wants_its_password_hashed_without_end_is_refused(monkeypatch):
    hashed = []
    monkeypatch.setattr(
        ECMA376Agile, "makekey_from_password", lambda *args: hashed.append(args)
    )
    monkeypatch.setattr(locked, "MOST_SPINS", 999)
    assert refusal(encrypted(spins=1000)).code == "office_cipher"
    assert hashed == []


def test_a_description_that_declares_entities_is_refused():
    mark = b"<!DOCTYPE x [<!ENTITY a 'a'>]>"
    content = encrypted()
    start = content.index(b"<encryption")
    bad = content[:start] + mark + content[start + len(mark) :]
    assert refusal(bad).code == "file_entities"


def test_a_large_xls_is_not_undone_byte_by_byte(monkeypatch):
    monkeypatch.setattr(locked, "LARGEST_XLS", len(XLS) - 1)
    assert refusal(XLS).code == "office_cipher"


@pytest.mark.parametrize(
    "damaged",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        encrypted()[:3000],
        encrypted()[:44] + struct.pack("<I", 2**31) + encrypted()[48:],
        encrypted()[:30] + struct.pack("<H", 1) + encrypted()[32:],
        STANDARD[:3000],
        STANDARD[:9000],
        XLS[:1500],
        XLS[:44] + struct.pack("<I", 2**31) + XLS[48:],
    ],
)
def test_a_damaged_one_is_refused_in_a_sentence(damaged):
    assert refusal(damaged).code in ("file_damaged", "office_cipher")


def test_no_password_is_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        for content in (encrypted(), STANDARD, XLS):
            for password in (PASSWORD, "otra-clave"):
                with suppress(PasswordNeeded):
                    locked.unlocked(content, password)
    assert PASSWORD not in caplog.text
    assert "otra-clave" not in caplog.text
    assert "msoffcrypto" not in {record.name.split(".")[0] for record in caplog.records}
