from collections.abc import Callable
from typing import Any

import pytest

from calls.models import Call
from tests.builders import make_call

Get = Callable[..., Any]


@pytest.fixture
def foreign(db: None) -> Call:
    """A call of another account, with its job and batch."""
    return make_call()


@pytest.mark.parametrize("path", ["/batches", "/jobs", "/calls"])
def test_lists_do_not_hold_rows_of_another_account(
    get: Get, foreign: Call, path: str
) -> None:
    assert get(path).json() == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/batches/{0.batch_id}", {}),
        ("/jobs/{0.job_id}", {}),
        ("/calls/{0.pk}", {}),
        ("/jobs", {"batch": "{0.batch_id}"}),
        ("/calls", {"batch": "{0.batch_id}"}),
        ("/calls", {"job": "{0.job_id}"}),
    ],
)
def test_row_of_another_account_is_not_found(
    get: Get, foreign: Call, path: str, query: dict[str, str]
) -> None:
    query = {name: value.format(foreign) for name, value in query.items()}
    response = get(path.format(foreign), **query)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["/batches/x", "/jobs/000000000000000000000000", "/calls/att_0"]
)
def test_what_does_not_exist_is_not_found(get: Get, path: str) -> None:
    assert get(path).status_code == 404
