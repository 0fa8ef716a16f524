"""Lists of a million rows: an index gives the order, nothing is counted or joined."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import reverse

from batches.models import Batch, Job, Membership
from calls.models import Call
from tests.builders import make_batch, make_user

ROWS = 1000


@pytest.fixture
def batches(ours, theirs) -> list[Batch]:
    """Two accounts with a few thousand cases and calls between them."""
    made = [ours.batch, theirs.batch, make_batch()]
    for batch in made:
        jobs = Job.objects.bulk_create(
            Job(
                account_id=batch.account_id,
                batch=batch,
                person_key=str(number),
                status=Job.Status.DONE if number % 3 else Job.Status.QUEUED,
            )
            for number in range(ROWS)
        )
        Call.objects.bulk_create(
            Call(
                account_id=batch.account_id,
                batch=batch,
                job=job,
                attempt=1,
                to_number="+56911112222",
            )
            for job in jobs
        )
    return made


def stages(plan: Any) -> set[str]:
    """The stages of the winning plan."""
    if isinstance(plan, list):
        return set().union(*map(stages, plan))
    if not isinstance(plan, dict):
        return set()
    mine = {plan["stage"]} if "stage" in plan else set()
    below = (v for k, v in plan.items() if k not in ("rejectedPlans", "$sort"))
    return mine | stages(list(below))


def listing(model, user, query=""):
    request = RequestFactory().get("/", query)
    request.user = user
    return admin.site.get_model_admin(model).get_changelist_instance(request)


def explain(model, user, query="") -> set[str]:
    listed = listing(model, user, query)
    plan = json.loads(listed.queryset[: listed.list_per_page + 1].explain())
    return stages(plan.get("queryPlanner", plan))


def assert_scans_an_index_without_sort(model, user, query="") -> None:
    found = explain(model, user, query)
    assert "IXSCAN" in found
    assert not found & {"SORT", "COLLSCAN"}


@pytest.mark.parametrize("model", [Job, Call])
def test_plain_lists_are_index_scans_without_sort(model, ours, theirs, root, batches):
    Membership.objects.create(user=ours.supervisor, account=theirs.account)
    assert_scans_an_index_without_sort(model, root)
    assert_scans_an_index_without_sort(model, ours.operator)
    assert_scans_an_index_without_sort(model, ours.supervisor)  # of two accounts
    one_batch = {"batch": str(ours.batch.pk)}
    assert_scans_an_index_without_sort(model, ours.supervisor, one_batch)


def test_cases_of_a_status_are_an_index_scan_without_sort(root, batches):
    for status in ("done", "calling"):  # the second means claimed ones as well
        assert_scans_an_index_without_sort(Job, root, {"status": status})


def test_a_search_reads_an_index(ours, batches):
    for term in ("12.345.678-5", "+56 9 8765 4321", "Rosa Tapia", "tapia"):
        found = explain(Job, ours.supervisor, {"q": term})
        assert "IXSCAN" in found, term
        assert "COLLSCAN" not in found, term


@pytest.mark.parametrize("name", ["batches_job", "calls_call"])
def test_a_page_reads_its_table_once_and_joins_and_counts_nothing(
    name, ours, sign_in, django_assert_max_num_queries
):
    client = sign_in(ours.supervisor)
    with django_assert_max_num_queries(14) as asked:
        client.get(reverse(f"admin:{name}_changelist"))
    listed = [q["sql"] for q in asked.captured_queries if f"db.{name}." in q["sql"]]
    assert len(listed) == 1
    assert not [part for part in ("$lookup", "$count", "$group") if part in listed[0]]


def test_older_and_newer_pages_meet_without_gap_or_repetition(ours, batches):
    user = make_user(is_superuser=True)
    first = listing(Job, user)
    second = listing(Job, user, dict(parse_qsl(first.older_url[1:])))
    back = listing(Job, user, dict(parse_qsl(second.newer_url[1:])))
    whole = list(Job.objects.order_by("-pk")[:100].values_list("pk", flat=True))
    assert [row.pk for row in [*first.result_list, *second.result_list]] == whole
    assert [row.pk for row in back.result_list] == whole[:50]


def test_the_last_page_leads_nowhere_older(ours):
    listed = listing(Call, ours.supervisor)
    assert (listed.has_newer, listed.has_older) == (False, False)


@pytest.mark.parametrize("cursor", ["x", "-", "999999999999999999999999999", "1"])
def test_a_page_that_does_not_exist_is_the_first_one(cursor, ours):
    listed = listing(Job, ours.supervisor, {"p": cursor})
    assert [row.pk for row in listed.result_list] == [ours.job.pk]
