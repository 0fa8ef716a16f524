from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from batches.imports import background, working
from batches.models import Account, Batch, Job
from calls.models import Call, CallDetail
from speechai_site import roles
from speechai_site.runtime.models import User
from tests.builders import make_account, make_batch, make_call, make_job, make_user


@dataclass
class Cast:
    """One account with a campaign, a case and its ended call, and its people."""

    account: Account
    batch: Batch
    job: Job
    call: Call
    administrator: User
    supervisor: User
    operator: User
    auditor: User


def make_cast(name: str) -> Cast:
    account = make_account(name=name)
    batch = make_batch(account, name=f"Campaign of {name}")
    job = make_job(
        batch,
        name="Rosa Tapia Lillo",
        document="CL:RUT:123456785",
        variables={"nombre": "Rosa"},
        extra=[["Dirección", "Calle Falsa 123"]],
    )
    call = make_call(job, status="ended", outcome="conversation", retell_id=f"r{name}")
    CallDetail.objects.create(
        pk=call.pk, transcript="Agent: Buenos días.\nUser: Soy Rosa Tapia."
    )
    people = {
        field: make_user(role, [account], username=f"{field}-{name}")
        for field, role in (
            ("administrator", roles.ADMINISTRATOR),
            ("supervisor", roles.SUPERVISOR),
            ("operator", roles.OPERATOR),
            ("auditor", roles.AUDITOR),
        )
    }
    return Cast(account, batch, job, call, **people)


@pytest.fixture(autouse=True)
def _a_worker_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued of an import is done before the request goes on."""
    monkeypatch.setattr(
        background, "async_task", lambda _task, pk, **_options: background.run(pk)
    )


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """No worker is there for files: what was queued, and for whom."""
    queued: list[tuple] = []
    monkeypatch.setattr(working, "async_task", lambda *task, **_o: queued.append(task))
    return queued


@pytest.fixture
def ours(db: None) -> Cast:
    return make_cast("ours")


@pytest.fixture
def theirs(db: None) -> Cast:
    return make_cast("theirs")


@pytest.fixture
def root(db: None) -> User:
    return make_user(username="root", is_superuser=True)


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    def sign_in(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
