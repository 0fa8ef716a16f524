"""No code is shown raw: what the machine writes on rows has words."""

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib import admin
from django.urls import reverse
from django.utils.translation import gettext as _

from batches.admin import pages, words
from batches.states import ENDED_BY_REQUEST, BatchStatus, JobStatus
from calls.admin.words import ANALYSIS, CONTACTS, FAULTS
from calls.retell import analysis
from calls.retell.errors import error_from_reply
from calls.steps import STEP_LABELS
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_job

# What is written into f"batch_{…}" and the like.
FILLED_IN = {
    "batch_": [status for status in BatchStatus if status != BatchStatus.RUNNING],
    "asked_": ENDED_BY_REQUEST,
    "provider_": FAULTS,
}
# Calls whose second argument is a code, and keywords that are one.
MAKERS = {"Verdict", "Decision", "Step", "RetellError", "_lose"}
KEYWORDS = {"reason", "status_reason", "pause_reason", "error_code"}


def codes_of(node: ast.expr) -> Iterator[str]:
    """The codes that an expression can be; nothing when it comes from elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from codes_of(node.body)
        yield from codes_of(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        prefix = node.values[0].value
        yield from (f"{prefix}{part}" for part in FILLED_IN[prefix])


def is_allowance(node: ast.Call) -> bool:
    first = node.args[0]
    return isinstance(first, ast.Constant) and first.value == "allow"


def written_codes() -> Iterator[str]:
    for app in ("batches", "calls", "reports"):
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            if not {"simulator", "admin", "migrations"} & set(path.parts):
                yield from codes_in(path)


def codes_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in MAKERS and len(node.args) > 1 and not is_allowance(node):
            yield from codes_of(node.args[1])
        for keyword in node.keywords:
            if keyword.arg in KEYWORDS:
                yield from codes_of(keyword.value)


@pytest.mark.parametrize("code", sorted({*written_codes(), *STEP_LABELS} - {""}))
def test_a_code_on_a_row_has_words(code):
    assert words.reason(code) != code


@pytest.mark.parametrize("status", [*range(400, 430), 500, 502, 503, 600])
@pytest.mark.parametrize("reply", ["", "no outbound agent", "phone-number"])
def test_whatever_retell_answers_has_words(status, reply):
    code = error_from_reply(status, reply).code
    assert words.reason(code) != code
    assert words.reason(f"provider_{code}") == words.reason(code)


@pytest.mark.parametrize("item", analysis.POST_CALL_ANALYSIS, ids=lambda i: i["name"])
def test_each_part_of_the_analysis_has_words(item):
    assert item["name"] in ANALYSIS


def test_each_contact_and_disposition_has_words():
    assert set(analysis.CONTACTS) <= set(CONTACTS)
    assert set(analysis.SPOKEN_DISPOSITIONS) <= set(words.DISPOSITIONS)


def test_a_claimed_case_is_shown_as_being_called():
    assert words.shown_counts({"claimed": 2, "calling": 3, "done": 1}) == {
        "calling": 5,
        "done": 1,
    }
    assert str(words.job_state(JobStatus.CLAIMED, 0)) == str(JobStatus.CALLING.label)


def test_who_waits_was_called_already_or_not_yet():
    never, before = (str(words.job_state("queued", tried)) for tried in (0, 1))
    assert never != before


def test_a_claim_and_its_call_are_one_line_of_the_history():
    at = "2026-11-23T12:00:00+00:00"
    steps = [("queued", "callback"), ("claimed", ""), ("calling", ""), ("done", "")]
    history = [{"to": to, "at": at, "by": "x", "reason": why} for to, why in steps]
    shown = pages.history_of(
        SimpleNamespace(history=history), lambda to: words.job_state(to, 1)
    )
    assert [line["label"] for line in shown] == [
        JobStatus.DONE.label,
        JobStatus.CALLING.label,
        JobStatus.QUEUED.label,
    ]


def test_who_looks_for_called_cases_finds_claimed_ones(ours, sign_in):
    found = {make_job(ours.batch, status=to).pk for to in ("claimed", "calling")}
    url = reverse("admin:batches_job_changelist")
    page = sign_in(ours.supervisor).get(url, {"status": "calling"})
    assert {job.pk for job in page.context["cl"].result_list} == found


def test_the_log_names_changed_fields_in_words():
    row = AuditEntry(detail={"fields": "Attempts per case, Name"})
    said = admin.site.get_model_admin(AuditEntry).details(row)
    assert said == f"{_('fields')}: {_('attempts per case')}, {_('name')}"
