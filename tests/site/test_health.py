import pytest
from django.test import Client
from pymongo.errors import ServerSelectionTimeoutError

from speechai_site import health
from speechai_site.runtime import heartbeat
from tests.builders import make_call

WORKING = {
    "status": "ok",
    "database": "ok",
    "queue": "ok",
    "worker": "ok",
    "clock": "ok",
    "undecided_calls": 0,
}


@pytest.fixture
def beating(db: None) -> None:
    heartbeat.beat("qcluster")
    heartbeat.beat("clock")


def test_web_process_that_answers_is_alive(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_when_every_part_works(client: Client, beating: None) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, WORKING)


@pytest.mark.parametrize(("kind", "part"), [("qcluster", "worker"), ("clock", "clock")])
def test_not_ready_while_a_process_is_silent(
    client: Client, beating: None, kind: str, part: str
) -> None:
    heartbeat.Heartbeat.objects.filter(kind=kind).delete()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == WORKING | {"status": "unavailable", part: "silent"}


def test_not_ready_without_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent() -> bool:
        raise ServerSelectionTimeoutError

    monkeypatch.setattr(health, "PARTS", dict.fromkeys(health.PARTS, absent))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["database"] == "unreachable"


def test_a_call_that_no_policy_allowed_is_seen_and_stops_nothing(
    client: Client, beating: None
) -> None:
    make_call(status="ended")
    make_call(status="planned")
    make_call(status="ended", policy="CL/debt_collection@1")
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == WORKING | {"undecided_calls": 1}
