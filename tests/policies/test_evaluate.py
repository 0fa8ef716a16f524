"""What does not pass by itself: policies, zones, consent, registries, caller ids, dates."""

from datetime import date, datetime, timedelta

import pytest

from calls.policies.decisions import RegistryLook
from calls.policies.effective import effective_for
from calls.policies.holidays import HolidayTable
from tests.policies.building import CL, ask, contact, job, local, person, policy_of

NOW = "2026-11-24T12:00"


@pytest.mark.parametrize(
    ("country", "use_case", "code"),
    [
        ("UY", "debt_collection", "unknown_policy"),
        ("", "debt_collection", "unknown_policy"),
        ("XX", "marketing", "unknown_policy"),
        ("CL", "lottery", "unknown_policy"),
        ("CL", "", "unknown_policy"),
        ("CO", "debt_collection", "policy_draft"),
        ("MX", "marketing", "policy_draft"),
        ("PE", "survey", "policy_draft"),
        ("ES", "notification", "policy_draft"),
        ("US", "appointment_reminder", "policy_draft"),
        ("BR", "debt_collection", "policy_draft"),
    ],
)
@pytest.mark.parametrize("lift_hours", [False, True])
def test_an_unknown_policy_or_a_draft_denies(country, use_case, code, lift_hours):
    policy = effective_for(country, use_case)
    decision = ask(NOW, policy=policy, lift_hours=lift_hours)
    assert (decision.decision, decision.code) == ("deny", code)
    assert decision.next_allowed_at is None


@pytest.mark.parametrize("country", ["CL", "AR"])
@pytest.mark.parametrize(
    "use_case",
    ["debt_collection", "marketing", "appointment_reminder", "survey", "notification"],
)
def test_chile_and_argentina_are_reviewed(country, use_case):
    assert effective_for(country, use_case).refusal == ""


def test_a_record_out_of_force_is_unknown():
    assert (
        effective_for("CL", "survey", on=date(2024, 12, 31)).refusal == "unknown_policy"
    )
    assert effective_for("CL", "survey", on=date(2025, 1, 1)).refusal == ""


@pytest.mark.parametrize(
    "phone", ["+5491143210000", "+525512345678", "", "56912345678"]
)
def test_a_phone_of_another_country_is_nowhere(phone):
    decision = ask(NOW, who=person(phone=phone))
    assert (decision.decision, decision.code) == ("defer", "unknown_zone")


def test_a_mobile_without_the_accounts_zone_is_nowhere():
    assert ask(NOW, who=person(default_zone="")).code == "unknown_zone"


@pytest.mark.parametrize(
    ("caller", "sector", "allowed"),
    [
        ("+566003601234", "", True),
        ("+56221234567", "", False),
        ("+56809123456", "", False),
        ("", "", False),
        ("+56221234567", "retail_financiero", True),
        ("+56221234567", "telecom", False),
    ],
)
def test_chiles_collection_shows_a_600_number(caller, sector, allowed):
    """Res. Ex. SUBTEL 286/2025; retail financiero: Supreme Court, March 2026."""
    policy = effective_for("CL", "debt_collection", sector=sector)
    decision = ask(NOW, caller=caller, policy=policy)
    assert (decision.decision == "allow") == allowed
    if not allowed:
        assert (decision.decision, decision.code) == ("defer", "caller_id_not_allowed")
        assert decision.next_allowed_at is None


@pytest.mark.parametrize(
    ("caller", "allowed"),
    [("+34912345678", True), ("+34612345678", False), ("+34900123456", True)],
)
def test_spains_marketing_shows_no_mobile(caller, allowed):
    """Orden TDF/149/2025."""
    given = local(NOW) - timedelta(days=10)
    decision = ask(
        NOW,
        caller=caller,
        policy=policy_of("ES", "marketing"),
        who=person(phone="+34612345678", default_zone="Europe/Madrid"),
        what=job(consent="prior_express", consent_at=given),
        registries={"Lista Robinson": RegistryLook(given, listed=False)},
    )
    codes = [check.code for check in decision.checks]
    assert ("caller_id_not_allowed" in codes) != allowed


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        ("mobile", 1),
        ("", 1),
        ("work", 0),
        ("reference", 0),
        ("family", 0),
        ("guarantor", 0),
    ],
)
def test_other_peoples_phones_are_not_called(kind, allowed):
    """operations.md 3; Ley 19.496 art. 37."""
    decision = ask(NOW, who=person(phone_kind=kind))
    assert (decision.decision == "allow") == bool(allowed)
    if not allowed:
        assert (decision.decision, decision.code) == ("deny", "phone_kind_forbidden")


@pytest.mark.parametrize(
    ("limits", "at", "decision", "opens"),
    [
        (["2026-11-24"], NOW, "allow", None),
        (["2026-11-24"], "2026-11-24T19:29:59", "allow", None),
        (["2026-11-23"], NOW, "deny", None),
        (["2026-12-31", "2026-11-23"], NOW, "deny", None),
        ([], NOW, "allow", None),
        # when it opens again the date is past: there is nothing to wait for
        (["2026-11-24"], "2026-11-24T20:00", "defer", None),
        (["2026-11-25"], "2026-11-24T20:00", "defer", "2026-11-25T09:00"),
    ],
)
def test_a_debt_whose_limit_date_is_past_is_not_spoken_of(limits, at, decision, opens):
    """operations.md 2: fecha_limite >= hoy, at the gate."""
    dates = tuple(date.fromisoformat(day) for day in limits)
    answer = ask(at, what=job(limit_dates=dates))
    assert answer.decision == decision
    assert answer.next_allowed_at == (local(opens) if opens else None)
    if decision == "deny":
        assert answer.code == "debt_date_past"


MEXICO = {"who": person(phone="+525512345678"), "caller": "+525512345670"}


@pytest.mark.parametrize(
    ("looks", "decision", "code"),
    [
        ({}, "defer", "registry_not_asked"),
        ({"REPEP": (1, False)}, "defer", "registry_not_asked"),
        ({"REPEP": (1, False), "REUS": (1, False)}, "allow", "in_hours"),
        ({"REPEP": (31, False), "REUS": (1, False)}, "defer", "registry_stale"),
        ({"REPEP": (1, False), "REUS": (1, True)}, "deny", "on_registry"),
    ],
)
def test_public_registries_are_asked_in_time(looks, decision, code):
    """PROFECO (30 days) and CONDUSEF (45 days)."""
    at = local(NOW)
    registries = {
        name: RegistryLook(at - timedelta(days=days), listed=listed)
        for name, (days, listed) in looks.items()
    }
    policy = policy_of("MX", "marketing")
    answer = ask(at, policy=policy, registries=registries, **MEXICO)
    assert (answer.decision, answer.code) == (decision, code)
    assert answer.next_allowed_at is None


def test_a_registry_that_is_stale_by_the_opening_promises_nothing():
    at = local("2026-11-24T21:00", "America/Mexico_City")
    registries = {
        name: RegistryLook(at - timedelta(days=30) + timedelta(hours=1), listed=False)
        for name in ("REPEP", "REUS")
    }
    policy = policy_of("MX", "marketing")
    answer = ask(at, policy=policy, registries=registries, **MEXICO)
    assert (answer.code, answer.next_allowed_at) == ("outside_hours", None)


@pytest.mark.parametrize(
    ("consent", "code"),
    [
        ("none", "registry_not_asked"),
        ("prior", "registry_not_asked"),
        ("prior_express", ""),
    ],
)
def test_argentinas_registry_gives_way_to_express_permission(consent, code):
    """Ley 26.951."""
    answer = ask(
        NOW,
        policy=policy_of("AR", "marketing"),
        who=person(phone="+543514567890"),
        what=job(consent=consent),
    )
    assert answer.code == (code or "in_hours")


@pytest.mark.parametrize(
    ("consent", "days", "code"),
    [
        ("none", 1, "no_consent"),
        ("prior", 1, "no_consent"),
        ("gibberish", 1, "no_consent"),
        ("prior_express", 1, "in_hours"),
        ("prior_written", 1, "in_hours"),
        ("prior_express", 729, "in_hours"),
        ("prior_express", 730, "consent_expired"),
        ("prior_express", None, "consent_expired"),
    ],
)
def test_spains_marketing_needs_an_express_consent_of_two_years(consent, days, code):
    """TRLGDCU art. 96.3; renewal every two years by the company."""
    at = datetime.fromisoformat("2026-11-24T12:00+01:00")
    given = at - timedelta(days=days) if days is not None else None
    answer = ask(
        at,
        caller="+34912345678",
        policy=policy_of("ES", "marketing"),
        who=person(phone="+34912345678"),
        what=job(consent=consent, consent_at=given),
        registries={"Lista Robinson": RegistryLook(at, listed=False)},
    )
    assert answer.code == code
    assert answer.decision == ("allow" if code == "in_hours" else "deny")


def test_the_sandbox_lifts_hours_and_nothing_else():
    sunday = "2026-11-29T23:00"
    assert ask(sunday, lift_hours=True).code == "hours_lifted"
    tried = [contact("2026-11-29T10:00")]
    decision = ask(sunday, tried, lift_hours=True)
    assert decision.code == "attempts_a_day"
    assert decision.next_allowed_at == local("2026-11-30T00:00")
    assert ask(sunday, caller="+56221234567", lift_hours=True).decision == "defer"


def test_without_a_table_of_holidays_nobody_is_called():
    decision = ask(NOW, holidays=HolidayTable({}))
    assert (decision.decision, decision.code) == ("defer", "unknown_holidays")
    assert decision.next_allowed_at is None


def test_a_moment_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        ask(datetime(2026, 11, 24, 12))  # noqa: DTZ001


def test_the_known_zones_of_a_person_go_before_their_phone():
    who = person(zones=("Pacific/Easter",), phone="+56221234567")
    decision = ask("2026-11-24T10:00", who=who)
    assert decision.next_allowed_at == local("2026-11-24T11:00", CL)


def test_the_region_of_a_person_goes_before_their_phone():
    who = person(region="Magallanes y la Antártica Chilena")
    assert ask("2026-07-14T08:30", who=who).decision == "allow"
    assert ask("2026-07-14T08:30").decision == "defer"
