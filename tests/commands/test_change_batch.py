"""`manage.py change_batch`: lists and files for campaigns that exist, without a browser."""

import sys
from io import StringIO

import pytest

from batches.imports.importer import import_workbook
from batches.models import Batch, Job
from batches.states import BatchStatus
from tests.builders import make_account, make_rut
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
