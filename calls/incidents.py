"""Incidents: what reviews of conversations find, kept once, and the pause after two.

A call that carried notices (`Call.disclosure_version`) is reviewed when its transcript
is final. All of this may be repeated, in any order, and be cut off between two lines:
an incident's id says what it is, and it is stored before its call counts as analyzed.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from batches.models import Batch
from batches.states import BatchStatus
from calls import speech
from calls.gate import Document
from calls.models import CallDetail, Incident
from calls.models.incidents import DUE_AFTER
from calls.policies import disclosures
from calls.reasons import OutcomeClass
from calls.speech import Facts, SpeechReview
from calls.states import INCIDENT, IncidentStatus
from speechai_site.runtime import audit, clock
from speechai_site.runtime.documents import collection, insert_missing

log = logging.getLogger(__name__)
BY = "results"
Kind = Incident.Kind
# So many open ones of these kinds, since the campaign last began to run, pause it.
PAUSING = (Kind.FORBIDDEN_SPEECH, Kind.DEBT_BEFORE_IDENTITY)
PAUSE_AFTER = 2
PAUSE_REASON = "speech_incidents"
# Whoever else ends a call leaves the agent no time for what is said at the end.
ENDED_BY_AGENT = "agent_hangup"
Reviewed = tuple[Document, SpeechReview]


def review(
    call: Document,
    reply: Mapping[str, Any],
    *,
    outcome: str,
    identity_verified: bool | None = None,
) -> SpeechReview | None:
    """The review of a call whose transcript is final; None when there is nothing to
    judge: no conversation, no notices, no transcript.

    `call` holds `_id` and `disclosure_version`; `reply` is Retell's call object.
    """
    notices = disclosures.of_version(call.get("disclosure_version") or "")
    if notices is None or outcome != OutcomeClass.CONVERSATION:
        return None
    try:
        facts = _facts(reply, identity_verified=identity_verified)
        return speech.review(speech.utterances_of(reply), notices, facts)
    except Exception as error:  # the result counts all the same
        log.error("call %s not reviewed: %s", call["_id"], type(error).__name__)
        return None


def record(reviewed: Iterable[Reviewed]) -> None:
    """Store the incidents of these calls, and pause the campaigns that have too many.

    `call` holds `_id`, `job_id`, `batch_id`, `account_id`, `disclosure_version`.
    """
    rows = [row for call, found in reviewed for row in _rows(call, found)]
    if not rows:
        return
    insert_missing(collection(Incident), rows)
    # stored before, perhaps, by somebody who died right after it
    pause_batches({row["batch_id"] for row in rows if row["kind"] in PAUSING})


def review_unanalyzed(calls: list[Document]) -> None:
    """Review calls whose analysis never came, by the last object that Retell sent.

    `calls` hold their `outcome` as well.
    """
    waiting = {
        call["_id"]: call
        for call in calls
        if call.get("disclosure_version")
        and call["outcome"] == OutcomeClass.CONVERSATION
    }
    if not waiting:
        return
    details = collection(CallDetail).find(
        {"_id": {"$in": list(waiting)}, "reply": {"$ne": ""}}, {"reply": 1}
    )
    reviewed = []
    for detail in details:
        call = waiting[detail["_id"]]
        found = review(call, _read(detail["reply"]), outcome=call["outcome"])
        if found is not None:
            reviewed.append((call, found))
    record(reviewed)


def pause_batches(batch_ids: Iterable[Any]) -> None:
    """Pause those that run and have too many open incidents, once.

    Only incidents since the last start or resume count: a person who resumes has seen
    the others. Who resumes at this very moment wins.
    """
    ids = list(batch_ids)
    if not ids:
        return
    for batch in Batch.objects.filter(pk__in=ids, status=BatchStatus.RUNNING):
        where: Document = {
            "batch_id": batch.pk,
            "kind": {"$in": list(PAUSING)},
            "status": IncidentStatus.OPEN,
        }
        if since := _running_since(batch):
            where["at"] = {"$gte": since}
        if collection(Incident).count_documents(where) < PAUSE_AFTER:
            continue
        if batch.pause(by=BY, reason=PAUSE_REASON, as_read=True):
            log.error("batch %s paused: %s", batch.pk, PAUSE_REASON)


def take(incident: Incident, *, by: str, owner: str) -> bool:
    """Become the owner of an open incident; not if it is no longer `owner`'s."""
    taken = Incident.objects.filter(
        pk=incident.pk, status=IncidentStatus.OPEN, owner=owner
    ).update(owner=by)
    if taken:
        audit.record("incident.take", incident, by=by)
    return bool(taken)


def resolve(incident: Incident, *, by: str, text: str) -> bool:
    """Open → resolved, with what was found and done. False when somebody was faster."""
    resolved = INCIDENT.move(
        {"_id": incident.pk},
        IncidentStatus.RESOLVED,
        by=by,
        owner=by,
        resolution=text,
        resolved_at=clock.now(),
    )
    if resolved:
        audit.record("incident.resolve", incident, by=by)
    return bool(resolved)


def _running_since(batch: Batch) -> datetime | None:
    """When it was last started or resumed, as far as its history goes."""
    for entry in reversed(batch.history):
        if entry["to"] == BatchStatus.RUNNING:
            return datetime.fromisoformat(entry["at"])
    return None


def _rows(call: Document, found: SpeechReview) -> list[Document]:
    """The incidents of one call as documents, all columns filled."""
    problems: list[tuple[str, str, int | None]] = [
        (Kind.MISSING_DISCLOSURE, code, None) for code in found.missing
    ]
    if found.identity_verified_before_debt is False:
        problems.append((Kind.DEBT_BEFORE_IDENTITY, "", found.debt_at))
    problems += [(Kind.FORBIDDEN_SPEECH, code, at) for code, at in found.forbidden]
    now = clock.now()
    return [
        {
            "_id": f"{call['_id']}.{kind}.{code}",
            "call_id": call["_id"],
            "job_id": call["job_id"],
            "batch_id": call["batch_id"],
            "account_id": call["account_id"],
            "kind": str(kind),
            "code": code,
            "utterance": at,
            "disclosure_version": call["disclosure_version"],
            "at": now,
            "due_at": now + DUE_AFTER,
            "status": str(IncidentStatus.OPEN),
            "owner": "",
            "resolution": "",
            "resolved_at": None,
            "history": [],
        }
        for kind, code, at in problems
    ]


def _facts(reply: Mapping[str, Any], *, identity_verified: bool | None) -> Facts:
    """The case's facts, from the variables that Retell gives back with the call."""
    given = reply.get("retell_llm_dynamic_variables")
    said = {
        name: text
        for name, text in (given.items() if isinstance(given, Mapping) else ())
        if isinstance(name, str) and isinstance(text, str)
    }
    return Facts(
        company=said.get("empresa", ""),
        amount=said.get("monto_total", ""),
        identity_verified=identity_verified,
        cut_short=reply.get("disconnection_reason") != ENDED_BY_AGENT,
        offers_discount=any(
            "descuento" in name.lower() or "descuento" in text.lower()
            for name, text in said.items()
        ),
    )


def _read(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
