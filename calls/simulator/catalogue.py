"""The sandbox workspace: its organisation, agents, prompts and caller ids."""

from dataclasses import dataclass, field
from typing import Any

ORG_ID = "org_sandbox"
ORG_NAME = "SpeechAI Sandbox"
MODIFIED_MS = 1_767_225_600_000  # 2026-01-01

COLLECTIONS_PROMPT = """\
Eres un asistente virtual de cobranza de {{empresa}}. Hablas en español neutro y con \
respeto. La hora local es {{current_time_America/Santiago}}.
{{orden_de_apertura}}
1. Di: {{aviso_ia}} {{aviso_identidad}} {{aviso_grabacion}}
2. Confirma que hablas con {{nombre}} y pide un dato que lo identifique. Sin eso no \
digas nada de una deuda.
3. Di: {{aviso_cobranza}} Informa que tiene {{cuotas_adeudadas}} cuotas pendientes por \
{{monto_total}}, con fecha límite {{fecha_limite}}. Di: {{aviso_derechos}} \
{{aviso_no_llamar}} Pregunta cuándo puede pagar, a más tardar el {{fecha_maxima}}.
4. Si pide que no lo llamen, confirma y despídete. Si hay enfermedad, duelo, angustia \
o contesta un menor, despídete y deriva a una persona.
Nunca pidas datos de tarjetas ni de cuentas."""

MARKETING_PROMPT = """\
Eres un asistente virtual de {{empresa}}. Di: {{aviso_ia}} {{aviso_identidad}} \
{{aviso_grabacion}} {{aviso_proposito}} Confirma que hablas con {{nombre}} y presenta \
{{descripcion_oferta}}, vigente hasta el {{oferta_expira}}. Di: {{aviso_no_llamar}} Si \
pide que no lo llamen, confirma y despídete."""


@dataclass(frozen=True)
class Agent:
    agent_id: str
    name: str
    llm_id: str
    begin_message: str
    prompt: str
    tags: dict[str, int]
    # version -> published; the prompt is the same in all
    versions: dict[int, bool]

    def resolve(self, reference: Any = None) -> int | None:
        """The version that a number, a tag, `latest` or `latest_published` means."""
        if reference is None or reference == "latest":
            return max(self.versions)
        if reference == "latest_published":
            return max(v for v, published in self.versions.items() if published)
        if isinstance(reference, str) and reference in self.tags:
            return self.tags[reference]
        if isinstance(reference, str) and reference.isascii() and reference.isdigit():
            reference = int(reference)
        if isinstance(reference, bool) or not isinstance(reference, int):
            return None
        return reference if reference in self.versions else None


@dataclass(frozen=True)
class Number:
    number: str
    kind: str  # its telephony path
    nickname: str
    outbound_agent: str | None = None


AGENTS = (
    Agent(
        agent_id="agent_sandbox_cobranza",
        name="Cobranza (sandbox)",
        llm_id="llm_sandbox_cobranza",
        begin_message=(
            "Hola. {{aviso_ia}} {{aviso_identidad}} {{aviso_grabacion}} ¿Hablo con "
            "{{nombre}}?"
        ),
        prompt=COLLECTIONS_PROMPT,
        tags={"prod": 1},
        versions={0: True, 1: True, 2: False},
    ),
    Agent(
        agent_id="agent_sandbox_marketing",
        name="Ofertas (sandbox)",
        llm_id="llm_sandbox_marketing",
        begin_message="Hola. {{aviso_ia}} {{aviso_identidad}}",
        prompt=MARKETING_PROMPT,
        tags={},
        versions={0: True},
    ),
)

NUMBERS = (
    Number("+566005550100", "custom", "Chile 600", "agent_sandbox_cobranza"),
    Number("+56225550100", "retell-telnyx", "Santiago", "agent_sandbox_marketing"),
    Number("+541155550100", "retell-twilio", "Buenos Aires"),
)

# Calls per second that a telephony path takes at most; a custom trunk takes `--cps`.
PATH_LIMITS = {"retell-twilio": 5.0, "retell-telnyx": 16.0}


@dataclass
class Catalogue:
    agents: dict[str, Agent] = field(
        default_factory=lambda: {agent.agent_id: agent for agent in AGENTS}
    )
    numbers: dict[str, Number] = field(
        default_factory=lambda: {number.number: number for number in NUMBERS}
    )

    def agent_item(self, agent: Agent) -> dict[str, Any]:
        return {
            "agent_id": agent.agent_id,
            "agent_name": agent.name,
            "channel": "voice",
            "is_suspended": False,
            "tags": {tag: {"version": version} for tag, version in agent.tags.items()},
            "user_modified_timestamp": MODIFIED_MS,
        }

    def agent(self, agent: Agent, version: int) -> dict[str, Any]:
        return {
            "agent_id": agent.agent_id,
            "agent_name": agent.name,
            "version": version,
            "is_published": agent.versions[version],
            "response_engine": {
                "type": "retell-llm",
                "llm_id": agent.llm_id,
                "version": version,
            },
            "language": "es-419",
            "voice_id": "11labs-Sofia",
            "enable_dnc_detection": True,
            "last_modification_timestamp": MODIFIED_MS,
        }

    def version_item(self, agent: Agent, version: int) -> dict[str, Any]:
        return {
            "version": version,
            "is_published": agent.versions[version],
            "last_modification_timestamp": MODIFIED_MS + version,
        }

    def llm(self, agent: Agent, version: int) -> dict[str, Any]:
        return {
            "llm_id": agent.llm_id,
            "version": version,
            "is_published": agent.versions[version],
            "model": "gpt-5.1",
            "start_speaker": "agent",
            "begin_message": agent.begin_message,
            "general_prompt": agent.prompt,
            "last_modification_timestamp": MODIFIED_MS,
        }

    def number(self, number: Number) -> dict[str, Any]:
        bound = (
            [{"agent_id": number.outbound_agent, "weight": 1}]
            if number.outbound_agent
            else []
        )
        return {
            "phone_number": number.number,
            "phone_number_type": number.kind,
            "phone_number_pretty": number.number,
            "nickname": number.nickname,
            "outbound_agents": bound,
            "last_modification_timestamp": MODIFIED_MS,
        }
