"""From a workbook to a batch: look at it first, then store it whole or not at all.

The command, the admin and the API all come through these two functions.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from bson import ObjectId

from batches.imports import duplicates, error_workbook, joining, loading, storage
from batches.imports.cases import Cases, OnRows, name_of, phones_of
from batches.imports.helpers import ALONE, Helpers
from batches.imports.listed import chunked
from batches.imports.loading import Begun, Cancelled, Counts, collector_paused
from batches.imports.problems import WorkbookError
from batches.imports.questions import NO_ANSWERS, Answers, Question
from batches.imports.sniffer import Source
from batches.models import Account, Batch, Upload
from batches.states import UploadStatus
from speechai_site.runtime import leases

SHOWN = 50  # errors in a preview or result; all of them are in the error workbook
SAMPLES = 5
CHUNK = 500  # cases that one process describes at a time


def _unwatched(_read: int, _expected: int) -> None:
    pass


@dataclass
class Sample:
    """A case of the file as it will be called."""

    name: str
    creditor: str
    amount: Decimal
    phones: list[str]
    variables: dict[str, str]


@dataclass
class Preview(Counts):
    """What an import would do; nothing was stored.

    `merged` rows joined an earlier one of their case, `joined` cases one of the
    campaign, `repeated` ones stand for a debt that stands in an earlier row; `filtered`
    were left out, by filter. `over`: cases whose last day has passed. `unfed`: in how
    many cases each variable of the script would be empty, if in any.
    """

    merged: int
    joined: int
    repeated: int
    phones: int  # of all cases together
    filtered: list[int]
    over: int
    unfed: dict[str, int]
    sheet: str
    header_row: int
    columns: dict[str, str]  # logical column → header
    unread_columns: list[str]  # fit several headers
    other_sheets: list[str]  # with data that is not read
    hidden_rows: int | None  # None: this kind of file does not tell
    questions: list[Question]
    errors: list[dict[str, Any]]  # the first SHOWN
    samples: list[Sample]  # the first SAMPLES


@dataclass
class ImportResult(Counts):
    """What an import did."""

    batch: Batch
    upload: Upload
    errors: list[dict[str, Any]]  # the first SHOWN
    error_workbook: Path | None
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The object of `import_batch --json`; money is text, as everywhere."""
        path = self.error_workbook
        return {
            "batch": str(self.batch.pk),
            "upload": str(self.upload.pk),
            "rows": self.rows,
            "contacts": self.contacts,
            "jobs": self.jobs,
            "without_phone": self.without_phone,
            "duplicates": self.duplicates,
            "error_count": self.error_count,
            "errors": self.errors,
            "error_workbook": str(path) if path else None,
            "total_amount": format(self.total_amount.normalize(), "f"),
            "seconds": round(self.seconds, 3),
        }


@collector_paused()
def preview(
    source: Source,
    account: Account,
    use_case: str,
    options: Mapping[str, Any] | None = None,
    answers: Answers = NO_ANSWERS,
    *,
    batch: Batch | None = None,
    script: Sequence[str] = (),
    on_rows: OnRows = _unwatched,
    helpers: Helpers = ALONE,
) -> Preview:
    """Read the whole workbook and say what it holds, and what has to be asked; raises
    WorkbookError, and PasswordNeeded.

    `script` are the variables that the agent needs from the rows; `on_rows` watches and
    `helpers` help, as in `read_cases`; while the cases are counted `on_rows` is told
    that all rows were read.
    """
    how = {"on_rows": on_rows, "helpers": helpers}
    cases = loading.read(source, account, use_case, options or {}, answers, **how)
    counting = partial(on_rows, cases.rows, cases.rows)
    counting()
    if batch:
        joining.take_out(cases, Upload(pk=ObjectId(), account=account, batch=batch))
    duplicates.settle(cases, account.pk, batch and batch.pk)
    counted = _counted(cases, script, counting, helpers)
    return Preview(
        merged=cases.rows - len(cases.errors) - len(cases.cases) - cases.joined_rows,
        joined=cases.joined,
        repeated=cases.repeated,
        phones=counted["phones"],
        filtered=list(cases.filtered),
        over=counted["over"],
        unfed={name: counted[name,] for name in script if counted[name,]},
        sheet=cases.sheet,
        header_row=cases.header_row,
        columns=cases.columns,
        unread_columns=cases.unread,
        other_sheets=cases.other_sheets,
        hidden_rows=cases.hidden_rows,
        questions=cases.questions,
        errors=_shown_errors(cases),
        samples=_samples(cases),
        **vars(loading.counts_of(cases)),
    )


def import_workbook(
    source: Source,
    account: Account,
    use_case: str,
    options: Mapping[str, Any] | None = None,
    *,
    actor: str,
    **chosen: Any,
) -> ImportResult:
    """Load a workbook in this process, whole or not at all: a failure keeps nothing.

    `chosen` are further fields of Begun. The same as `background.submit`, but for the
    process that does it.
    """
    started = time.monotonic()
    if isinstance(source, str | Path):
        chosen["file_name"] = chosen.get("file_name") or Path(source).name
    wanted = Begun(source, account, use_case, options or {}, actor, **chosen)
    upload_id = ObjectId()
    held = loading.hold(upload_id)
    try:
        upload = loading.begin(wanted, pk=upload_id, status=UploadStatus.READING)
        cases = _load(upload, held, wanted)
    finally:
        leases.release(held)
    path = error_workbook.path_for(upload.pk) if cases.errors else None
    return ImportResult(
        batch=Batch.objects.get(pk=upload.batch_id),
        upload=upload,
        errors=_shown_errors(cases),
        error_workbook=path,
        seconds=time.monotonic() - started,
        **{field.name: getattr(upload, field.name) for field in fields(Counts)},
    )


def _load(upload: Upload, held: leases.Held, wanted: Begun) -> Cases:
    """Load it from the file at hand, which nobody can do after this process."""
    try:
        return loading.load(upload, loading.Watch(upload, held), wanted)
    except BaseException as error:
        storage.discard(upload)
        if isinstance(error, Cancelled | storage.LeaseLost):
            raise WorkbookError("import_interrupted") from error
        raise


def _counted(
    cases: Cases,
    script: Sequence[str],
    counting: Callable[[], object],
    helpers: Helpers,
) -> Counter[Any]:
    """What only the rows of all cases tell: `phones`, `over`, and under each variable
    of the script in how many cases it is empty, in a tuple."""
    found: Counter[Any] = Counter()
    carried = ([c.carried() for c in some] for some in chunked(cases.cases, CHUNK))
    common = (cases.without_rows(), tuple(script))
    for counted in helpers.share(_count, common, carried):
        counting()
        found.update(counted)
    return found


def _count(common: tuple[Cases, Sequence[str]], chunk: list[Any]) -> Counter[Any]:
    """`_counted` of some carried cases."""
    bare, script = common
    some = replace(bare, cases=[bare.case_of(carried) for carried in chunk])
    found: Counter[Any] = Counter()
    if script:
        told = [some.describe(case.rows).variables for case in some.cases]
        found.update((name,) for said in told for name in script if not said.get(name))
    found["phones"] = sum(len(case.phones()) for case in some.cases)
    found["over"] = some.over
    return found


def _shown_errors(cases: Cases) -> list[dict[str, Any]]:
    return [
        {
            "row": error.row,
            "column": error.column,
            "value": error.value,
            "code": error.code,
            "message": error.message,
        }
        for error in cases.errors[:SHOWN]
    ]


def _samples(cases: Cases) -> list[Sample]:
    samples = []
    for case in cases.cases[:SAMPLES]:
        rows = case.rows
        subject = cases.describe(rows)
        samples.append(
            Sample(
                name=name_of(rows),
                creditor=subject.creditor,
                amount=subject.amount,
                phones=phones_of(rows),
                variables=subject.variables,
            )
        )
    return samples
