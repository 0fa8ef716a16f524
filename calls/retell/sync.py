"""Reads agents and caller ids from Retell. What people have chosen stays."""

from django.conf import settings

from batches.models import Account, Agent, PhoneNumber
from calls.retell.client import RetellClient
from calls.retell.schemas import AgentItem, PhoneNumberReply
from speechai_site.runtime import audit, clock
from speechai_site.runtime.environment import verify_environment
from speechai_site.runtime.models import Environment

# The most that Retell sells for a path (retell.md 1.11), which its simulator gives.
SANDBOX_CALLS_PER_SECOND = {
    PhoneNumber.Path.TWILIO: 5,
    PhoneNumber.Path.TELNYX: 16,
    PhoneNumber.Path.CUSTOM: 150,
}


def sync(client: RetellClient, by: str) -> dict[str, int]:
    """Bring our agents and caller ids up to date; how many of each were read.

    `{"agents", "numbers", "versions"}`. Pinned versions, speeds and permissions are
    set on first sight and left alone afterwards. Raises RetellError, and
    EnvironmentMismatch when the key belongs to another organisation.
    """
    verify_environment(client.get_api_key_info().org_id)
    items = [item for item in client.list_agents() if item.channel in (None, "voice")]
    versions = sum(_sync_agent(client, item) for item in items)
    replies = client.list_phone_numbers()
    for reply in replies:
        _sync_number(reply)
    if settings.SANDBOX:
        _equip_demo()
    read = {"agents": len(items), "numbers": len(replies), "versions": versions}
    audit.record("retell.sync", Environment.objects.get(), by=by, **read)
    return read


def _sync_agent(client: RetellClient, item: AgentItem) -> int:
    """Update or add one agent; how many versions of it Retell knows."""
    versions = client.list_agent_versions(item.agent_id)
    published = max((v.version for v in versions if v.is_published), default=None)
    agent = Agent.objects.filter(retell_id=item.agent_id).first()
    if agent is None:
        # Without a published version there is only a draft, which may still change.
        pinned = max((v.version for v in versions), default=0)
        agent = Agent(
            retell_id=item.agent_id,
            version=pinned if published is None else published,
            is_active=published is not None,
        )
    agent.name = (item.agent_name or item.agent_id)[:120]
    agent.published_version = published
    agent.variables = _variables(client, agent)
    agent.synced_at = clock.wall()
    if item.is_suspended:
        agent.is_active = False
    agent.save()
    return len(versions)


def _variables(client: RetellClient, agent: Agent) -> list[str]:
    """The variables that the script of the pinned version needs."""
    llm = client.get_agent(agent.retell_id, agent.version).llm
    if llm is None:  # a conversation flow or a custom engine does not say
        return []
    return client.get_retell_llm(*llm).required_variables


def _sync_number(reply: PhoneNumberReply) -> None:
    known = reply.phone_number_type in PhoneNumber.Path.values
    path = reply.phone_number_type if known else PhoneNumber.Path.CUSTOM
    seen = {
        "path": path,
        "nickname": (reply.nickname or "")[:120],
        "synced_at": clock.wall(),
    }
    speeds = (
        SANDBOX_CALLS_PER_SECOND if settings.SANDBOX else PhoneNumber.CALLS_PER_SECOND
    )
    PhoneNumber.objects.update_or_create(
        e164=reply.phone_number,
        defaults=seen,
        create_defaults={**seen, "calls_per_second": speeds[path]},
    )


def _equip_demo() -> None:
    """Give the sandbox's account something to call with, unless it has."""
    account = Account.objects.filter(slug="demo").first()
    if account is None:
        return
    if account.default_agent_id is None:
        account.default_agent = Agent.objects.filter(is_active=True).first()
    if account.default_number_id is None:
        numbers = PhoneNumber.objects.filter(is_active=True)
        account.default_number = numbers.order_by("-calls_per_second").first()
    account.save(update_fields=["default_agent", "default_number"])
