"""What is read from Retell, and that what people chose is left alone."""

from typing import Any

import pytest

from batches.models import Agent, PhoneNumber
from calls.retell.schemas import (
    AgentItem,
    AgentReply,
    AgentVersion,
    ApiKeyInfo,
    LlmReply,
    PhoneNumberReply,
)
from calls.retell.sync import sync
from speechai_site.runtime.environment import EnvironmentMismatch
from speechai_site.runtime.models import AuditEntry, Environment
from tests.builders import make_account


class Workspace:
    """A client of a workspace with one agent and one number."""

    def __init__(self) -> None:
        self.org_id = "org_test"
        self.item: dict[str, Any] = {
            "agent_id": "agent_1",
            "agent_name": "Cobranza",
            "channel": "voice",
        }
        self.versions = {0: True, 1: True, 2: False}  # version → published
        self.prompts = {
            0: "Hola {{nombre}}",
            1: "Hola {{nombre}}, debe {{monto}}",
            2: "",
        }
        self.number = {
            "phone_number": "+56225550100",
            "phone_number_type": "custom",
            "nickname": "Santiago",
        }

    def get_api_key_info(self) -> ApiKeyInfo:
        return ApiKeyInfo(org_id=self.org_id)

    def list_agents(self) -> list[AgentItem]:
        chat = AgentItem(agent_id="agent_chat", channel="chat")
        return [AgentItem.parse(self.item), chat]

    def list_agent_versions(self, agent_id: str) -> list[AgentVersion]:
        return [
            AgentVersion(version=version, is_published=published)
            for version, published in self.versions.items()
        ]

    def get_agent(self, agent_id: str, version: int) -> AgentReply:
        engine = {"type": "retell-llm", "llm_id": "llm_1", "version": version}
        return AgentReply(agent_id=agent_id, version=version, response_engine=engine)

    def get_retell_llm(self, llm_id: str, version: int) -> LlmReply:
        return LlmReply(llm_id=llm_id, general_prompt=self.prompts[version])

    def list_phone_numbers(self) -> list[PhoneNumberReply]:
        return [PhoneNumberReply.parse(self.number)]


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace()


def test_agent_is_pinned_at_its_published_version(workspace: Workspace) -> None:
    assert sync(workspace, "command") == {"agents": 1, "numbers": 1, "versions": 3}
    agent = Agent.objects.get()
    assert (agent.name, agent.version, agent.published_version) == ("Cobranza", 1, 1)
    assert agent.variables == ["monto", "nombre"]


def test_newly_published_version_does_not_move_the_pin(workspace: Workspace) -> None:
    sync(workspace, "command")
    workspace.versions[2] = True
    sync(workspace, "command")
    agent = Agent.objects.get()
    assert (agent.version, agent.published_version) == (1, 2)
    assert agent.variables == ["monto", "nombre"]


def test_agent_that_was_never_published_may_not_be_used(workspace: Workspace) -> None:
    workspace.versions = {0: False}
    sync(workspace, "command")
    agent = Agent.objects.get()
    assert (agent.is_active, agent.published_version) == (False, None)


def test_suspended_agent_may_not_be_used(workspace: Workspace) -> None:
    sync(workspace, "command")
    workspace.item["is_suspended"] = True
    sync(workspace, "command")
    assert Agent.objects.get().is_active is False


def test_agent_of_another_engine_has_no_known_variables(workspace: Workspace) -> None:
    workspace.get_agent = lambda agent_id, version: AgentReply(agent_id=agent_id)
    sync(workspace, "command")
    assert Agent.objects.get().variables == []


@pytest.mark.parametrize(
    ("path", "sandbox", "live"),
    [("custom", 150, 1), ("retell-twilio", 5, 1), ("retell-telnyx", 16, 1)],
)
def test_speed_of_a_new_number_is_that_of_its_path(
    workspace: Workspace, settings, monkeypatch, path: str, sandbox: int, live: int
) -> None:
    monkeypatch.setattr("calls.retell.sync.verify_environment", lambda org: None)
    Environment.objects.create(mode="sandbox", lookup_fingerprint="x")
    workspace.number["phone_number_type"] = path
    for settings.SANDBOX, speed in ((True, sandbox), (False, live)):
        PhoneNumber.objects.all().delete()
        sync(workspace, "command")
        assert PhoneNumber.objects.get().calls_per_second == speed


def test_what_an_administrator_set_is_left_alone(workspace: Workspace) -> None:
    sync(workspace, "command")
    PhoneNumber.objects.update(calls_per_second=3, is_active=False)
    Agent.objects.update(is_active=False, version=0)
    sync(workspace, "command")
    number, agent = PhoneNumber.objects.get(), Agent.objects.get()
    assert (number.calls_per_second, number.is_active) == (3, False)
    assert (agent.version, agent.is_active) == (0, False)


def test_demo_account_gets_agent_and_number_once(workspace: Workspace) -> None:
    account = make_account(slug="demo")
    sync(workspace, "command")
    account.refresh_from_db()
    assert account.default_agent.retell_id == "agent_1"
    assert account.default_number.e164 == "+56225550100"


def test_demo_account_keeps_what_was_chosen(workspace: Workspace) -> None:
    chosen = PhoneNumber.objects.create(e164="+56225550199")
    account = make_account(slug="demo", default_number=chosen)
    sync(workspace, "command")
    account.refresh_from_db()
    assert account.default_number == chosen


def test_another_organisation_is_refused_before_anything_is_read(
    workspace: Workspace,
) -> None:
    sync(workspace, "command")
    workspace.org_id = "org_other"
    workspace.item["agent_name"] = "Changed"
    with pytest.raises(EnvironmentMismatch):
        sync(workspace, "command")
    assert Agent.objects.get().name == "Cobranza"


def test_sync_is_recorded(workspace: Workspace) -> None:
    sync(workspace, "user:ana")
    entry = AuditEntry.objects.get(action="retell.sync")
    assert (entry.actor, entry.detail["agents"]) == ("user:ana", "1")
