"""The columns of the report's sheets (original.md 6.3, adapted), as data.

Rows hold plain values: amounts are Decimals. A case's row is its document with `call` (the last one, or {}), `duration_ms` and
`cost_usd` (of all its calls). A call's row is its document with `job` and `detail`.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from batches import formats
from batches.admin import words
from batches.models import Job, Upload
from calls.admin import words as call_words
from calls.models import Call
from calls.reasons import OUTCOMES as REASONS
from reports.sheets import Column

CALL_STATUS = dict(Call.Status.choices)
CALL_REASONS = {code: reason.label for code, reason in REASONS.items()}
# A case that waits is named by whether it was called already.
JOB_STATES = {
    (status, called): words.job_state(status, int(called))
    for status in Job.Status.values
    for called in (False, True)
}
YES_NO = {True: _("Yes"), False: _("No")}
Row = dict[str, Any]


def _minutes(row: Row) -> float | None:
    return row["duration_ms"] / 60_000 if row["duration_ms"] else None


def _phone(row: Row) -> str:
    """The phone that was dialed last, or that will be first."""
    phones = row["phones"]
    return row["call"].get("to_number") or (phones[0]["e164"] if phones else "")


JOBS: list[Column] = [
    Column(_("Case"), "text", lambda row: str(row["_id"]), 26),
    Column(
        _("Rows"), "text", lambda row: ", ".join(str(n) for n in row["source_rows"]), 10
    ),
    Column(_("Name"), "text", lambda row: row["name"], 28),
    Column(_("Document"), "text", lambda row: formats.document(row["document"])),
    Column(_("Creditor"), "text", lambda row: row["creditor"], 20),
    Column(_("Phone"), "text", _phone, 16),
    Column(_("Balance owed"), "money", lambda row: row["amount"]),
    Column(_("Installments"), "whole", lambda row: row["coupons"], 10),
    Column(_("Pay by"), "date", lambda row: row["limit_date"]),
    Column(_("Latest promise"), "date", lambda row: row["max_date"]),
    Column(
        _("Status"),
        "text",
        lambda row: (row["status"], row["attempts"] > 0),
        words=JOB_STATES,
    ),
    Column(
        _("Reason"), "text", lambda row: row["status_reason"], 28, words=words.REASONS
    ),
    Column(_("Outcome"), "text", lambda row: row["outcome"], 18, words=words.OUTCOMES),
    Column(
        _("Disposition"),
        "text",
        lambda row: row["disposition"],
        22,
        words=words.DISPOSITIONS,
    ),
    Column(_("Promised date"), "date", lambda row: row["promise_date"]),
    Column(_("Promised amount"), "money", lambda row: row["promise_amount"]),
    Column(_("Callback"), "moment", lambda row: row["callback_at"], 19),
    Column(_("Attempts"), "whole", lambda row: row["attempts"], 10),
    Column(_("Next attempt"), "moment", lambda row: row["next_attempt_at"], 19),
    Column(
        _("Last call"), "text", lambda row: row["call"].get("status"), words=CALL_STATUS
    ),
    Column(
        _("Disconnection reason"),
        "text",
        lambda row: row["call"].get("reason"),
        24,
        words=CALL_REASONS,
    ),
    Column(_("Started"), "moment", lambda row: row["call"].get("started_at"), 19),
    Column(_("Ended"), "moment", lambda row: row["call"].get("ended_at"), 19),
    Column(_("Duration"), "duration", lambda row: row["duration_ms"], 10),
    Column(_("Minutes"), "money", _minutes, 10),
    Column(_("Cost (USD)"), "dollars", lambda row: row["cost_usd"], 12, cost=True),
    Column(_("Summary"), "text", lambda row: row["call"].get("summary"), 40),
    Column(
        _("Warnings"),
        "text",
        lambda row: " ".join(warning["message"] for warning in row["warnings"]),
        28,
    ),
    Column(_("Made"), "moment", lambda row: row["created_at"], 19),
    Column(_("Closed"), "moment", lambda row: row["finished_at"], 19),
]

CALLS: list[Column] = [
    Column(_("Call"), "text", lambda row: row["_id"], 38),
    Column(_("Case"), "text", lambda row: str(row["job_id"]), 26),
    Column(_("Attempt"), "whole", lambda row: row["attempt"], 10),
    Column(_("Name"), "text", lambda row: row["name"], 28),
    Column(_("Document"), "text", lambda row: formats.document(row["job"]["document"])),
    Column(_("Phone"), "text", lambda row: row["to_number"], 16),
    Column(_("Caller id"), "text", lambda row: row["from_number"], 16),
    Column(_("Voice agent"), "text", lambda row: row["agent_id"], 20),
    Column(_("Version"), "whole", lambda row: row["agent_version"], 8),
    Column(_("Status"), "text", lambda row: row["status"], words=CALL_STATUS),
    Column(_("Outcome"), "text", lambda row: row["outcome"], 18, words=words.OUTCOMES),
    Column(
        _("Disconnection reason"),
        "text",
        lambda row: row["reason"],
        24,
        words=CALL_REASONS,
    ),
    Column(_("Prepared"), "moment", lambda row: row["planned_at"], 19),
    Column(_("Started"), "moment", lambda row: row["started_at"], 19),
    Column(_("Ended"), "moment", lambda row: row["ended_at"], 19),
    Column(_("Duration"), "duration", lambda row: row["duration_ms"], 10),
    Column(_("Minutes"), "money", _minutes, 10),
    Column(_("Cost (USD)"), "dollars", lambda row: row["cost_usd"], 12, cost=True),
    Column(
        _("Contact"), "text", lambda row: row["contact"], 18, words=call_words.CONTACTS
    ),
    Column(
        _("Identity verified"),
        "text",
        lambda row: row["identity_verified"],
        10,
        words=YES_NO,
    ),
    Column(
        _("Disposition"),
        "text",
        lambda row: row["disposition"],
        22,
        words=words.DISPOSITIONS,
    ),
    Column(_("Promised date"), "date", lambda row: row["promise_date"]),
    Column(_("Promised amount"), "money", lambda row: row["promise_amount"]),
    Column(_("Callback"), "moment", lambda row: row["callback_at"], 19),
    Column(
        _("Sentiment"),
        "text",
        lambda row: row["sentiment"],
        12,
        words=call_words.SENTIMENTS,
    ),
    Column(_("Summary"), "text", lambda row: row["summary"], 40),
    Column(_("Transcript"), "text", lambda row: row["detail"].get("transcript"), 40),
    Column(_("Recording"), "text", lambda row: row["detail"].get("recording_url"), 30),
    Column(_("Retell id"), "text", lambda row: row["retell_id"], 34),
]


def reported_rows(uploads: dict[Any, Upload], cells: int) -> list[Column]:
    """The columns of the rows that were not loaded; `cells` of the original row."""
    return [
        Column(_("File"), "text", lambda row: uploads[row["upload_id"]].file_name, 28),
        Column(_("Row"), "whole", lambda row: row["row"], 8),
        Column(_("Column"), "text", lambda row: row["column"], 20),
        Column(_("Value"), "text", lambda row: row["value"], 20),
        Column(_("Code"), "text", lambda row: row["code"], 20),
        Column(_("Why"), "text", lambda row: row["message"], 40),
        *(_original(place) for place in range(cells)),
    ]


def _original(place: int) -> Column:
    return Column(
        _("Cell %(number)s") % {"number": place + 1},
        "text",
        lambda row: row["cells"][place] if place < len(row["cells"]) else None,
    )
