"""A proposed policy is tried on the calls of the last month, beside the one in force."""

from collections import Counter
from datetime import timedelta

import pytest

from batches.models import Job
from calls import policy_changes, policy_replay
from calls.models import ContactLedger
from calls.policies.countries import RECORDS
from calls.policies.records import to_json
from calls.policy_replay import replay
from tests.builders import make_account, make_batch, make_call, make_job, make_number
from tests.policies.building import CALLER, local

pytestmark = pytest.mark.django_db
CHILE = to_json(next(r for r in RECORDS if r.ref == "CL/debt_collection@1"))
TUESDAY = local("2026-11-24T10:00")
US = {"text": "Norma nuestra", "status": "company_default"}
CLOSED = [{"days": ["tue"], "windows": [], "source": US}]


@pytest.fixture(autouse=True)
def today(monkeypatch, settings):
    settings.SANDBOX = False
    monkeypatch.setattr(
        "speechai_site.runtime.clock.now", lambda: local("2026-11-25T12:00")
    )


@pytest.fixture
def batch():
    return make_batch(make_account(), number=make_number(e164=CALLER))


def called(batch, at=TUESDAY, job=None, **values):
    """A call that was dialed, with its row of the ledger."""
    job = job or make_job(batch)
    values = {"status": "ended", "outcome": "conversation"} | values
    call = make_call(job, planned_at=at, **values)
    ContactLedger.objects.create(
        pk=call.pk,
        phone_slot=call.pk,
        call_id=call.pk,
        account=job.account,
        person_key=job.person_key,
        phone_key=call.to_key,
        creditor_key=job.creditor_key,
        at=at,
    )
    return job


def proposed(written=None, **layer):
    return policy_changes.propose(
        written or {**CHILE, "hours": CLOSED},
        by="user:ana",
        reason="prueba",
        may_loosen=True,
        **layer,
    )


def test_a_stricter_version_is_counted_beside_the_one_in_force(batch):
    called(batch)
    called(batch, local("2026-11-23T10:00"))
    called(batch, local("2026-11-24T21:00"))
    found = replay(proposed())
    assert found.calls == 3
    assert found.before == {("allow", "in_hours"): 2, ("defer", "outside_hours"): 1}
    assert found.after == {("allow", "in_hours"): 1, ("defer", "closed_weekday"): 2}
    assert found.moved == Counter(
        {("allow", "allow"): 1, ("allow", "defer"): 1, ("defer", "defer"): 1}
    )
    assert not found.sampled


def test_each_call_knows_the_contacts_from_before_it_and_no_later_ones(batch):
    job = called(batch, local("2026-11-23T10:00"))
    called(batch, TUESDAY, job=job)
    found = replay(proposed({**CHILE, "caps": []}))
    assert found.before == {
        ("allow", "in_hours"): 1,
        ("defer", "conversation_a_week"): 1,
    }
    assert found.after == {("allow", "in_hours"): 2}


def test_calls_of_other_campaigns_accounts_and_months_are_left_alone(batch):
    called(make_batch(batch.account, use_case="survey", number=batch.number))
    called(make_batch(make_account(country="AR")))
    called(batch, local("2026-10-01T10:00"))
    called(batch, status="withdrawn")
    other = called(make_batch(make_account()))
    assert replay(proposed(), account_ids=[batch.account_id]).calls == 0
    assert replay(proposed(), account_ids=[other.account_id]).calls == 1
    assert replay(proposed()).calls == 1


def test_an_accounts_own_rules_are_tried_on_its_calls(batch):
    called(batch)
    called(make_batch(make_account()))
    written = {
        "country": "CL",
        "use_case": "",
        "status": "active",
        "valid_from": "2026-01-01",
        "hours": CLOSED,
    }
    row = proposed(written, account=batch.account)
    assert replay(row).after == {("defer", "closed_weekday"): 1}
    assert replay(row, account_ids=[]).calls == 0


def test_what_holds_later_is_tried_as_if_it_held(batch):
    called(batch)
    row = proposed({**CHILE, "hours": CLOSED, "valid_from": "2027-06-01"})
    assert replay(row).after == {("defer", "closed_weekday"): 1}


def test_no_more_calls_are_asked_about_than_allowed(batch, monkeypatch):
    monkeypatch.setattr(policy_replay, "CHUNK", 2)
    for minute in range(5):
        called(batch, TUESDAY + timedelta(minutes=minute))
    found = replay(proposed(), most=3)
    assert (found.calls, found.sampled) == (3, True)


def test_a_case_that_is_gone_is_not_asked_about(batch):
    job = called(batch)
    called(batch)
    Job.objects.filter(pk=job.pk)._raw_delete("default")
    assert replay(proposed()).calls == 1
