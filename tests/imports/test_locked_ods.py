"""Spreadsheets that LibreOffice encrypted, in its older and its newer way: opened with
their password, and within bounds."""

import hashlib
import logging
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest

from batches.imports import archive, locked_ods
from batches.imports.problems import PasswordNeeded, WorkbookError
from batches.imports.questions import Answers
from batches.imports.reader import open_table
from batches.imports.sniffer import can_be_asked, sniff, unpacked
from tests.imports.libreoffice import ALL, FILES, PASSWORD, RIGHT

PARTS = (FILES / "clave-libreoffice.ods").read_bytes()
WHOLE = (FILES / "clave-libreoffice25.ods").read_bytes()
MANIFEST = "META-INF/manifest.xml"
BOTH = pytest.mark.parametrize("content", [PARTS, WHOLE], ids=["parts", "whole"])


def refusal(content: bytes, password: str = PASSWORD) -> WorkbookError:
    with pytest.raises(WorkbookError) as raised:
        unpacked(content, password)
    return raised.value


def rewritten(content: bytes, name: str, change) -> bytes:
    """The same file, one part of it changed."""
    file = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(content)) as old,
        zipfile.ZipFile(file, "w") as new,
    ):
        for entry in old.infolist():
            part = old.read(entry)
            new.writestr(
                entry.filename, change(part) if entry.filename == name else part
            )
    return file.getvalue()


def said(content: bytes, old: bytes, new: bytes) -> bytes:
    """The same file, whose manifest says something else."""

    def change(manifest: bytes) -> bytes:
        assert old in manifest
        return manifest.replace(old, new)

    return rewritten(content, MANIFEST, change)


@BOTH
def test_the_password_opens_it_and_no_other_does(content):
    assert can_be_asked(content)
    with pytest.raises(PasswordNeeded):
        sniff(content)
    for wrong, code in (("otra", "password_wrong"), ("", "file_encrypted")):
        told = refusal(content, wrong)
        assert isinstance(told, PasswordNeeded)
        assert told.code == code
    assert sniff(unpacked(content, PASSWORD)) == "ods"


@BOTH
def test_its_table_is_read(content):
    with open_table(content, (), (), Answers(password=PASSWORD)) as table:
        assert table.headers == ALL
        rows = [cells for _number, cells in table.rows]
    assert [row[8] for row in rows] == [row[8] for row in RIGHT]


@BOTH
def test_it_is_opened_in_an_archive_as_well(content):
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("cartera.ods", content)
    assert sniff(unpacked(file.getvalue(), PASSWORD)) == "ods"


@pytest.mark.parametrize(
    ("content", "mark", "more"),
    [
        (PARTS, b'iteration-count="100000"', b'iteration-count="1000001"'),
        (PARTS, b'iteration-count="100000"', b'iteration-count="0"'),
        (WHOLE, b'argon2-iterations="3"', b'argon2-iterations="11"'),
        (WHOLE, b'argon2-memory="65536"', b'argon2-memory="262145"'),
        (WHOLE, b'argon2-lanes="4"', b'argon2-lanes="17"'),
        (WHOLE, b'argon2-lanes="4"', b'argon2-lanes="-4"'),
    ],
)
def test_a_file_that_wants_its_password_hashed_without_end_is_refused(
    content, mark, more, monkeypatch
):
    hashed = []
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", lambda *args: hashed.append(args))
    monkeypatch.setattr(locked_ods, "Argon2id", lambda **args: hashed.append(args))
    assert refusal(said(content, mark, more)).code == "office_cipher"
    assert hashed == []


@pytest.mark.parametrize(
    ("content", "mark", "other"),
    [
        (PARTS, b"xmlenc#aes256-cbc", b"manifest:1.0#blowfish"),
        (PARTS, b'name="PBKDF2"', b'name="PBKDF9"'),
        (PARTS, b"xmldsig#sha256", b"xmldsig#sha1"),
        (WHOLE, b"#aes256-gcm", b"#aes256-xyz"),
        (WHOLE, b'key-size="32"', b'key-size="16"'),
    ],
)
def test_another_cipher_is_refused_with_a_sentence(content, mark, other):
    assert refusal(said(content, mark, other)).code == "office_cipher"


@BOTH
def test_a_manifest_that_declares_entities_is_refused(content):
    mark = b"<!DOCTYPE x [<!ENTITY a 'a'>]>"
    bad = said(content, b"<manifest:manifest ", mark + b"<manifest:manifest ")
    assert refusal(bad).code == "file_entities"


def test_a_manifest_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(locked_ods, "LARGEST_MANIFEST", 1000)
    assert refusal(WHOLE).code == "file_damaged"


@pytest.mark.parametrize(
    ("content", "mark"),
    [
        (PARTS, b"salt="),
        (PARTS, b"iteration-count="),
        (PARTS, b"checksum="),
        (PARTS, b"full-path="),
        (PARTS, b"</manifest:manifest>"),
        (WHOLE, b"argon2-memory="),
        (WHOLE, b"key-derivation-name="),
    ],
)
def test_a_manifest_that_lacks_something_is_refused_in_a_sentence(content, mark):
    assert refusal(said(content, mark, b"x=")).code == "file_damaged"


def test_a_part_that_is_cut_short_is_refused_in_a_sentence():
    for cut in (b"", b"too short"):
        bad = rewritten(PARTS, "content.xml", lambda _part, cut=cut: cut)
        assert refusal(bad).code in ("file_damaged", "password_wrong")
        bad = rewritten(WHOLE, "encrypted-package", lambda _part, cut=cut: cut)
        assert refusal(bad).code in ("file_damaged", "password_wrong")


def test_nothing_of_a_whole_file_that_was_changed_is_used():
    bad = rewritten(
        WHOLE, "encrypted-package", lambda part: part[:-40] + b"x" * 24 + part[-16:]
    )
    assert refusal(bad).code == "password_wrong"


def test_a_table_that_unpacks_beyond_the_limit_is_refused(monkeypatch):
    table = len(zipfile.ZipFile(BytesIO(unpacked(PARTS, PASSWORD))).read("content.xml"))
    monkeypatch.setattr(archive, "limit", lambda: table - 1)
    assert refusal(PARTS).code == "file_bomb"


def test_a_whole_file_that_unpacks_beyond_the_limit_is_refused(settings):
    whole = len(unpacked(WHOLE, PASSWORD))
    settings.UPLOAD_MAX_BYTES = whole
    assert len(unpacked(WHOLE, PASSWORD)) == whole
    settings.UPLOAD_MAX_BYTES = whole - 1
    assert refusal(WHOLE).code == "file_bomb"


def test_no_password_is_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        for content in (PARTS, WHOLE):
            for password in (PASSWORD, "otra-clave"):
                with suppress(PasswordNeeded):
                    unpacked(content, password)
    assert PASSWORD not in caplog.text
    assert "otra-clave" not in caplog.text
