"""Retell's replies, parsed at the border, and the only place that knows its units.

Retell counts money in US cents and time in epoch milliseconds; behind this module
there are dollars (Decimal, 6 places) and aware UTC datetimes. Statuses and reasons
stay plain text and unknown fields are kept, since Retell adds new ones: a field that
cannot be read becomes None, and the whole reply remains in `raw`.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticSerializationError, from_json, to_json

# A surrogate, or its escape (which may well be half of a whole pair).
_HALF_A_PAIR = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = Decimal("0.000001")


def dollars(cents: float) -> Decimal:
    """US cents (Retell) as dollars with 6 decimals."""
    return (Decimal(str(cents)) / 100).quantize(_MICRO, ROUND_HALF_UP)


def moment(ms: int) -> datetime:
    """Epoch milliseconds (Retell) as an aware UTC datetime."""
    return _EPOCH + timedelta(milliseconds=ms)


def milliseconds(when: datetime) -> int:
    """An aware datetime as epoch milliseconds (Retell)."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def _or_none(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


T = TypeVar("T")
Lenient = Annotated[T | None, WrapValidator(_or_none)]

# Up to the year 5138: beyond it a number is no time.
Milliseconds = Annotated[int, Field(ge=0, le=10**14)]
Version = Annotated[int, Field(ge=0, le=10**9)]
Number = Annotated[float, Field(allow_inf_nan=False, ge=-(10**12), le=10**12)]


def read_json(text: bytes | str) -> Any:
    """What a JSON text says, at a third of the standard library's cost, which still
    reads what is not quite JSON. Raises ValueError."""
    try:
        return from_json(text)
    except ValueError:  # half of an emoji, for one
        return json.loads(text)


def _written(data: dict[str, Any]) -> str:
    try:
        return to_json(data).decode()
    except (PydanticSerializationError, UnicodeError):
        return json.dumps(data, ensure_ascii=False)


class Reply(BaseModel):
    """A JSON object of Retell's; fields that are not named here are kept."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())
    _raw: str = PrivateAttr("")

    @classmethod
    def parse(cls, content: bytes | str | dict[str, Any]) -> Self:
        """Raises ValueError when it is not JSON or lacks what identifies it."""
        if isinstance(content, dict):
            data, raw = content, _written(content)
        else:
            raw = content.decode() if isinstance(content, bytes) else content
            data = read_json(raw)
        if _HALF_A_PAIR.search(raw):
            # half of an emoji, which no database takes
            raw = json.dumps(data, ensure_ascii=False).encode(errors="replace").decode()
            data = json.loads(raw)
        reply = cls.model_validate(data)
        reply._raw = raw
        return reply

    @property
    def raw(self) -> str:
        """The JSON text as it came (of a list's item: as written again)."""
        return self._raw


class CallCost(Reply):
    combined_cost: Lenient[Number] = None  # cents
    product_costs: Lenient[list[dict[str, Any]]] = None


class CallAnalysis(Reply):
    call_summary: Lenient[str] = None
    in_voicemail: Lenient[bool] = None
    user_sentiment: Lenient[str] = None
    call_successful: Lenient[bool] = None
    custom_analysis_data: Lenient[dict[str, Any]] = None


class CallReply(Reply):
    """A call: the reply to create and get, an item of list, a webhook's `call`."""

    call_id: Annotated[str, Field(min_length=1)]
    call_status: Lenient[str] = None
    agent_id: Lenient[str] = None
    agent_version: Lenient[Version] = None
    direction: Lenient[str] = None
    from_number: Lenient[str] = None
    to_number: Lenient[str] = None
    metadata: Lenient[dict[str, Any]] = None
    disconnection_reason: Lenient[str] = None
    start_timestamp: Lenient[Milliseconds] = None
    end_timestamp: Lenient[Milliseconds] = None
    transfer_end_timestamp: Lenient[Milliseconds] = None
    duration_ms: Lenient[Milliseconds] = None
    call_cost: Lenient[CallCost] = None
    call_analysis: Lenient[CallAnalysis] = None
    transcript: Lenient[str] = None
    recording_url: Lenient[str] = None
    recording_multi_channel_url: Lenient[str] = None
    public_log_url: Lenient[str] = None

    @property
    def attempt_id(self) -> str | None:
        """Our own id of the call, if this call is one of ours."""
        value = (self.metadata or {}).get("attempt_id")
        return value if isinstance(value, str) and value else None

    @property
    def started_at(self) -> datetime | None:
        """When it was answered."""
        return None if self.start_timestamp is None else moment(self.start_timestamp)

    @property
    def ended_at(self) -> datetime | None:
        return None if self.end_timestamp is None else moment(self.end_timestamp)

    @property
    def cost_usd(self) -> Decimal | None:
        """What Retell charges, in dollars; it may still grow after the end."""
        if self.call_cost is None or self.call_cost.combined_cost is None:
            return None
        return dollars(self.call_cost.combined_cost)


class AgentItem(Reply):
    """An agent in the list of agents."""

    agent_id: str
    agent_name: Lenient[str] = None
    channel: Lenient[str] = None
    is_suspended: Lenient[bool] = None
    tags: Lenient[dict[str, Any]] = None


class AgentVersion(Reply):
    """A version in the list of an agent's versions."""

    version: int
    is_published: Lenient[bool] = None
    version_title: Lenient[str] = None
    version_description: Lenient[str] = None


class AgentReply(Reply):
    """One version of an agent."""

    agent_id: str
    version: Lenient[int] = None
    agent_name: Lenient[str] = None
    is_published: Lenient[bool] = None
    language: Lenient[str | list[str]] = None
    voice_id: Lenient[str] = None
    response_engine: Lenient[dict[str, Any]] = None

    @property
    def llm(self) -> tuple[str, int | None] | None:
        """Id and version of its Retell LLM; None for another kind of engine."""
        engine = self.response_engine or {}
        llm_id, version = engine.get("llm_id"), engine.get("version")
        if engine.get("type") != "retell-llm" or not isinstance(llm_id, str):
            return None
        return llm_id, version if isinstance(version, int) else None


_VARIABLE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
# Filled by Retell itself; times also with a zone: current_time_America/Santiago.
_SYSTEM_VARIABLES = re.compile(
    r"current_(agent_state|time|hour|calendar)(_.+)?|session_(type|duration)"
    r"|(user|agent)_number|direction|call_(id|type)|chat_id"
)


class LlmReply(Reply):
    """A Retell LLM: the prompts that an agent speaks by."""

    llm_id: str
    version: Lenient[int] = None
    begin_message: Lenient[str] = None
    general_prompt: Lenient[str] = None
    states: Lenient[list[dict[str, Any]]] = None
    default_dynamic_variables: Lenient[dict[str, Any]] = None

    @property
    def required_variables(self) -> list[str]:
        """The `{{names}}` of its texts which only a caller can fill, sorted."""
        texts = [self.begin_message, self.general_prompt]
        texts += [state.get("state_prompt") for state in self.states or []]
        names = {
            name
            for text in texts
            if isinstance(text, str)
            for name in _VARIABLE.findall(text)
        }
        names -= set(self.default_dynamic_variables or {})
        return sorted(name for name in names if not _SYSTEM_VARIABLES.fullmatch(name))


class PhoneNumberReply(Reply):
    phone_number: str
    phone_number_type: Lenient[str] = None
    phone_number_pretty: Lenient[str] = None
    nickname: Lenient[str] = None
    outbound_agents: Lenient[list[dict[str, Any]]] = None
    inbound_agents: Lenient[list[dict[str, Any]]] = None
    allowed_outbound_country_list: Lenient[list[str]] = None


class Concurrency(Reply):
    """Of the whole workspace, other programs' calls included."""

    current_concurrency: Lenient[int] = None
    concurrency_limit: Lenient[int] = None
    concurrency_burst_enabled: Lenient[bool] = None
    reserved_inbound_concurrency: Lenient[int] = None

    @property
    def outbound_limit(self) -> int | None:
        """Most calls at once that may be ours; None when Retell does not say."""
        if self.concurrency_limit is None:
            return None
        return max(0, self.concurrency_limit - (self.reserved_inbound_concurrency or 0))


class ApiKeyInfo(Reply):
    org_id: Annotated[str, Field(min_length=1)]
    org_name: Lenient[str] = None
    api_key_name: Lenient[str] = None


Item = TypeVar("Item", bound=Reply)


class Page(BaseModel, Generic[Item]):
    """One page of a list; `pagination_key` asks for the next while `has_more`."""

    items: list[Item]
    has_more: bool = False
    pagination_key: str | None = None
