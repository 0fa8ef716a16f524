"""Builders of rows for tests: sound by default, one keyword for what a test is about.

Every person is invented. Keys (person, document, phones, name) are the real ones.
"""

from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import Group

from batches.models import Account, Agent, Batch, Job, Membership, PhoneNumber
from calls.models import Call
from speechai_site.runtime import clock, keys
from speechai_site.runtime.models import User

_next = count(1)


def make_user(role: str = "", accounts: list[Account] = (), **values: Any) -> User:
    """A person with a role's group (empty: none) who is a member of `accounts`."""
    number = next(_next)
    values.setdefault("username", f"user{number}")
    user = User(is_staff=True, **values)
    user.set_unusable_password()
    user.save()
    if role:
        user.groups.add(Group.objects.get(name=role))
    for account in accounts:
        Membership.objects.create(user=user, account=account)
    return user


def make_account(**values: Any) -> Account:
    number = next(_next)
    values.setdefault("slug", f"account{number}")
    values.setdefault("name", f"Account {number}")
    values.setdefault("country", "CL")
    values.setdefault("time_zone", "America/Santiago")
    return Account.objects.create(**values)


def make_agent(**values: Any) -> Agent:
    number = next(_next)
    values.setdefault("retell_id", f"agent_{number:06}")
    values.setdefault("name", f"Agent {number}")
    return Agent.objects.create(**values)


def make_number(**values: Any) -> PhoneNumber:
    values.setdefault("e164", f"+5660{next(_next):08}")
    return PhoneNumber.objects.create(**values)


def make_batch(account: Account | None = None, **values: Any) -> Batch:
    """A draft with agent, caller id and one row, so that `start` has no obstacle."""
    values.setdefault("name", f"Batch {next(_next)}")
    values.setdefault("use_case", "debt_collection")
    values.setdefault("created_by", "user:test")
    values.setdefault("rows", 1)
    if "agent" not in values and "agent_id" not in values:
        values["agent"] = make_agent()
    if "number" not in values and "number_id" not in values:
        values["number"] = make_number()
    return Batch.objects.create(account=account or make_account(), **values)


def make_job(batch: Batch | None = None, **values: Any) -> Job:
    """A queued case, due now, of a new person with one mobile phone."""
    job = build_job(batch or make_batch(), **values)
    job.save(force_insert=True)
    return job


def build_job(batch: Batch, **values: Any) -> Job:
    """The same, not saved yet: many of them go into one `bulk_create`."""
    number = next(_next)
    values.setdefault("name", "Ana Prueba Soto")
    values.setdefault("document", f"CL:RUT:{make_rut(20_000_000 + number)}")
    values.setdefault("creditor", "Acreedor Uno")
    values.setdefault("amount", Decimal(150_000))
    values.setdefault("coupons", 1)
    values.setdefault("source_rows", [number])
    values.setdefault("next_attempt_at", clock.now())
    phones = values.setdefault(
        "phones", [{"e164": f"+5691{number:07}", "kind": "mobile", "state": "ok"}]
    )
    document = values["document"]
    values.setdefault("document_key", keys.document_key(document) if document else "")
    values.setdefault(
        "person_key",
        keys.person_key(
            document, batch.account_id, phones[0]["e164"] if phones else ""
        ),
    )
    values.setdefault("creditor_key", keys.fold(values["creditor"]).lower())
    values.setdefault("phone_keys", [keys.phone_key(p["e164"]) for p in phones])
    values.setdefault("name_keys", keys.name_keys(values["name"]))
    return Job(account_id=batch.account_id, batch=batch, **values)


def make_call(job: Job | None = None, **values: Any) -> Call:
    """A planned attempt at the job's first phone, from its batch's number."""
    job = job or make_job()
    values.setdefault("attempt", job.attempts + 1)
    values.setdefault("name", job.name)
    values.setdefault("to_number", job.phones[0]["e164"])
    values.setdefault("to_key", keys.phone_key(values["to_number"]))
    values.setdefault("person_key", job.person_key)
    values.setdefault("from_number", job.batch.number.e164)
    values.setdefault("agent_id", job.batch.agent.retell_id)
    return Call.objects.create(
        account_id=job.account_id, batch_id=job.batch_id, job=job, **values
    )


def make_rut(number: int) -> str:
    """`number` with its check digit: 12345678 → 123456785."""
    total = sum(int(d) * (2 + i % 6) for i, d in enumerate(reversed(str(number))))
    return f"{number}{'0123456789K'[-total % 11]}"
