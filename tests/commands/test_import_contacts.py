"""`manage.py import_contacts`: the ledger's import for machines."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from calls.models import ContactLedger
from tests.builders import make_account

HEADER = "Fecha;RUT;Canal;Resultado\n"
ROW = "24/11/2025 10:30;12.345.678-5;Llamada;Promesa\n"


@pytest.fixture
def account(db):
    return make_account(slug="banco")


def run(path, text, *options):
    path.write_text(text, encoding="utf-8")
    out = StringIO()
    try:
        call_command(
            "import_contacts", str(path), *options, stdout=out, stderr=StringIO()
        )
        code = 0
    except CommandError as error:
        code = error.returncode
    return code, out.getvalue()


def test_a_file_is_imported(account, tmp_path):
    options = ("--account", "banco", "--json")
    code, said = run(tmp_path / "g.csv", HEADER + ROW, *options)
    told = json.loads(said)
    assert (code, told["rows"], told["added"], told["known"]) == (0, 1, 1, 0)
    assert told["reaches"] == "2025-11-24T10:30:00-03:00"
    assert ContactLedger.objects.get().source == "upload:command"


def test_a_faulty_row_is_named_and_nothing_is_kept(account, tmp_path):
    bad = ROW.replace("Promesa", "quizás")
    options = ("--account", "banco", "--json")
    code, said = run(tmp_path / "g.csv", HEADER + ROW + bad, *options)
    (problem,) = json.loads(said)["problems"]
    assert (code, problem["row"], problem["column"]) == (2, 3, "Resultado")
    assert not ContactLedger.objects.exists()


@pytest.mark.parametrize("slug", ["banco", "nobody"])
def test_a_file_or_an_account_of_no_use_is_refused(account, tmp_path, slug):
    code, said = run(tmp_path / "g.csv", "Nombre\nAna\n", "--account", slug)
    assert (code, said) == (2, "")
