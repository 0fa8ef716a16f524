"""What a policy means for a campaign, in words; and when it would end."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from batches.models import Batch
from calls import finish, policy_words
from calls.policies.countries.chile import DEBT_COLLECTION
from calls.policies.countries.everywhere import RECORDS as MANNERS
from calls.policies.holidays import default_table
from calls.policies.merge import Effective, strictest
from tests.builders import make_account, make_batch, make_call, make_job, make_number
from tests.policies.building import policy_of

ZONE = ZoneInfo("America/Santiago")
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    settings.SANDBOX_POLICY = "law"
    monkeypatch.setattr("speechai_site.runtime.clock.now", lambda: MONDAY)
    with translation.override("es"):
        yield


@pytest.fixture
def batch(db: None) -> Batch:
    number = make_number(e164="+566003601234", calls_per_second=100)
    account = make_account(max_concurrent_calls=10)
    return make_batch(account, number=number)


def strict() -> Effective:
    return strictest([replace(DEBT_COLLECTION, reading="strict"), *MANNERS])


def test_the_strict_reading_is_one_attempt_a_week(batch: Batch) -> None:
    assert policy_words.headline(strict(), batch) == (
        "Con esta norma: 1 intento por persona por semana."
    )
    said = policy_words.other_phones(strict(), batch, MONDAY.date())
    assert said == "El 2.º teléfono no se usará en la primera semana."


def test_the_second_phone_is_not_used_when_there_is_one_attempt(batch: Batch) -> None:
    batch.max_attempts = 1
    said = policy_words.other_phones(policy_of("CL"), batch, MONDAY.date())
    assert said == "El 2.º teléfono no se usará."


def test_the_second_phone_is_not_used_before_the_campaign_expires(batch: Batch) -> None:
    batch.expires_at = MONDAY.replace(day=27)
    said = policy_words.other_phones(strict(), batch, MONDAY.date())
    assert said == "El 2.º teléfono no se usará."


def test_the_second_phone_gets_its_turn(batch: Batch) -> None:
    policy = policy_of("CL")
    assert "a lo más 3 intentos" in policy_words.headline(policy, batch)
    assert policy_words.other_phones(policy, batch, MONDAY.date()) == ""


def test_waits_between_attempts_are_heeded(batch: Batch) -> None:
    batch.retry_days = 7
    assert policy_words.attempts_within(policy_of("CL"), batch, 7) == 1
    assert policy_words.days_for(policy_of("CL"), batch, 3) == 14


def test_each_cap_is_said_with_its_source() -> None:
    said = policy_words.limits(policy_of("CL"))
    assert any("1 intento por persona por día" in each for each in said)
    assert any(
        "1 conversación por persona y acreedor en 7 días (Ley 19.496" in each
        for each in said
    )
    assert any("4 horas entre dos teléfonos" in each for each in said)


def test_hours_are_said_by_runs_of_days() -> None:
    assert policy_words.hours(policy_of("CL")) == [
        "Lunes a viernes: 09:00–19:30",
        "Sábado: 10:00–14:00",
        "Domingo: sin llamadas",
    ]


def test_holidays_of_the_coming_two_weeks_are_named() -> None:
    policy, table = policy_of("CL"), default_table("CL")
    (said,) = policy_words.holidays(policy, table, date(2026, 11, 25))
    assert "8 dic" in said
    assert "Inmaculada" in said
    assert policy_words.holidays(policy, table, date(2026, 11, 9)) == []


def test_holidays_that_nobody_reviewed_are_said() -> None:
    said = policy_words.holidays(
        policy_of("CL"), default_table("CL"), date(2027, 12, 26)
    )
    assert "nadie los ha revisado" in said[-1]


# --- when it would end


def ends(batch: Batch, cases: int, policy: Effective | None = None) -> Any:
    found = finish.estimate(
        batch, cases, policy or policy_of("CL"), default_table("CL")
    )
    return found and found.day


def test_a_small_campaign_ends_when_its_last_attempt_may_be_made(batch: Batch) -> None:
    assert ends(batch, 10) == date(2026, 11, 25)


def test_a_week_between_attempts_moves_the_end(batch: Batch) -> None:
    assert ends(batch, 10, strict()) == date(2026, 12, 7)


def test_a_big_campaign_takes_the_days_that_its_limits_ask(batch: Batch) -> None:
    # 10 calls of a minute at once for 630 minutes: 6,300 a day; 2.3 attempts a case
    assert ends(batch, 5 * 6300 * 100 // 232) == date(2026, 11, 27)
    assert ends(batch, 6 * 6300 * 100 // 232) == date(2026, 11, 30)


def test_a_daily_limit_counts(batch: Batch) -> None:
    batch.account.max_calls_per_day = 100
    assert ends(batch, 100_000) is None  # not within a year
    assert ends(batch, 200) == date(2026, 11, 27)


def test_nothing_to_call_has_no_end(batch: Batch) -> None:
    assert ends(batch, 0) is None


def test_own_calls_are_measured_when_there_are_enough(batch: Batch) -> None:
    job = make_job(batch)
    for _ in range(finish.ENOUGH_CALLS):
        make_call(job, status="ended", outcome="conversation", duration_ms=85_000)
    pace = finish.pace_of(batch.account_id)
    assert (pace.seconds, pace.contact_rate, pace.measured) == (100, 1, 30)
    assert pace.attempts(3) == 1
