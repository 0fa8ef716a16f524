"""Archives that 7-Zip and bsdtar protected with a password: opened with it, within
bounds, and not where anything in them was changed."""

import logging
import zipfile
from io import BytesIO

import pytest

from batches.imports import zip_aes
from batches.imports.problems import PasswordNeeded, WorkbookError
from batches.imports.questions import Answers
from batches.imports.reader import open_table
from batches.imports.sniffer import can_be_asked, unpacked
from tests.imports import locked_zips as made

AES = [*made.AE1, *made.AE2]


def refusal(content: bytes, password: str = made.PASSWORD) -> WorkbookError:
    with pytest.raises(WorkbookError) as raised:
        unpacked(content, password)
    return raised.value


def packed(content: bytes) -> zipfile.ZipInfo:
    """The first entry of an archive."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return archive.infolist()[0]


def ciphered(content: bytes) -> slice:
    """Where the first entry of an archive has what its password opens."""
    entry = packed(content)
    names = content[entry.header_offset + 26 : entry.header_offset + 30]
    start = entry.header_offset + 30 + names[0] + names[2] + 256 * (names[1] + names[3])
    return slice(start, start + entry.compress_size)


def changed(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("name", [*AES, "clave-7zip-zipcrypto.zip"])
def test_the_password_opens_it_and_no_other_does(name):
    content = made.read(name)
    assert can_be_asked(content)
    for wrong, code in (("otra", "password_wrong"), ("", "file_encrypted")):
        told = refusal(content, wrong)
        assert isinstance(told, PasswordNeeded)
        assert told.code == code
    assert unpacked(content, made.PASSWORD) in (made.TABLE, made.TEXT)


@pytest.mark.parametrize("name", AES)
def test_its_table_is_read(name):
    answers = Answers(password=made.PASSWORD)
    with open_table(made.read(name), (), (), answers) as table:
        assert "Nombre" in table.headers
        assert len(list(table.rows)) in (2, 500)


@pytest.mark.parametrize(
    ("names", "has_checksum"), [(made.AE1, True), (made.AE2, False)]
)
def test_both_of_its_versions_are_among_the_files(names, has_checksum):
    for name in names:
        assert zip_aes.seal_of(packed(made.read(name))).has_checksum is has_checksum


@pytest.mark.parametrize("name", made.SPELLED)
def test_a_password_with_letters_of_windows_opens_it(name):
    content = made.read(name)
    assert unpacked(content, made.SPANISH) == made.TABLE
    assert refusal(content, made.SPANISH[:-1]).code == "password_wrong"


@pytest.mark.parametrize("name", AES)
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_nothing_is_used_of_what_was_changed(name, where, monkeypatch):
    used = []
    monkeypatch.setattr(zip_aes, "_deciphered", lambda *args: used.append(args))
    content, seal = made.read(name), zip_aes.seal_of(packed(made.read(name)))
    at = ciphered(content)
    place = {
        "first": at.start + seal.key_bytes // 2 + 2,
        "middle": (at.start + at.stop) // 2,
        "last": at.stop - 1,  # of the code itself
    }[where]
    assert refusal(changed(content, place)).code == "file_damaged"
    assert used == []


def test_the_checksum_of_the_older_version_is_looked_at():
    [name] = made.AE1
    content = made.read(name)
    directory = content.index(b"PK\x01\x02")
    assert refusal(changed(content, directory + 16)).code == "file_damaged"


@pytest.mark.parametrize("length", [0, 17, 18, 27])
def test_an_entry_shorter_than_its_own_frame_is_refused(length):
    seal = zip_aes.Seal(has_checksum=False, key_bytes=32, method=0)
    with pytest.raises(WorkbookError) as raised:
        zip_aes.opened(bytes(length), seal, b"clave")
    assert raised.value.code == "file_damaged"


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"\x01\x99\x07\x00\x03\x00AE\x03\x08\x00",  # a version to come
        b"\x01\x99\x07\x00\x02\x00AE\x04\x08\x00",  # a longer key
        b"\x01\x99\x07\x00\x02\x00XY\x03\x08\x00",
        b"\x01\x99\x07\x00\x02\x00AE\x03",
        b"\x01\x99\x03\x00\x02\x00A",
        b"\x55\x54\xff\xff\x00",
    ],
)
def test_another_encryption_is_refused_with_a_sentence(field):
    entry = zipfile.ZipInfo("a.csv")
    entry.extra = field
    with pytest.raises(WorkbookError) as raised:
        zip_aes.seal_of(entry)
    assert raised.value.code == "zip_cipher"


def test_what_is_packed_in_another_way_is_refused_with_a_sentence():
    assert refusal(made.read("clave-7zip-bzip2.zip")).code == "zip_cipher"


def test_several_tables_are_refused_without_a_password():
    told = refusal(made.read("clave-7zip-dos-tablas.zip"), "")
    assert (told.code, "2" in told.message) == ("zip_many", True)


def test_a_large_one_is_deciphered_in_pieces(monkeypatch):
    monkeypatch.setattr(zip_aes, "_CHUNK", 64)
    content = made.read("clave-7zip-aes192.zip")
    assert unpacked(content, made.PASSWORD) == made.TABLE


def test_what_unpacks_beyond_the_limit_is_refused(settings):
    content = made.read("clave-7zip-aes128.zip")
    settings.UPLOAD_MAX_BYTES = len(made.TEXT)
    assert unpacked(content, made.PASSWORD) == made.TEXT
    settings.UPLOAD_MAX_BYTES = len(made.TEXT) - 1
    told = refusal(content)
    assert told.code == "file_bomb"
    assert f"{settings.UPLOAD_MAX_BYTES / 1e6:g} MB" in told.message


def test_no_password_is_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        for name in AES:
            unpacked(made.read(name), made.PASSWORD)
            told = refusal(made.read(name), "otra-clave")
            assert "otra-clave" not in repr(told) + told.message
    assert made.PASSWORD not in caplog.text
    assert "otra-clave" not in caplog.text
