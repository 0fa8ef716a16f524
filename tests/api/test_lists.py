from collections.abc import Callable
from typing import Any

import pytest

from batches.models import Account
from speechai_site.runtime import keyset
from tests.builders import make_batch, make_call, make_job

Get = Callable[..., Any]


def ids(response: Any) -> list[str]:
    return [item["id"] for item in response.json()["items"]]


def walk(get: Get, path: str, **query: Any) -> list[list[str]]:
    """The ids of every page."""
    pages, after = [], {}
    while True:
        response = get(path, **query, **after)
        pages.append(ids(response))
        if response.json()["next"] is None:
            return pages
        after = {"after": response.json()["next"]}


def test_batches_come_newest_first(get: Get, account: Account) -> None:
    first, second = make_batch(account), make_batch(account)
    assert ids(get("/batches")) == [str(second.pk), str(first.pk)]


def test_pages_join_without_gap_or_repetition(get: Get, account: Account) -> None:
    batch = make_batch(account)
    jobs = [make_job(batch) for _ in range(5)]
    pages = walk(get, "/jobs", limit=2)
    assert pages == [
        [str(jobs[4].pk), str(jobs[3].pk)],
        [str(jobs[2].pk), str(jobs[1].pk)],
        [str(jobs[0].pk)],
    ]


def test_jobs_are_filtered_by_batch_and_status(get: Get, account: Account) -> None:
    batch, other = make_batch(account), make_batch(account)
    done, _queued = make_job(batch, status="done"), make_job(batch)
    make_job(other, status="done")
    assert ids(get("/jobs", batch=batch.pk, status="done")) == [str(done.pk)]


def test_jobs_are_filtered_by_reason(get: Get, account: Account) -> None:
    batch = make_batch(account)
    late = make_job(batch, status_reason="outside_hours")
    make_job(batch, status_reason="holiday")
    make_job(batch)
    assert ids(get("/jobs", batch=batch.pk, reason="outside_hours")) == [str(late.pk)]
    assert ids(get("/jobs", reason="outside_hours", status="denied")) == []


def test_calls_are_filtered_by_batch_and_job(get: Get, account: Account) -> None:
    job = make_job(make_batch(account))
    call = make_call(job)
    make_call(make_job(job.batch))
    assert ids(get("/calls", batch=job.batch_id, job=job.pk)) == [call.pk]


def test_rare_status_is_found_over_bounded_pages(
    get: Get, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyset, "SCAN", 2)
    batch = make_batch(account)
    rare = make_job(batch, status="review")
    for _ in range(4):
        make_job(batch)
    assert walk(get, "/jobs", status="review") == [[], [], [str(rare.pk)]]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/batches", {"status": "nonsense"}),
        ("/jobs", {"limit": 0}),
        ("/jobs", {"limit": 201}),
        ("/calls", {"limit": "x"}),
    ],
)
def test_unusable_filter_is_invalid(get: Get, path: str, query: dict) -> None:
    response = get(path, **query)
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
