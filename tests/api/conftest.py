from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from batches.models import Account
from speechai_site.models import ApiKey
from tests.builders import make_account


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


@pytest.fixture
def get(account: Account) -> Callable[..., Any]:
    """`get(path, **query)` with a key of `account`: the response."""
    _key, text = ApiKey.issue(account, "Integration", ["read"])
    client = Client(headers={"X-API-Key": text})
    return lambda path, **query: client.get(f"/api/v1{path}", query)
