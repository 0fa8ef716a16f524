import pytest

from batches.imports import drafting
from batches.models import Batch, Job
from calls.models import Call
from tests.builders import make_agent, make_number


@pytest.fixture
def client(ours, sign_in):
    """An operator whose account has an agent and a number, and no cases."""
    ours.account.default_agent = make_agent()
    ours.account.default_number = make_number()
    ours.account.save()
    for model in (Batch, Job, Call):
        model.objects.all().delete()
    return sign_in(ours.operator)


@pytest.fixture
def large(monkeypatch, tasks):
    """Every file is large."""
    monkeypatch.setattr(drafting, "SMALL_BYTES", 0)
    return tasks
