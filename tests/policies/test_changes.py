"""Policies change by proposal and approval; what loosens needs leave; two at once."""

import threading
from copy import deepcopy

import pytest
from django.db import connections

from calls import policy_changes, rules
from calls.models import Policy, RulesStamp
from calls.policies.countries import RECORDS
from calls.policies.records import to_json
from calls.policy_changes import ChangeRefused, approve, propose, refuse, retire
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account, make_batch
from tests.policies.building import local

pytestmark = pytest.mark.django_db
TODAY = local("2026-11-24T10:00").date()
COMPANY = {"text": "Norma de la empresa", "status": "company_default"}
CHILE = next(r for r in RECORDS if r.ref == "CL/debt_collection@1")
ANA, BEA = "user:ana", "user:bea"


@pytest.fixture
def live(settings):
    settings.SANDBOX = False


def chile(**changes):
    written = deepcopy(to_json(CHILE))
    written.update(changes)
    return written


def caps(**most):
    """Chile's caps with other numbers."""
    found = deepcopy(to_json(CHILE)["caps"])
    for cap in found:
        cap["most"] = most.get(cap["code"], cap["most"])
    return found


LOOSER = {"caps": caps(attempts_a_week=4)}
TIGHTER = {"caps": caps(attempts_a_week=2)}
CLOSED = [{"days": ["mon"], "windows": [], "source": COMPANY}]


def make(written=None, *, by=ANA, reason="porque sí", may_loosen=True, **layer):
    return propose(
        written or chile(**TIGHTER),
        by=by,
        reason=reason,
        may_loosen=may_loosen,
        **layer,
    )


def weekly(**layer):
    """How many attempts a week the rules in force allow in Chile."""
    policy = rules.current().policy("CL", "debt_collection", on=TODAY, **layer)
    return min(k.limit.most for k in policy.caps if k.limit.code == "attempts_a_week")


def monday(**layer):
    return rules.current().policy("CL", "debt_collection", on=TODAY, **layer).windows(0)


def statuses():
    return dict(Policy.objects.values_list("version", "status"))


def layer_record(**limits):
    return {
        "country": "CL",
        "use_case": "debt_collection",
        "status": "active",
        "valid_from": "2026-01-01",
        **limits,
    }


# --- proposing


def test_a_change_holds_at_once_in_the_sandbox_and_is_on_record():
    assert weekly() == 3
    row = make()
    assert (row.version, row.status, weekly()) == (2, "active", 2)
    assert (row.loosens, row.proposed_by, row.decided_by) == ([], ANA, ANA)
    acts = AuditEntry.objects.order_by("pk").values_list("action", "reason")
    assert list(acts) == [
        ("policy.propose", "porque sí"),
        ("policy.approve", "porque sí"),
    ]


def test_the_next_version_takes_the_place_of_the_one_before():
    make()
    make(chile(**LOOSER))
    assert statuses() == {2: "retired", 3: "active"}
    assert weekly() == 4


def test_a_record_that_is_none_is_refused_in_one_sentence():
    with pytest.raises(ChangeRefused, match=r"^country: "):
        make(chile(country="Chile"))
    with pytest.raises(ChangeRefused):
        make("[]")
    assert not Policy.objects.exists()


def test_without_a_reason_nothing_is_changed():
    with pytest.raises(ChangeRefused):
        make(reason="  ")
    assert not Policy.objects.exists()


def test_what_loosens_is_computed_and_needs_leave():
    with pytest.raises(ChangeRefused):
        make(chile(**LOOSER), may_loosen=False)
    assert weekly() == 3
    assert make(chile(**LOOSER)).loosens == ["attempts_a_week"]
    make(chile(**TIGHTER), may_loosen=False)
    assert weekly() == 2


def test_a_reading_is_compared_with_what_holds_now_not_with_what_is_shipped():
    strict = chile(reading="strict")
    assert policy_changes.difference(strict).tightens == ("ring_a_week",)
    make(strict)
    assert policy_changes.difference(chile()).loosens == ("ring_a_week",)


def test_accepting_a_draft_country_loosens():
    draft = next(r for r in RECORDS if r.ref == "CO/debt_collection@1")
    row = make({**to_json(draft), "status": "active"})
    assert row.loosens == ["policy_draft"]
    policy = rules.current().policy("CO", "debt_collection", on=TODAY)
    assert policy.refusal == ""


def test_everywhere_is_compared_in_every_country():
    everywhere = to_json(next(r for r in RECORDS if r.ref == "*/*@1"))
    everywhere.pop("gaps")
    assert policy_changes.difference(everywhere).loosens == ("gap",)


def test_what_begins_later_leaves_the_version_before_in_force():
    make()
    make(chile(**LOOSER, valid_from="2999-01-01"))
    assert (statuses(), weekly()) == ({2: "active", 3: "active"}, 2)


# --- layers


def test_an_accounts_layer_holds_for_it_alone():
    account = make_account()
    row = make(layer_record(hours=CLOSED), account=account, may_loosen=False)
    assert (row.account_id, row.version) == (account.pk, 1)
    policy = rules.current().policy(
        "CL", "debt_collection", on=TODAY, account_id=account.pk
    )
    own = f"CL/debt_collection+{account.pk}@1"
    assert (policy.ref, own in policy.records) == ("CL/debt_collection@1", True)
    assert monday(account_id=account.pk) == ()
    assert monday() != ()


def test_a_campaigns_layer_tightens_its_account_further():
    batch = make_batch()
    make(layer_record(caps=caps(attempts_a_week=2)), account=batch.account)
    make(layer_record(caps=caps(attempts_a_week=1)), batch=batch)
    layers = {"account_id": batch.account_id, "batch_id": batch.pk}
    assert weekly(**layers) == 1
    assert weekly(account_id=batch.account_id) == 2


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (LOOSER, "attempts_a_week"),
        (
            {
                "hours": [
                    {
                        "days": ["mon"],
                        "windows": [["08:00", "21:00"]],
                        "source": COMPANY,
                    }
                ]
            },
            "hours",
        ),
        ({"gaps": [{"minutes": 30, "source": COMPANY}]}, "gaps"),
    ],
    ids=["cap", "hours", "gap"],
)
def test_a_layer_that_would_loosen_is_refused(limits, code):
    with pytest.raises(ChangeRefused, match=code):
        make(layer_record(**limits), account=make_account())
    assert not Policy.objects.exists()


def test_a_campaigns_layer_is_not_looser_than_its_accounts():
    batch = make_batch()
    make(layer_record(caps=caps(attempts_a_week=1)), account=batch.account)
    with pytest.raises(ChangeRefused, match="attempts_a_week"):
        make(layer_record(caps=caps(attempts_a_week=2)), batch=batch)


def test_a_layer_may_be_as_strict_as_what_is_above():
    make(layer_record(hours=to_json(CHILE)["hours"][1:]), account=make_account())
    assert Policy.objects.get().status == "active"


# --- four eyes


def test_in_live_nothing_changes_until_another_person_approves(live):
    row = make()
    assert (row.status, weekly()) == ("proposed", 3)
    with pytest.raises(ChangeRefused):
        approve(row, by=ANA)
    assert weekly() == 3
    approved = approve(row, by=BEA)
    assert (approved.status, approved.decided_by, weekly()) == ("active", BEA, 2)


def test_the_activity_log_shows_both_people(live):
    approve(make(), by=BEA)
    proposed, approved = AuditEntry.objects.order_by("pk")
    assert (proposed.actor, approved.actor) == (ANA, BEA)
    assert approved.detail["proposed_by"] == ANA
    assert approved.reason == "porque sí"


def test_a_proposal_is_decided_once(live):
    row = make()
    assert refuse(row, by=BEA, reason="no")
    assert not refuse(row, by=BEA)
    with pytest.raises(ChangeRefused):
        approve(row, by=BEA)
    assert (statuses(), weekly()) == ({2: "refused"}, 3)
    assert AuditEntry.objects.get(action="policy.refuse").reason == "no"


def test_an_older_proposal_does_not_come_after_a_newer_one(live):
    older, newer = make(), make(chile(caps=caps(attempts_a_week=1)))
    approve(newer, by=BEA)
    with pytest.raises(ChangeRefused):
        approve(older, by=BEA)
    assert (statuses(), weekly()) == ({2: "proposed", 3: "active"}, 1)


def test_what_loosens_only_by_now_is_not_approved(live):
    """What another record said as well when it was proposed, nobody says any more."""
    shipped = to_json(next(r for r in RECORDS if r.ref == "*/*@1"))
    daily = next(c for c in to_json(CHILE)["caps"] if c["code"] == "attempts_a_day")
    approve(make({**shipped, "caps": [*shipped["caps"], daily]}), by=BEA)
    others = [c for c in to_json(CHILE)["caps"] if c["code"] != "attempts_a_day"]
    row = make(chile(caps=others))
    assert row.loosens == []
    approve(make(shipped), by=BEA)
    with pytest.raises(ChangeRefused):
        approve(row, by=BEA)
    assert Policy.objects.get(pk=row.pk).status == "proposed"


# --- taking back


def test_what_was_changed_is_taken_back_to_what_is_shipped():
    row = make()
    retire(row, by=ANA, reason="error", may_loosen=True)
    assert (statuses(), weekly()) == ({2: "retired", 3: "active"}, 3)


def test_taking_back_loosens_and_needs_leave():
    row = make(layer_record(hours=CLOSED), account=make_account())
    with pytest.raises(ChangeRefused):
        retire(row, by=ANA, reason="error")
    retire(row, by=ANA, reason="error", may_loosen=True)
    assert monday(account_id=row.account_id) == monday()


def test_a_country_that_is_not_shipped_is_taken_back_to_nobody():
    row = make(chile(country="UY"))
    retire(row, by=ANA, reason="error")
    policy = rules.current().policy("UY", "debt_collection", on=TODAY)
    assert policy.refusal == "policy_draft"


# --- two at once


def beside(work):
    def run():
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_two_proposals_at_once_get_numbers_of_their_own(monkeypatch):
    """The second is made when the first has its number, and has not written it."""
    numbered, waiting = policy_changes._next_version, [True]

    def _next_version(kind):
        found = numbered(kind)
        if waiting:
            waiting.pop()
            beside(lambda: make(chile(**LOOSER), by=BEA)).join()
        return found

    monkeypatch.setattr(policy_changes, "_next_version", _next_version)
    row = make()
    assert not waiting
    assert (row.version, row.proposed_by) == (3, ANA)
    assert (statuses(), weekly()) == ({2: "retired", 3: "active"}, 2)


def test_of_two_decisions_at_once_one_holds(live, monkeypatch):
    row = make()
    loosens, waiting = policy_changes._loosens, [True]

    def _loosens(change):
        if waiting:
            waiting.pop()
            beside(lambda: refuse(row, by=BEA)).join()
        return loosens(change)

    monkeypatch.setattr(policy_changes, "_loosens", _loosens)
    with pytest.raises(ChangeRefused):
        approve(row, by="user:eva")
    assert (statuses(), weekly()) == ({2: "refused"}, 3)
    assert not AuditEntry.objects.filter(action="policy.approve").exists()


def test_each_change_is_told_to_every_process():
    make()
    first = RulesStamp.objects.get().changes
    make(chile(**LOOSER))
    assert RulesStamp.objects.get().changes > first
