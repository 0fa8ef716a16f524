"""Realistic rows of jobs and calls, by the million: raw documents from a number.

A number always gives the same person. Jobs are what the importer makes of the sample
workbook, with another person in each; calls hold every column of the model.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from bson import Decimal128, ObjectId

from batches import use_cases
from batches.imports.cases import read_cases
from batches.imports.documents import JobDocuments
from batches.models import Account, Upload
from batches.states import JobStatus
from calls.models import Call
from calls.states import CallStatus
from samples.make_samples import write_collections_workbook
from speechai_site.runtime import keys
from speechai_site.runtime.documents import blank_document

SAMPLE_ROWS = 800
FIRST_RUT = 30_000_000
Document = dict[str, Any]
J, C = JobStatus, CallStatus
# Of 20 jobs that need nothing more.
CLOSED = (*[J.DONE] * 10, *[J.EXHAUSTED] * 5, *[J.DENIED] * 2, J.REVIEW, J.CANCELLED)
CLOSED = (*CLOSED, J.EXPIRED)


class Result(NamedTuple):
    """How an attempt ended."""

    status: str
    reason: str
    outcome: str
    disposition: str
    seconds: int
    cost: str  # US dollars
    summary: str


SPOKE = (
    "La persona confirmó su identidad y escuchó el detalle de la deuda. Dijo que "
    "conoce el saldo, que recibe su sueldo a fin de mes y que desea pagar en una cuota."
)
# Of 10 attempts.
RESULTS = (
    *[Result(C.NOT_CONNECTED, "dial_no_answer", "no_answer", "", 0, "0", "")] * 4,
    *[Result(C.ENDED, "voicemail_reached", "voicemail", "", 24, "0.04", "Buzón.")] * 2,
    Result(C.NOT_CONNECTED, "dial_busy", "busy", "", 0, "0", ""),
    Result(C.ENDED, "user_hangup", "conversation", "se_niega", 31, "0.0517", SPOKE),
    *[
        Result(
            C.ENDED, "agent_hangup", "conversation", "promesa_total", 96, "0.16", SPOKE
        )
    ]
    * 2,
)
STEPS = (C.PLANNED, C.SENDING, C.REGISTERED, C.ONGOING)


@dataclass(frozen=True)
class Target:
    """Where a job belongs."""

    account_id: ObjectId
    batch_id: ObjectId
    upload_id: ObjectId
    number: str  # the caller id
    agent: str
    created_at: datetime
    waiting: bool


def job_templates(account: Account, moment: datetime) -> list[Document]:
    """Jobs with a phone as the importer makes them of the sample workbook."""
    use_case = use_cases.get("debt_collection")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.xlsx"
        write_collections_workbook(path, rows=SAMPLE_ROWS)
        cases = read_cases(path, account, use_case, {}, moment.date())
        upload = Upload(
            pk=ObjectId(), account=account, created_by="bench", created_at=moment
        )
        documents = JobDocuments(cases, upload)
        made = [documents.of(case, 0) for case in cases.cases]
    # the sample's dates are long past, and nobody is called about a past one
    return [job | {"limit_date": None} for job in made if job["phones"]]


def phone_of(number: int) -> str:
    """The mobile of person `number`."""
    return f"+569{60_000_000 + number:08}"


def document_of(number: int) -> str:
    """The RUT of person `number`, as it is stored."""
    body = str(FIRST_RUT + number)
    total = sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(body)))
    return f"CL:RUT:{body}{'0123456789K'[-total % 11]}"


def job_id(number: int, created_at: datetime) -> ObjectId:
    """Ids grow with the number."""
    return ObjectId(f"{int(created_at.timestamp()):08x}{number:016x}")


class Jobs:
    """Makes the document of job `number`."""

    def __init__(self, templates: list[Document], now: datetime) -> None:
        self._templates = templates
        self._now = now

    def name_of(self, number: int) -> str:
        return self._templates[number % len(self._templates)]["name"]

    def make(self, number: int, rank: int, attempts: int, target: Target) -> Document:
        phone, document = phone_of(number), document_of(number)
        return {
            **self._templates[number % len(self._templates)],
            "_id": job_id(number, target.created_at),
            "account_id": target.account_id,
            "batch_id": target.batch_id,
            "upload_id": target.upload_id,
            "document": document,
            "document_key": keys.document_key(document),
            "person_key": keys.person_key(document, target.account_id),
            "phones": [{"e164": phone, "kind": "mobile", "state": "ok"}],
            "phone_keys": [keys.phone_key(phone)],
            "rank": rank,
            "source_rows": [rank + 2],
            "created_at": target.created_at,
            "attempts": attempts,
            "history": _job_history(attempts, target.created_at),
            **self._standing(number, attempts, target),
        }

    def _standing(self, number: int, attempts: int, target: Target) -> Document:
        reached = {"outcome": "no_answer", "status_reason": "no_answer"}
        if target.waiting:
            # spread over three days, in no order of the ids
            due = self._now - timedelta(seconds=number * 7_919 % 259_200)
            waits = {"status": J.QUEUED.value, "next_attempt_at": due}
            return waits | (reached if attempts else {})
        return reached | {
            "status": CLOSED[number % len(CLOSED)].value,
            "next_attempt_at": None,
            "finished_at": target.created_at + timedelta(days=attempts),
        }


def _job_history(attempts: int, created_at: datetime) -> list[Document]:
    at = created_at.isoformat()
    return [
        {"to": to.value, "at": at, "by": "clock", "reason": ""}
        for _attempt in range(attempts)
        for to in (J.CLAIMED, J.CALLING, J.QUEUED)
    ]


class Calls:
    """Makes the documents of attempts."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._blank = blank_document(Call)

    def make(
        self, number: int, attempt: int, order: int, at: datetime, target: Target
    ) -> Document:
        """Attempt `attempt` for job `number`, the `order`-th call of all, at `at`."""
        phone = phone_of(number)
        result = RESULTS[(order * 7 + attempt) % len(RESULTS)]
        end = at + timedelta(seconds=25 + result.seconds)
        promised = result.disposition == "promesa_total"
        return {
            **self._blank,
            "_id": f"att_{int(at.timestamp() * 1000):012x}{order:020x}",
            "account_id": target.account_id,
            "batch_id": target.batch_id,
            "job_id": job_id(number, target.created_at),
            "status": result.status.value,
            "attempt": attempt,
            "name": self._jobs.name_of(number),
            "to_number": phone,
            "to_key": keys.phone_key(phone),
            "person_key": keys.person_key(document_of(number), target.account_id),
            "from_number": target.number,
            "agent_id": target.agent,
            "retell_id": f"call_{order * 2_654_435_761 % 2**32:08x}{order:024x}",
            "round_id": f"{order // 200:024x}",
            "planned_wall": at,
            "first_sent_wall": at,
            "sends": 1,
            "planned_at": at,
            "started_at": at if result.seconds else None,
            "ended_at": end,
            "ended_wall": end,
            "duration_ms": result.seconds * 1000 or None,
            "reason": result.reason,
            "outcome": result.outcome,
            "cost_usd": Decimal128(result.cost),
            "analyzed": bool(result.seconds),
            "settled": "analysis" if result.seconds else "reason",
            "disposition": result.disposition,
            "promise_date": _midnight(at, days=9) if promised else None,
            "promise_amount": Decimal128("45990") if promised else None,
            "summary": result.summary,
            "history": [
                {"to": to.value, "at": at.isoformat(), "by": "dialer", "reason": ""}
                for to in (*STEPS, result.status)
            ],
        }


def open_states(count: int) -> Iterator[str]:
    """The statuses of `count` calls that hold a slot; a few of them unconfirmed."""
    for order in range(count):
        yield C.UNKNOWN if order % 60 == 7 else C.ONGOING if order % 2 else C.REGISTERED


def detail_of(call: Document) -> Document:
    """What is large of a call: request, reply, transcript."""
    turns = [
        f"Agent: Buenos días, ¿hablo con {call['name']}?\nUser: Sí, con ella.",
        "Agent: Le llamo por un saldo pendiente.\nUser: Sí, lo tengo presente.",
        "Agent: ¿Podría pagarlo esta semana?\nUser: El viernes, cuando me paguen.",
        "Agent: Lo anoto entonces. Muchas gracias, que tenga buen día.",
    ]
    transcript = "\n".join(turns) if call["duration_ms"] else ""
    return {
        "_id": call["_id"],
        "request": '{"dynamic_variables": "%s"}' % ("x" * 700),
        "reply": '{"call_analysis": {}, "latency": "%s"}' % ("x" * 1500),
        "reply_rank": 3,
        "transcript": transcript,
        "recording_url": "https://example.com/recording.wav" if transcript else "",
    }


def _midnight(moment: datetime, *, days: int) -> datetime:
    later = moment + timedelta(days=days)
    return later.replace(hour=0, minute=0, second=0, microsecond=0)
