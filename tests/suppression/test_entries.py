"""Entries are added once, never shortened, withdrawn with a reason, and outlive data."""

from datetime import timedelta

import pytest
from django.db import connection

from batches.models import Account, Job
from calls import suppression
from calls.block_requests import BlockRequest
from calls.blocks import Blocks
from calls.models import Call, DoNotCall
from calls.suppression import Done, Entry
from speechai_site.runtime import clock, keys
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_account, make_job

PHONE, RUT = "+56987654321", "CL:RUT:123456785"


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


def entry(account: Account | None, **values) -> Entry:
    account_id = account.pk if account else None
    values = {"reason": "lawyer", "source": "user:test"} | values
    return Entry("phone", keys.phone_key(PHONE), account_id, **values)


def test_the_same_is_added_once(account: Account) -> None:
    assert suppression.suppress_all([entry(account), entry(account)]) == Done(1, 0)
    assert suppression.suppress_all([entry(account)]) == Done(0, 0)


@pytest.mark.parametrize(
    "other",
    [
        {"reason": "opted_out"},
        {"creditor_key": "uno"},
        {"account_id": None},
    ],
)
def test_another_reason_creditor_or_account_is_another_entry(
    account: Account, other: dict
) -> None:
    suppression.suppress_all([entry(account)])
    values = vars(entry(account)) | other
    assert suppression.suppress_all([Entry(**values)]).added == 1


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [(1, 2, 2), (2, 1, 2), (1, None, None), (None, 1, None)],
)
def test_the_longer_expiry_holds(
    account: Account, first: int | None, second: int | None, kept: int | None
) -> None:
    now = clock.now().replace(microsecond=0)

    def until(days: int | None):
        return None if days is None else now + timedelta(days=days)

    for days in (first, second):
        suppression.suppress_all([entry(account, expires_at=until(days))])
    assert DoNotCall.objects.get().expires_at == until(kept)


def test_a_withdrawal_is_recorded_and_leaves_room_for_a_new_entry(
    account: Account,
) -> None:
    suppression.suppress_all([entry(account)])
    row = DoNotCall.objects.get()
    assert suppression.withdraw(row, by="user:ana", reason="mistyped")
    assert not suppression.withdraw(row, by="user:ana", reason="mistyped")
    recorded = AuditEntry.objects.get()
    assert (recorded.action, recorded.reason) == ("donotcall.withdraw", "mistyped")
    assert recorded.account_id == str(account.pk)
    assert suppression.suppress_all([entry(account)]).added == 1


@pytest.mark.parametrize(
    ("reason", "administrator", "may"),
    [
        ("opted_out", False, False),
        ("complaint", False, False),
        ("opted_out", True, True),
        ("administrative", False, True),
        ("what somebody typed before there were codes", False, False),
    ],
)
def test_what_a_person_asked_for_is_withdrawn_by_administrators(
    account: Account, reason: str, administrator: bool, may: bool
) -> None:
    suppression.suppress_all([entry(account, reason=reason)])
    row = DoNotCall.objects.get()
    assert suppression.may_withdraw(row, administrator=administrator) is may


def test_the_block_outlives_the_persons_data(account: Account) -> None:
    asked = BlockRequest(PHONE, RUT, "opted_out")
    suppression.suppress_all(asked.entries(account.pk, "user:test"))
    for model in (Call, Job):
        model.objects.all().delete()

    kept = str(list(connection.database["calls_donotcall"].find()))
    assert PHONE[3:] not in kept
    assert "123456785"[:-4] not in kept
    assert "12.345" not in kept
    again = Job(account=account, person_key=keys.person_key(RUT, ""))
    job = {
        "account_id": account.pk,
        "person_key": again.person_key,
        "phone_keys": [],
        "phones": [],
    }
    assert Blocks([job], clock.now()).person(job) == "do_not_call"


def test_the_gates_question_walks_the_index_of_keys(account: Account) -> None:
    suppression.suppress_all([entry(account)])
    plan = (
        connection.database["calls_donotcall"].find({"key": {"$in": ["a"]}}).explain()
    )
    assert "'indexName': 'dnc_key'" in str(plan["queryPlanner"]["winningPlan"])


def test_looking_for_waiting_cases_walks_indexes(db: None) -> None:
    job = make_job()
    where = {
        "status": {"$in": ["queued"]},
        "$or": [
            {"person_key": {"$in": [job.person_key]}},
            {"phone_keys": {"$in": job.phone_keys}},
        ],
    }
    plan = connection.database["batches_job"].find(where).explain()
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
