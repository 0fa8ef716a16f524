"""A file that is packed or has a password: what is in it is what goes on."""

import io
import zipfile

import pytest
from msoffcrypto.method.ecma376_agile import ECMA376Agile

from batches.imports import pending
from batches.models import Job, Upload
from tests.admin.wizard import (
    choose,
    confirm,
    send_columns,
    send_sheet,
)
from tests.imports import libreoffice
from tests.imports.workbooks import row, workbook


def packed(content: bytes, name: str = "datos.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


TEXT = "RUT;Nombre;Saldo;Celular\n12.345.678-5;Ana Soto;1500;960012345\n"


def test_a_packed_table_is_kept_unpacked(client, ours):
    confirm(client, ours.account, packed(TEXT.encode()), name="x.zip")
    assert Upload.objects.get().file_name.endswith(".csv")
    assert Job.objects.get().amount == 1500


def test_a_password_is_asked_for_and_kept_nowhere(client, ours, locked_zip):
    response = choose(client, ours.account, locked_zip, name="x.zip")
    assert "/password/" in response.url
    wrong = client.post(response.url, {"password": "no"})
    assert wrong.context["refusal"]
    response = client.post(response.url, {"password": "clave-17"})
    assert "/sheet/" in response.url
    token = response.url.split("/")[-2]
    assert "clave-17" not in str(pending.find(token, ours.operator.pk))
    assert "clave-17" not in str(dict(client.session))
    url = send_columns(client, send_sheet(client, response.url).url).url
    client.post(url, {"act": "create"})
    assert Job.objects.count() == 1


@pytest.mark.parametrize("inside", ["alone", "in a zip"])
def test_a_workbook_that_office_encrypted_is_asked_for_its_password(
    client, ours, inside
):
    encrypted = ECMA376Agile.encrypt("clave-17", io.BytesIO(workbook([row()])))
    content = encrypted if inside == "alone" else packed(encrypted, "cartera.xlsx")
    response = choose(client, ours.account, content, name="cartera.xlsx")
    assert "/password/" in response.url
    assert client.post(response.url, {"password": "no"}).context["refusal"]
    response = client.post(response.url, {"password": "clave-17"})
    url = send_columns(client, send_sheet(client, response.url).url).url
    client.post(url, {"act": "create"})
    upload = Upload.objects.get()
    assert (upload.jobs, upload.file_name) == (1, "cartera.xlsx")
    assert "clave-17" not in str(Upload.objects.values().get())


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        ("clave-7zip-aes256.zip", "clave-7zip-aes256.xlsx"),
        ("clave-bsdtar-aes256.zip", "clave-bsdtar-aes256.xlsx"),
        ("clave-libreoffice.ods", "clave-libreoffice.ods"),
        ("clave-libreoffice25.ods", "clave-libreoffice25.ods"),
        ("clave-libreoffice25.xlsx", "clave-libreoffice25.xlsx"),
        ("clave-libreoffice.xls", "clave-libreoffice.xls"),
    ],
)
def test_what_a_program_locked_is_loaded_with_its_password(client, ours, name, opened):
    content = (libreoffice.FILES / name).read_bytes()
    response = choose(client, ours.account, content, name=name)
    assert "/password/" in response.url
    assert client.post(response.url, {"password": "no"}).context["refusal"]
    response = client.post(response.url, {"password": "clave-17"})
    url = send_columns(client, send_sheet(client, response.url).url).url
    client.post(url, {"act": "create"})
    upload = Upload.objects.get()
    assert upload.jobs == Job.objects.count() > 1
    assert upload.file_name == opened


@pytest.fixture
def locked_zip() -> bytes:
    """An archive in the old cipher of zip, made by hand: no library here writes one."""
    return encrypted_zip(TEXT.encode(), b"clave-17")


def encrypted_zip(content: bytes, password: bytes) -> bytes:
    import zlib

    def crc(byte, value):
        return zlib.crc32(bytes([byte]), value ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte):
        keys[0] = crc(byte, keys[0])
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc(keys[1] >> 24, keys[2])

    for byte in password:
        update(byte)
    check = zlib.crc32(content)
    out = bytearray()
    for byte in bytes(11) + bytes([check >> 24]) + content:
        mask = keys[2] | 2
        out.append(byte ^ ((mask * (mask ^ 1)) >> 8) & 0xFF)
        update(byte)
    plain = bytearray(packed(content))
    at = plain.index(b"datos.csv") + len("datos.csv")
    plain[at : at + len(content)] = out
    for mark, flags, size in ((b"PK\x03\x04", 6, 18), (b"PK\x01\x02", 8, 20)):
        place = plain.index(mark)
        plain[place + flags] |= 1
        plain[place + size : place + size + 4] = len(out).to_bytes(4, "little")
    end = plain.index(b"PK\x05\x06")
    plain[end + 16 : end + 20] = plain.index(b"PK\x01\x02").to_bytes(4, "little")
    return bytes(plain)
