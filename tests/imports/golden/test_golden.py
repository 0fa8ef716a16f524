"""Every golden file becomes exactly the expected jobs and errors, or one sentence."""

from datetime import date
from types import SimpleNamespace

import pytest

from batches import use_cases
from batches.imports.cases import read_cases
from batches.imports.problems import PasswordNeeded, WorkbookError
from tests.imports.golden.cases import GOLDEN
from tests.imports.golden.expected import Golden, Job

TODAY = date(2026, 3, 2)


def read(golden: Golden):
    account = SimpleNamespace(name="Cuenta Uno", country=golden.country)
    case = use_cases.get(golden.use_case)
    content = golden.build()
    return read_cases(content, account, case, golden.options, TODAY, golden.answers)


def seen(found) -> list[Job]:
    return [
        Job(
            case.document or case.phone,
            tuple(row.number for row in case.rows),
            format(found.use_case.describe(case.rows, found.context).amount, "f"),
            tuple(case.phones()),
        )
        for case in found.cases
    ]


def expected(golden: Golden) -> list[Job]:
    return [
        Job(job.person, tuple(job.rows), job.amount, tuple(job.phones))
        for job in golden.jobs
    ]


@pytest.fixture(autouse=True)
def room_for_a_full_sheet(settings):
    settings.UPLOAD_MAX_ROWS = 1_048_576


READ = [golden for golden in GOLDEN if not golden.refused]
REFUSED = [golden for golden in GOLDEN if golden.refused]


@pytest.mark.parametrize("golden", READ, ids=lambda golden: golden.name)
def test_a_file_becomes_its_jobs_and_every_other_row_is_reported(golden):
    found = read(golden)
    assert seen(found) == expected(golden)
    assert [(e.row, e.code) for e in found.errors] == list(golden.errors)
    warnings = [
        (w.row, w.code) for case in found.cases for r in case.rows for w in r.warnings
    ]
    assert warnings == list(golden.warnings)
    assert [question.code for question in found.questions] == list(golden.questions)
    assert found.hidden_rows == golden.hidden_rows
    in_jobs = sum(len(case.rows) for case in found.cases)
    assert found.rows == in_jobs + len(found.errors)
    assert all(error.message for error in found.errors)


@pytest.mark.parametrize("golden", REFUSED, ids=lambda golden: golden.name)
def test_a_file_of_no_use_is_refused_in_one_sentence(golden):
    with pytest.raises(WorkbookError) as raised:
        read(golden)
    assert raised.value.code == golden.refused
    assert raised.value.message
    assert "%(" not in raised.value.message
    is_asked = golden.refused in ("file_encrypted", "password_wrong")
    assert isinstance(raised.value, PasswordNeeded) is is_asked
