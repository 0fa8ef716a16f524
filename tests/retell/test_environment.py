"""A client that the settings describe dials for one Retell organisation only."""

import pytest

from calls.retell.client import RetellClient
from speechai_site.runtime.environment import EnvironmentMismatch
from tests.retell.recorder import CALL, Recorder, Reply


@pytest.fixture
def retell_of(recorder: Recorder, settings):
    """Our client of a Retell where the key belongs to an organisation."""
    settings.RETELL_BASE_URL = recorder.url

    def client(org_id: str) -> RetellClient:
        recorder.reply = Reply(201, CALL | {"org_id": org_id, "org_name": "Org"})
        return RetellClient.from_settings()

    return client


def paths(recorder: Recorder) -> list[str]:
    return [request.path for request in recorder.received]


@pytest.mark.django_db
def test_the_first_create_asks_whose_key_it_is(retell_of, recorder) -> None:
    client = retell_of("org_1")
    client.create_phone_call(b"{}")
    client.create_phone_call(b"{}")
    create = "/v2/create-phone-call"
    assert paths(recorder) == ["/get-api-key-info", create, create]


@pytest.mark.django_db
def test_another_organisations_key_dials_nothing(retell_of, recorder) -> None:
    retell_of("org_1").create_phone_call(b"{}")
    recorder.received.clear()
    with pytest.raises(EnvironmentMismatch, match="org_2"):
        retell_of("org_2").create_phone_call(b"{}")
    assert paths(recorder) == ["/get-api-key-info"]
