"""Why a case is not called stands on its page, its list and its campaign's page."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from batches.admin import waiting
from batches.models import Batch, Job
from calls import decisions
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection
from tests.admin.test_big_lists import stages
from tests.builders import make_job
from tests.loop.test_decisions import row_of

LAW = "Ley 19.496 art. 37 y CPC art. 59: días hábiles de 8 a 20 h"
# Friday 28 November 2025, 21:15 in Santiago
LATE = datetime(2025, 11, 29, 0, 15, tzinfo=UTC)
SATURDAY = datetime(2025, 11, 29, 12, 0, tzinfo=UTC)
LATE_ROW = {"source": LAW, "at": LATE, "next_allowed_at": SATURDAY}


def text_of(client, name, pk) -> str:
    page = client.get(reverse(f"admin:{name}_change", args=[pk])).content.decode()
    return " ".join(strip_tags(page).split())


def hold(job: Job, code: str, **values) -> Job:
    Job.objects.filter(pk=job.pk).update(status_reason=code, **values)
    return job


def test_a_case_says_the_moment_the_rule_and_when_it_may_be_called(ours, sign_in):
    decisions.keep([row_of(ours.job, **LATE_ROW)])
    hold(ours.job, "outside_hours")
    assert (
        "No se llamó: viernes 28/11/2025 21:15, la norma (CL/debt_collection@1, "
        f"{LAW}) permite 08:00–20:00. Se puede desde el sábado 29/11/2025 09:00."
    ) in text_of(sign_in(ours.operator), "batches_job", ours.job.pk)


def test_hours_that_bound_in_another_zone_are_not_told_as_the_accounts(ours, sign_in):
    """19:30 in the account's zone is allowed; where the person is it was later."""
    at = LATE - timedelta(hours=1, minutes=45)
    decisions.keep([row_of(ours.job, **LATE_ROW | {"at": at})])
    page = text_of(sign_in(ours.operator), "batches_job", ours.job.pk)
    assert "No se llamó: fuera del horario permitido, según la norma" in page
    assert "permite" not in page.partition("No se llamó")[2][:200]


def test_a_denial_by_a_rule_names_its_source_and_no_moment(ours, sign_in):
    denied = {"decision": "deny", "code": "on_registry", "next_allowed_at": None}
    decisions.keep([row_of(ours.job, **denied, source="Ley 19.496 art. 28 B")])
    page = text_of(sign_in(ours.operator), "batches_job", ours.job.pk)
    assert "Denegada" in page
    assert "(CL/debt_collection@1, Ley 19.496 art. 28 B)." in page
    assert "Se puede desde" not in page


def test_a_check_of_the_program_is_said_in_its_words(ours, sign_in):
    none = {"rule": "", "source": "", "next_allowed_at": None}
    decisions.keep([row_of(ours.job, code="batch_paused", **none)])
    page = text_of(sign_in(ours.operator), "batches_job", ours.job.pk)
    assert "No se llamó: la campaña está pausada." in page


def test_an_administrative_block_tells_nothing_of_another_list(ours, sign_in):
    block = {
        "decision": "deny",
        "code": "administrative_block",
        "rule": "List of theirs",
        "source": "Complaint at theirs",
        "next_allowed_at": SATURDAY,
    }
    decisions.keep([row_of(ours.job, **block)])
    page = text_of(sign_in(ours.operator), "batches_job", ours.job.pk)
    assert "No se llamó: bloqueo administrativo." in page
    assert "theirs" not in page
    assert "Se puede desde" not in page


def test_a_case_never_held_back_has_no_such_panel(ours, sign_in):
    page = text_of(sign_in(ours.operator), "batches_job", ours.job.pk)
    assert "Por qué no se" not in page


def cases(batch, **held: int) -> None:
    for code, n in held.items():
        for place in range(n):
            later = clock.now() + timedelta(hours=1 + place)
            hold(make_job(batch, next_attempt_at=later), code)


def panel_of(client, batch) -> list[dict]:
    page = client.get(reverse("admin:batches_batch_change", args=[batch.pk]))
    for panel in page.context["summary"]["panels"]:
        if panel.template == waiting.TEMPLATE:
            return panel.context["rows"]
    return []


def test_a_campaign_counts_why_its_cases_wait(ours, sign_in):
    cases(ours.batch, outside_hours=3, attempts_a_week=1)
    hold(make_job(ours.batch), "no_phone", status="denied", next_attempt_at=None)
    hold(make_job(ours.batch), "promise", status="done", next_attempt_at=None)
    rows = panel_of(sign_in(ours.operator), ours.batch)
    assert {(row["label"], row["count"]) for row in rows} == {
        ("Fuera del horario permitido", "3"),
        ("No quedan intentos por esta semana", "1"),
        ("Sin teléfono utilizable", "1"),
    }
    assert rows[0]["count"] == "3"
    assert rows[0]["again"] not in ("–", "ahora")
    assert next(r for r in rows if "teléfono" in r["label"])["again"] == "–"


def test_a_reason_leads_to_its_cases(ours, sign_in):
    cases(ours.batch, outside_hours=2, holiday=1)
    client = sign_in(ours.operator)
    first = panel_of(client, ours.batch)[0]
    listed = client.get(first["url"]).context["cl"]
    assert [job.status_reason for job in listed.result_list] == ["outside_hours"] * 2


def test_more_than_can_be_counted_is_said_so(ours, sign_in, monkeypatch):
    monkeypatch.setattr(waiting, "MOST_COUNTED", 2)
    cases(ours.batch, outside_hours=3, holiday=2)
    rows = panel_of(sign_in(ours.operator), ours.batch)
    assert [row["count"] for row in rows] == ["más de 2", "2"]


def test_the_reasons_of_a_campaign_are_offered_as_a_filter(ours, theirs, sign_in):
    cases(ours.batch, outside_hours=1, own_limit=1)
    cases(theirs.batch, holiday=1)
    client, url = sign_in(ours.operator), reverse("admin:batches_job_changelist")

    def offered(batch: Batch) -> list[str]:
        specs = client.get(url, {"batch": batch.pk}).context["cl"].filter_specs
        found = [s for s in specs if getattr(s, "parameter_name", "") == "reason"]
        return [code for spec in found for code, _ in spec.lookup_choices]

    assert sorted(offered(ours.batch)) == ["outside_hours", "own_limit"]
    assert offered(theirs.batch) == []


def explained(pipeline: list[dict]) -> str:
    rows = collection(Job).database.command(
        "explain",
        {"aggregate": Job._meta.db_table, "pipeline": pipeline, "cursor": {}},
        verbosity="queryPlanner",
    )
    first = rows["stages"][0]["$cursor"] if "stages" in rows else rows
    return json.dumps(stages(first["queryPlanner"]["winningPlan"]), default=list)


@pytest.mark.parametrize("status", ["queued", "denied"])
def test_reasons_are_read_by_jumps_through_their_index(status, ours):
    cases(ours.batch, outside_hours=20)
    found = explained(waiting.pipeline(ours.batch.pk, status))
    assert "DISTINCT_SCAN" in found
    assert not {"FETCH", "SORT", "COLLSCAN"} & set(json.loads(found))


def test_a_case_leads_to_the_question_whether_it_may_be_called(ours, sign_in):
    decisions.keep([row_of(ours.job, **LATE_ROW)])
    client = sign_in(ours.supervisor)
    page = client.get(reverse("admin:batches_job_change", args=[ours.job.pk]))
    asked = client.get(f"{reverse('admin:may_call')}?case={ours.job.pk}")
    assert f'href="{asked.request["PATH_INFO"]}?case={ours.job.pk}"' in (
        page.content.decode()
    )
    assert asked.status_code == 200
