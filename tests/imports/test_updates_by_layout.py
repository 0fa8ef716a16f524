"""A corrected file is read as its account's layout says, like the first one was."""

import pytest

from batches.imports import layouts, payments, updates
from batches.imports.filters import RowFilter
from batches.imports.importer import import_workbook
from batches.imports.layouts import Layout
from batches.imports.problems import WorkbookError
from batches.imports.questions import Answers
from batches.models import Batch, Job
from batches.states import BatchStatus
from tests.builders import make_account, make_rut
from tests.imports.test_payments import HEADERS as PAID
from tests.imports.test_payments import KEYED
from tests.imports.workbooks import row, workbook

pytestmark = pytest.mark.django_db
HEADERS = [*KEYED, "Situación"]
FIXED = {"sucursal": "Providencia"}


def line(n, state="vigente", amount=150_000):
    cells = row(
        rut=make_rut(10_000_000 + n),
        title=f"OP-{n}",
        mobile=960_100_000 + n,
        amount=amount,
    )
    return [*cells, state]


@pytest.fixture
def batch(settings, tmp_path):
    """A campaign without the paid rows, of a layout that leaves them out."""
    settings.VAR_DIR = tmp_path
    account = make_account()
    filters = [RowFilter(HEADERS.index("Situación"), "is", "pagado")]
    columns = {
        name: [HEADERS.index(header)]
        for name, header in {
            "document": "RUTS",
            "name": "Nombre",
            "amount": "Saldo actualizado",
            "mobile": "Teléfono móvil",
            "creditor": "Origen Empresa",
            "due_date": "FechaVencimiento",
            "days_late": "Días de retraso",
            "operation": KEYED[-1],
        }.items()
    }
    layouts.remember(
        account,
        "debt_collection",
        HEADERS,
        Layout(columns=columns, filters=filters),
        by="user:test",
        name="Banco",
        fixed=[list(pair) for pair in FIXED.items()],
    )
    answers = Answers(columns=columns, filters=filters, fixed=FIXED)
    result = import_workbook(
        workbook([line(1), line(2), line(3, "pagado")], HEADERS),
        account,
        "debt_collection",
        {"limit_days": 10, "max_days": 20},
        actor="user:test",
        answers=answers,
    )
    Batch.objects.filter(pk=result.batch.pk).update(status=BatchStatus.RUNNING)
    return Batch.objects.get(pk=result.batch.pk)


def variables(n):
    document = f"CL:RUT:{make_rut(10_000_000 + n)}"
    return Job.objects.get(document=document).variables


def test_rows_that_the_layout_leaves_out_are_not_new(batch):
    assert Job.objects.count() == 2
    file = workbook([line(1), line(2), line(3, "pagado"), line(4)], HEADERS)
    seen = updates.preview(file, batch)
    assert (seen.new, seen.same, seen.changed) == (1, 2, 0)


def test_a_fixed_text_survives_an_update_and_a_payment(batch):
    assert variables(1)["sucursal"] == "Providencia"
    file = workbook([line(1, amount=120_000), line(2)], HEADERS)
    changes = updates.apply(file, batch, by="user:ana").changes
    assert (changes.changed, changes.same) == (1, 1)
    assert variables(1)["sucursal"] == "Providencia"
    paid = [[make_rut(10_000_002), "OP-2", "01/11/2025", 50_000, ""]]
    payments.load(workbook(paid, PAID), batch.account, by="user:ana")
    assert variables(2)["sucursal"] == "Providencia"


def test_a_file_without_the_column_of_a_filter_is_refused(batch):
    file = workbook([line(1)[:-1]], HEADERS[:-1])
    with pytest.raises(WorkbookError) as refused:
        updates.preview(file, batch)
    assert refused.value.code == "layout_drifted"
