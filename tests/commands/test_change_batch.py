"""`manage.py change_batch`: lists and files for campaigns that exist, without a browser."""

import sys
from io import BytesIO, StringIO

import pytest
from msoffcrypto.method.ecma376_agile import ECMA376Agile

from batches.imports.importer import import_workbook
from batches.management import passwords
from batches.models import Batch, Job
from batches.states import BatchStatus
from tests.builders import make_account, make_batch, make_rut
from tests.imports.test_payments import HEADERS as PAID
from tests.imports.test_payments import KEYED
from tests.imports.workbooks import row, workbook

pytestmark = pytest.mark.django_db


def rut(n):
    return make_rut(10_000_000 + n)


def line(n, amount=150_000):
    return row(rut=rut(n), title=f"OP-{n}", mobile=960_100_000 + n, amount=amount)


@pytest.fixture
def batch(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    result = import_workbook(
        workbook([line(n) for n in range(10)], KEYED),
        make_account(slug="banco"),
        "debt_collection",
        {"limit_days": 10, "max_days": 20},
        actor="user:test",
    )
    Batch.objects.filter(pk=result.batch.pk).update(status=BatchStatus.RUNNING)
    return Batch.objects.get(pk=result.batch.pk)


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "planilla.xlsx"
        path.write_bytes(content)
        return path

    return write


def statuses():
    return sorted(Job.objects.values_list("status", flat=True))


def test_nothing_changes_without_confirm(run_json, batch, file):
    path = file(workbook([[rut(1), "OP-1", "", 150_000, ""]], PAID))
    told = run_json("change_batch", "payments", path, "--account", "banco")
    assert (told["done"], told["figures"]["cancelled"]) == (False, 1)
    assert told["figures"]["amount_paid"] == "150000"
    assert statuses() == ["queued"] * 10


def test_payments_are_loaded(run_json, batch, file):
    path = file(workbook([[rut(1), "OP-1", "", 150_000, ""]], PAID))
    options = ("--account", "banco", "--confirm")
    told = run_json("change_batch", "payments", path, *options)
    assert (told["done"], told["figures"]["cancelled"]) == (True, 1)
    assert statuses() == ["cancelled"] + ["queued"] * 9


def test_a_list_comes_through_a_pipe(run_json, batch, monkeypatch):
    monkeypatch.setattr(sys, "stdin", StringIO(f"{rut(1)}\n{rut(2)}\n{rut(99)}"))
    options = ("--account", "banco", "--reason", "correo", "--confirm")
    told = run_json("change_batch", "withdraw", "-", *options)
    assert (told["figures"]["waiting"], told["missing"]) == (2, [rut(99)])
    assert statuses() == ["queued"] * 8 + ["withdrawn"] * 2


def test_a_campaign_is_updated(run_json, batch, file):
    path = file(workbook([line(n, 99_000) for n in range(3, 12)], KEYED))
    told = run_json(
        *("change_batch", "update", path, "--account", "banco", "--batch", batch.pk),
        *("--absent", "withdraw", "--confirm"),
    )
    counted = told["figures"]
    assert (counted["changed"], counted["new_cases"], counted["leaving"]) == (7, 2, 3)
    assert statuses() == ["queued"] * 9 + ["withdrawn"] * 3


def test_figures_are_said_in_words(run, batch, file):
    path = file(workbook([line(50)], KEYED))
    options = ("--account", "banco", "--batch", batch.pk)
    said = run("change_batch", "add", path, *options)
    assert "--confirm" in said
    assert statuses() == ["queued"] * 10


@pytest.mark.parametrize(
    "options",
    [
        ("add", "--account", "banco"),
        ("update", "--account", "banco", "--batch", "BATCH"),
        ("withdraw", "--account", "banco", "--confirm"),
        ("payments", "--account", "nobody"),
        ("add", "--account", "banco", "--batch", "1" * 24),
    ],
)
def test_what_is_not_said_is_not_guessed(refuse, batch, file, options):
    path = file(workbook([line(50)], KEYED))
    mode, *rest = (str(batch.pk) if word == "BATCH" else word for word in options)
    assert refuse("change_batch", mode, path, *rest)
    assert statuses() == ["queued"] * 10


# --- duplicates, and files with a password


@pytest.mark.parametrize(("act", "added"), [("allow", 1), ("skip", 0)])
def test_what_becomes_of_duplicates_is_said(run_json, batch, file, act, added):
    other = make_batch(batch.account, status=BatchStatus.RUNNING)
    Job.objects.filter(document=f"CL:RUT:{rut(1)}").update(batch=other)
    path = file(workbook([line(1)], KEYED))
    told = run_json(
        *("change_batch", "add", path, "--account", "banco", "--batch", batch.pk),
        *("--duplicates", act, "--duplicates-by", "person", "--confirm"),
    )
    assert told["figures"]["new_cases"] == added
    assert Job.objects.filter(batch=batch).count() == 9 + added


def test_added_rows_join_their_case_where_that_is_said(run_json, batch, file):
    more = row(rut=rut(1), title="OP-1-B", mobile=960_100_001, amount=500)
    told = run_json(
        *("change_batch", "add", file(workbook([more], KEYED)), "--account", "banco"),
        *("--batch", batch.pk, "--duplicates", "merge", "--confirm"),
    )
    assert told["figures"]["joined"] == 1
    assert Job.objects.get(document=f"CL:RUT:{rut(1)}").amount == 150_500


@pytest.mark.parametrize(
    "options",
    [
        ("payments", "--duplicates", "skip"),
        ("update", "--absent", "keep", "--duplicates", "merge"),
        ("add", "--duplicates-in", "days", "--duplicates-days", "0"),
    ],
)
def test_a_policy_of_duplicates_that_makes_no_sense_is_refused(
    refuse, batch, file, options
):
    mode, *rest = options
    path = file(workbook([line(50)], KEYED))
    where = ("--account", "banco", "--batch", batch.pk)
    assert "uplica" in refuse("change_batch", mode, path, *where, *rest)


@pytest.fixture
def asked(monkeypatch):
    """A terminal, at which nothing may be asked unless a test says what is typed."""
    monkeypatch.delenv(passwords.NAME, raising=False)
    monkeypatch.setattr(sys, "stdin", StringIO())
    return []


def type_in(monkeypatch, asked, text):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(passwords, "getpass", lambda said: asked.append(said) or text)


COMMANDS = {
    "change_batch": ("--account", "banco", "--batch", "BATCH"),
    "import_batch": ("--account", "banco", "--use-case", "debt_collection"),
}


@pytest.fixture(params=COMMANDS)
def command(request, batch, file):
    """A command that reads an encrypted workbook of one new person."""
    plain = BytesIO(workbook([line(50)], KEYED))
    path = file(ECMA376Agile.encrypt("clave", plain, spin_count=1000))
    mode = ["add"] if request.param == "change_batch" else []
    options = [str(batch.pk) if o == "BATCH" else o for o in COMMANDS[request.param]]
    return [request.param, *mode, path, *options]


def rows_of(told):
    return told.get("rows") or told["figures"]["rows"]


def test_a_password_is_asked_for_at_a_terminal(run_json, command, asked, monkeypatch):
    type_in(monkeypatch, asked, "clave")
    assert rows_of(run_json(*command)) == 1
    assert len(asked) == 1


def test_a_password_is_taken_from_the_environment(
    run_json, command, asked, monkeypatch
):
    monkeypatch.setenv(passwords.NAME, "clave")
    assert rows_of(run_json(*command)) == 1
    assert asked == []


@pytest.mark.parametrize("given", [None, "otra"])
def test_without_its_password_a_file_is_refused(
    refuse, command, asked, monkeypatch, given
):
    if given:
        monkeypatch.setenv(passwords.NAME, given)
        type_in(monkeypatch, asked, "clave")
    batches = Batch.objects.count()
    assert "contraseña" in refuse(*command)
    assert asked == []  # no terminal, or told already
    assert Batch.objects.count() == batches


def test_the_campaign_has_the_name_of_the_file(run_json, command, asked, monkeypatch):
    monkeypatch.setenv(passwords.NAME, "clave")
    told = run_json(*command)
    if "batch" in told:
        assert Batch.objects.get(pk=told["batch"]).name == "planilla"
