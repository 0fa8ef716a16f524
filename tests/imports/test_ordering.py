"""A campaign is called in the order of a column, whichever file a case came with."""

import pytest

from batches.imports import ordering, updates
from batches.imports.importer import import_workbook
from batches.models import Batch, Job, Upload
from batches.states import BatchStatus, JobStatus
from tests.builders import make_account, make_rut
from tests.imports.test_payments import KEYED
from tests.imports.workbooks import row, workbook

pytestmark = pytest.mark.django_db
HEADERS = [*KEYED, "Score"]
# amount, due date, days late, score
ROWS = [
    (150_000, "28/09/2025", 30, "0,5"),
    (90_000, "28/07/2025", 95, "12"),
    (410_000, "28/08/2025", 60, "sin dato"),
    (99_999.5, "", "", "7.25"),
]


def line(n, amount, due, days, score):
    cells = row(
        rut=make_rut(10_000_000 + n),
        name=f"P{n}",
        title=f"OP-{n}",
        mobile=960_100_000 + n,
        amount=amount,
        due=due,
        days=days,
    )
    return [*cells, score]


@pytest.fixture
def batch(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    lines = [line(n, *said) for n, said in enumerate(ROWS)]
    result = import_workbook(
        workbook(lines, HEADERS),
        make_account(),
        "debt_collection",
        {"limit_days": 10, "max_days": 20},
        actor="user:test",
    )
    Batch.objects.filter(pk=result.batch.pk).update(status=BatchStatus.RUNNING)
    return Batch.objects.get(pk=result.batch.pk)


def called(batch):
    """Names in the order in which they are claimed one by one."""
    jobs = Job.objects.filter(batch=batch, status=JobStatus.QUEUED)
    by_index = jobs.order_by("next_attempt_at", "rank", "pk")
    assert len(set(by_index.values_list("next_attempt_at", flat=True))) == 1
    return [job.name for job in by_index]


@pytest.mark.parametrize(
    ("order_by", "names"),
    [
        ("-amount", ["P2", "P0", "P3", "P1"]),
        ("amount", ["P1", "P3", "P0", "P2"]),
        ("-days_late", ["P1", "P2", "P0", "P3"]),
        ("due_date", ["P1", "P2", "P0", "P3"]),
        ("-extra:Score", ["P1", "P3", "P0", "P2"]),
        ("extra:Score", ["P0", "P3", "P1", "P2"]),
        ("file", ["P0", "P1", "P2", "P3"]),
    ],
)
def test_cases_are_called_in_the_order_of_a_column(batch, order_by, names):
    seen = ordering.look(batch, order_by)
    ordering.choose(batch, order_by, by="user:ana")
    assert called(batch) == names
    assert [name for name, _value in seen.first] == names


def test_what_has_no_value_is_counted(batch):
    assert ordering.look(batch, "extra:Score").without == 1
    assert ordering.look(batch, "due_date").without == 1
    assert ordering.look(batch, "amount").without == 0


def test_the_columns_of_the_workbook_are_offered(batch):
    assert "extra:Score" in ordering.columns_of(batch)


def test_rows_that_are_added_take_their_place_in_the_order(batch):
    ordering.choose(batch, "-amount", by="user:ana")
    file = workbook([line(9, 300_000, "28/09/2025", 30, "1")], HEADERS)
    updates.apply(file, batch, by="user:ana", mode=Upload.Mode.ADD)
    assert called(batch) == ["P2", "P9", "P0", "P3", "P1"]


def test_a_case_with_an_hour_of_its_own_keeps_it(batch):
    job = Job.objects.get(name="P2")
    Job.objects.filter(pk=job.pk).update(attempts=1, callback_at=job.next_attempt_at)
    before = Job.objects.get(pk=job.pk).next_attempt_at
    ordering.choose(batch, "-amount", by="user:ana")
    assert Job.objects.get(pk=job.pk).next_attempt_at == before


def test_without_an_order_the_files_own_is_kept(batch):
    ranks = list(Job.objects.order_by("pk").values_list("rank", flat=True))
    ordering.reorder(batch.pk)
    assert list(Job.objects.order_by("pk").values_list("rank", flat=True)) == ranks
