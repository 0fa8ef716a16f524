"""Archives with a password, as other programs write them.

`python -m tests.imports.locked_zips` makes them anew. It needs 7-Zip and bsdtar
(`apt-get install p7zip-full libarchive-tools`); the tests only read what it made.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.imports.workbooks import RUT_C, row, workbook

FILES = Path(__file__).parent / "files"
PASSWORD = "clave-17"
SPANISH = "contraseña"
TABLE = workbook([row(), row(rut=RUT_C, title="T-2")])
# unpacks to many times its size
TEXT = b"RUT;Nombre;Saldo;Celular\n" + b"12.345.678-5;Ana;1500;960012345\n" * 500

SEVEN = ("7z", "a", "-tzip", "-bso0", f"-p{PASSWORD}")
TAR = ("bsdtar", "-a", "-c")
WORKBOOK, CSV, LOGO = "cartera.xlsx", "cartera.csv", "logo.png"
CONTENTS = {WORKBOOK: TABLE, CSV: TEXT, LOGO: b"no picture"}
# how each is made, with what in it
AE2 = {
    "clave-7zip-aes256.zip": ((*SEVEN, "-mem=AES256"), WORKBOOK, LOGO),
    "clave-7zip-aes192.zip": ((*SEVEN, "-mem=AES192", "-mx0"), WORKBOOK),
    "clave-7zip-aes128.zip": ((*SEVEN, "-mem=AES128"), CSV),
}
AE1 = {
    "clave-bsdtar-aes256.zip": ((*TAR, "--options=zip:encryption=aes256"), WORKBOOK),
}
# the password with a letter as Windows' own page, or its console's, writes it
SPELLED = {
    "clave-windows-aes128.zip": ("aes128", "cp1252"),
    "clave-consola-aes256.zip": ("aes256", "cp850"),
    "clave-consola-zipcrypt.zip": ("zipcrypt", "cp850"),
}
OTHERS = {
    "clave-7zip-zipcrypto.zip": ((*SEVEN, "-mem=ZipCrypto"), WORKBOOK),
    # packed in a way that is not read
    "clave-7zip-bzip2.zip": ((*SEVEN, "-mem=AES256", "-mm=BZip2"), WORKBOOK),
    "clave-7zip-dos-tablas.zip": ((*SEVEN, "-mem=AES256"), WORKBOOK, CSV),
}


def read(name: str) -> bytes:
    return (FILES / name).read_bytes()


def _make(name: str, command: list[str | bytes], inside: list[str]) -> None:
    target = FILES / name
    target.unlink(missing_ok=True)
    out = ["-f", target] if command[0] == "bsdtar" else [target]
    with TemporaryDirectory() as folder:
        for one in inside:
            (Path(folder) / one).write_bytes(CONTENTS[one])
        subprocess.run([*command, *out, *inside], cwd=folder, check=True)
    sys.stdout.write(f"{target}\n")


def main() -> None:
    for name, (command, *inside) in (AE2 | OTHERS).items():
        _make(name, list(command), inside)
    for name, (command, *inside) in AE1.items():
        _make(name, [*command, f"--passphrase={PASSWORD}"], inside)
    for name, (cipher, encoding) in SPELLED.items():
        said = b"--passphrase=" + SPANISH.encode(encoding)
        _make(name, [*TAR, f"--options=zip:encryption={cipher}", said], [WORKBOOK])


if __name__ == "__main__":
    main()
