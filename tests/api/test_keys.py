import pytest
from django.test import Client

from batches.models import Account
from speechai_site.models import ApiKey


def ask(**headers: str) -> tuple[int, dict]:
    response = Client(headers=headers).get("/api/v1/batches")
    return response.status_code, response.json()


def test_request_without_key_is_refused(account: Account) -> None:
    status, body = ask()
    assert (status, body["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("text", ["", "sai_", "sai_00000000_x", "nonsense", "é"])
def test_wrong_key_is_refused(account: Account, text: str) -> None:
    status, body = ask(**{"X-API-Key": text})
    assert (status, body["code"]) == (401, "unauthorized")


def test_key_with_another_ending_is_refused(account: Account) -> None:
    _key, text = ApiKey.issue(account, "Integration", ["read"])
    assert ask(**{"X-API-Key": text[:-1] + "!"})[0] == 401


def test_key_is_accepted_in_either_header(account: Account) -> None:
    _key, text = ApiKey.issue(account, "Integration", ["read"])
    assert ask(**{"X-API-Key": text})[0] == 200
    assert ask(Authorization=f"Bearer {text}")[0] == 200


def test_invalidated_key_is_refused(account: Account) -> None:
    key, text = ApiKey.issue(account, "Integration", ["read"])
    ApiKey.objects.filter(pk=key.pk).update(is_active=False)
    assert ask(**{"X-API-Key": text})[0] == 401


def test_key_without_the_scope_is_forbidden(account: Account) -> None:
    _key, text = ApiKey.issue(account, "Integration", [])
    status, body = ask(**{"X-API-Key": text})
    assert (status, body["code"]) == (403, "forbidden")


def test_description_needs_no_key(client: Client) -> None:
    description = client.get("/api/v1/openapi.json").json()
    assert set(description["paths"]) == {
        f"/api/v1/{path}"
        for path in (
            "batches",
            "batches/{batch_id}",
            "jobs",
            "jobs/{job_id}",
            "calls",
            "calls/{call_id}",
            "do-not-call",
            "do-not-call/search",
            "do-not-call/{block_id}/withdraw",
        )
    }
    assert client.get("/api/v1/docs").status_code == 200
