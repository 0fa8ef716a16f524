"""What would become of a set of cases if they were called now: each in one group."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from batches.models import Batch, Job
from calls import forecast, forecast_words
from calls.forecast import Group
from calls.models import ContactLedger
from calls.suppression import Entry, suppress_all
from speechai_site.runtime import keys
from tests.builders import build_job, make_account, make_batch, make_job, make_number

ZONE = ZoneInfo("America/Santiago")
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=ZONE)  # a Wednesday


@pytest.fixture(autouse=True)
def clock_at(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    def at(moment: datetime) -> None:
        monkeypatch.setattr("speechai_site.runtime.clock.now", lambda: moment)

    settings.SANDBOX_POLICY = "law"
    at(NOON)
    return at


@pytest.fixture
def batch(db: None) -> Batch:
    return make_batch(number=make_number(e164="+566003601234"))


def counts(batch: Batch) -> dict[str, int]:
    found = forecast.of({"batch_id": batch.pk})
    return {name: group.count for name, group in found.groups.items()}


def contact(job: Job, at: datetime, **values: Any) -> None:
    number = ContactLedger.objects.count()
    values = {"kind": "conversation", "creditor_key": job.creditor_key} | values
    values = {"person_key": job.person_key, "phone_key": job.phone_keys[0]} | values
    ContactLedger.objects.create(
        pk=f"import|{number}",
        phone_slot=f"import|{number}",
        account_id=job.account_id,
        at=at,
        **values,
    )


def test_who_nothing_holds_back_can_be_called_now(batch: Batch) -> None:
    make_job(batch)
    assert counts(batch) == {"callable": 1}


def test_each_case_is_in_one_group(batch: Batch) -> None:
    make_job(batch)
    make_job(batch, phones=[])
    make_job(batch, phones=[{"e164": "+56911112222", "kind": "work", "state": "ok"}])
    make_job(batch, limit_date=NOON.date() - timedelta(days=1))
    make_job(batch, status="done")
    blocked, capped, optout = make_job(batch), make_job(batch), make_job(batch)
    make_job(batch, next_attempt_at=NOON + timedelta(hours=1))
    entry = Entry(
        "person",
        blocked.person_key,
        account_id=batch.account_id,
        reason="opted_out",
        source="user:ana",
    )
    suppress_all([entry])
    Job.objects.filter(pk=blocked.pk).update(status="queued")
    make_job(batch, status="denied", status_reason="do_not_call")
    contact(capped, NOON - timedelta(days=1))
    contact(optout, NOON - timedelta(days=1), outcome="complaint")
    assert counts(batch) == {
        "callable": 1,
        "no_phone": 1,
        "kind": 1,
        "debt_date": 1,
        "over": 1,
        "do_not_call": 2,
        "capped": 2,
        "never": 1,
    }
    assert forecast.of({"batch_id": batch.pk}).total == Job.objects.count()


def test_outside_hours_it_says_when_they_open(batch: Batch, clock_at: Any) -> None:
    clock_at(NOON.replace(hour=7))
    make_job(batch)
    group = forecast.of({"batch_id": batch.pk}).groups["hours"]
    assert group.first == NOON.replace(hour=9)


def test_a_cap_says_until_when(batch: Batch) -> None:
    contact(make_job(batch), NOON - timedelta(days=2))
    group = forecast.of({"batch_id": batch.pk}).groups["capped"]
    assert (group.first, group.last) == (NOON + timedelta(days=5),) * 2


def test_a_contact_of_another_account_does_not_count(batch: Batch) -> None:
    job = make_job(batch)
    theirs = make_job(make_batch(), person_key=job.person_key)
    contact(theirs, NOON - timedelta(days=1))
    assert counts(batch) == {"callable": 1}


def test_a_contact_of_a_phone_alone_counts_for_whom_it_is(batch: Batch) -> None:
    other = "+56922223333"
    phones = [
        {"e164": e164, "kind": "mobile", "state": "ok"}
        for e164 in ("+56922224444", other)
    ]
    job = make_job(batch, phones=phones)
    contact(
        job, NOON - timedelta(days=1), person_key="", phone_key=keys.phone_key(other)
    )
    assert counts(batch) == {"capped": 1}


@pytest.mark.parametrize(
    ("values", "group"),
    [
        ({"country": "CL", "time_zone": "America/Santiago"}, "zone"),
        ({"country": "PE", "time_zone": "America/Lima"}, "draft"),
        ({"country": "XX", "time_zone": "America/Lima"}, "policy"),
    ],
)
def test_what_nobody_knows_is_no(values: dict[str, str], group: str, db: None) -> None:
    batch = make_batch(make_account(**values))
    phone = {"PE": "+51911112222", "CL": "+5491122223333"}.get(values["country"], "+1")
    make_job(batch, phones=[{"e164": phone, "kind": "mobile", "state": "ok"}])
    assert counts(batch) == {group: 1}


def test_a_caller_id_that_may_not_be_shown_holds_all_back(db: None) -> None:
    batch = make_batch(number=make_number(e164="+56225550123"))
    make_job(batch)
    assert counts(batch) == {"caller_id": 1}


def test_a_draft_without_caller_id_is_counted(db: None) -> None:
    batch = make_batch(number=None)
    make_job(batch)
    assert counts(batch) == {"caller_id": 1}


def test_a_case_that_fails_is_nobody_to_call(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("calls.gate.Gate.decide", fails)
    make_job(batch)
    assert counts(batch) == {"other": 1}


def test_many_cases_are_asked_about_a_few_queries_at_a_time(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = forecast.Gate
    monkeypatch.setattr(forecast, "CHUNK", 4)
    monkeypatch.setattr(forecast, "Gate", lambda jobs: asked.append(jobs) or real(jobs))
    Job.objects.bulk_create([build_job(batch) for _ in range(10)])
    assert counts(batch) == {"callable": 10}
    assert [len(jobs) for jobs in asked] == [4, 4, 2]


def test_the_line_says_every_count(batch: Batch) -> None:
    found = forecast.Forecast(
        {
            "do_not_call": Group(130),
            "callable": Group(1010),
            "hours": Group(1, NOON.replace(hour=9), NOON.replace(hour=9)),
            "capped": Group(2, NOON, NOON + timedelta(days=3)),
        }
    )
    with translation.override("es"):
        said = forecast_words.sentence(found)
    assert said.startswith("1.143 casos: 1.010 llamables ahora, 1 fuera del horario")
    assert "130 en la lista “No llamar”" in said
    for moment in ("25 nov 09:00", "25 nov 12:00", "28 nov 12:00"):
        assert moment.split()[0] in said
