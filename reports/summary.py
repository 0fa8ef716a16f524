"""The report's first sheet: what the other sheets add up to, and whether it fits."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from batches.admin import words
from batches.models import Batch, Job
from calls.models import Call
from reports.lines import LineSheet, text_cell
from reports.sheets import Book, Kind
from reports.totals import Totals
from speechai_site.runtime import clock

# A line: label, kind of value, value. Without a label: an empty line. Without a
# kind: a heading.
Line = tuple[str, Kind | None, Any]
EMPTY: Line = ("", None, None)


def write_summary(
    book: Book, sheet: LineSheet, batch: Batch, totals: Totals, *, cost: bool
) -> None:
    """Write `totals` to `sheet`."""
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 24)
    for line, (label, kind, value) in enumerate(_lines(batch, totals, cost=cost)):
        number = line + 1
        cells = []
        if label:
            cells.append(text_cell(f"A{number}", label, 0 if kind else book.bold))
        if value is not None:
            cells.append(book.cell(f"B{number}", kind, value))
        sheet.write_line(line, cells)


def _lines(batch: Batch, totals: Totals, *, cost: bool) -> Iterator[Line]:
    yield _("Campaign"), None, None
    yield _("Account"), "text", batch.account.name
    yield _("Name"), "text", batch.name
    yield _("Status"), "text", batch.get_status_display()
    yield _("Made"), "moment", batch.created_at
    yield _("Started"), "moment", batch.started_at
    yield _("Completed"), "moment", batch.completed_at
    yield _("Report made"), "moment", clock.now()
    yield _("Time zone"), "text", batch.account.time_zone
    yield EMPTY
    yield _("Rows"), None, None
    yield _("Rows uploaded"), "whole", batch.rows
    yield _("Rows in cases"), "whole", totals.rows_in_jobs
    yield _("Rows not loaded"), "whole", totals.rows_reported
    accounted = totals.rows_in_jobs + totals.rows_reported
    yield _("Every row is accounted for"), "text", _verdict(batch.rows - accounted)
    yield EMPTY
    yield _("Cases"), None, None
    yield from _counts(words.shown_counts(totals.jobs), dict(Job.Status.choices))
    yield _("Cases in all"), "whole", totals.jobs.total()
    yield _("Balance owed"), "money", totals.total_amount
    missing = batch.total_amount - totals.total_amount
    yield _("It is the total of the workbooks"), "text", _verdict(missing)
    yield EMPTY
    yield _("Calls by status"), None, None
    yield from _counts(totals.calls, dict(Call.Status.choices))
    yield _("Calls in all"), "whole", totals.calls.total()
    yield _("Minutes"), "money", totals.duration_ms / 60_000
    if cost:
        yield _("Cost (USD)"), "dollars", totals.cost_usd
    yield EMPTY
    yield _("Calls by outcome"), None, None
    yield from _counts(totals.outcomes, words.OUTCOMES)
    yield EMPTY
    yield _("Promises"), None, None
    yield _("Cases with a promise"), "whole", totals.promises
    yield _("Promised amount"), "money", totals.promised


def _counts(counted: dict[str, int], names: dict[str, Any]) -> Iterator[Line]:
    """One line per code that occurs, in the order of `names`."""
    order = list(names)
    for code in sorted(
        counted, key=lambda code: order.index(code) if code in names else len(order)
    ):
        yield str(names.get(code, code)), "whole", counted[code]


def _verdict(missing: Any) -> str:
    return _("Yes") if not missing else _("No: %(missing)s") % {"missing": missing}
