"""Why a call was not made is kept once, whoever says it and how often."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from batches.models import Account, Job
from calls import decisions, explained
from calls.models import Decision
from tests.builders import make_job
from tests.loop.conftest import Loop

AT = datetime(2025, 11, 29, 17, 20, tzinfo=UTC)  # a Saturday
MONDAY = datetime(2025, 12, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def job(db: None) -> Job:
    return make_job()


def row_of(job: Job, **values: Any) -> dict[str, Any]:
    return {
        "account_id": job.account_id,
        "batch_id": job.batch_id,
        "job_id": job.pk,
        "decision": "defer",
        "code": "outside_hours",
        "rule": "CL/debt_collection@1",
        "source": "Ley 19.496 art. 37",
        "at": AT,
        "next_allowed_at": MONDAY,
    } | values


def test_the_same_answer_is_kept_once(job: Job) -> None:
    again = row_of(job, at=AT + timedelta(minutes=5))
    assert decisions.keep([row_of(job), row_of(job)]) == 1
    assert decisions.keep([again, row_of(job, code="holiday")]) == 1
    kept = Decision.objects.get(code="outside_hours")
    assert (kept.at, kept.next_allowed_at) == (AT, MONDAY)


def test_the_newest_decision_is_the_latest(job: Job) -> None:
    later = row_of(
        job, decision="deny", code="on_registry", at=MONDAY, next_allowed_at=None
    )
    decisions.keep([later, row_of(job)])
    assert decisions.latest(job.pk).code == "on_registry"
    assert decisions.latest(make_job().pk) is None


def test_a_check_of_ours_has_neither_rule_nor_source(job: Job) -> None:
    bare = row_of(job, code="batch_paused", next_allowed_at=None)
    del bare["rule"], bare["source"]
    decisions.keep([bare])
    kept = decisions.latest(job.pk)
    assert (kept.rule, kept.source) == ("", "")


def test_nothing_to_keep_is_no_fault(db: None) -> None:
    assert decisions.keep([]) == 0


def test_what_the_gate_refused_is_explained(loop: Loop) -> None:
    loop.simulate()
    job = loop.job(limit_date=datetime(2020, 1, 2, tzinfo=UTC))

    loop.plan()

    job.refresh_from_db()
    said = explained.of_job(Job.objects.get(pk=job.pk))
    assert (said["decision"], said["code"]) == ("deny", job.status_reason)
    assert said["code"] == "debt_date_past"
    assert said["reason"].startswith("No se llamó: ")


def test_a_case_that_nobody_claims_is_explained_too(loop: Loop) -> None:
    loop.simulate()
    job = loop.job()
    Account.objects.filter(pk=job.account_id).update(country="CO")

    loop.plan()

    said = explained.of_job(Job.objects.get(pk=job.pk))
    assert (said["decision"], said["code"]) == ("defer", "policy_draft")
    assert said["rule"].startswith("CO/debt_collection@")


def test_a_rule_without_a_record_is_kept_without_one(job: Job) -> None:
    decisions.keep([row_of(job, code="unknown_policy", rule="-", source="")])
    assert decisions.latest(job.pk).rule == ""
