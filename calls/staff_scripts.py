"""What a call to our own people says: the code of a phone, or an invented case."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext, override

from batches import formats
from batches.imports.normalizers import spoken
from calls import webhooks
from calls.models import StaffCall
from calls.policies import disclosures
from calls.retell.payload import build_create_body
from speechai_site.runtime import clock, environment

CODE_VARIABLE = "codigo_verificacion"
RING_SECONDS = 30
# The most that Retell lets each last: the shortest it knows, and a campaign's default.
TALK_SECONDS = {StaffCall.Kind.CODE: 60, StaffCall.Kind.TEST: 300}
LONGEST_SECONDS = RING_SECONDS + max(TALK_SECONDS.values())
DEFAULT_USE_CASE = "debt_collection"


def body(call: StaffCall, code: str) -> bytes:
    """The bytes to send. `code` is only in those of a phone's verification."""
    is_code = call.kind == StaffCall.Kind.CODE
    webhook = settings.PUBLIC_URL + webhooks.PATH if settings.PUBLIC_URL else ""
    return build_create_body(
        from_number=call.number.e164,
        to_number=call.to_number,
        agent_id=call.agent.retell_id,
        agent_version=call.agent_version,
        attempt_id=call.pk,
        batch_id=str(call.batch_id or ""),
        job_id="",
        env=environment.mode(),
        variables=_code_variables(call, code) if is_code else _test_variables(call),
        begin_message=_code_message(call) if is_code else "",
        webhook_url=webhook,
        ring_duration_ms=RING_SECONDS * 1000,
        max_call_duration_ms=TALK_SECONDS[call.kind] * 1000,
    )


def _code_variables(call: StaffCall, code: str) -> dict[str, str]:
    return dict.fromkeys(call.agent.variables, "") | {
        CODE_VARIABLE: ", ".join(code),
        "nombre": call.user.first_name,
    }


def _code_message(call: StaffCall) -> str:
    """What an agent whose script knows nothing of codes says first."""
    if CODE_VARIABLE in call.agent.variables:
        return ""
    with override(call.user.language):
        said = gettext(
            "Hello. This is a call to verify your phone. Your code is: %(code)s. Once "
            "more: %(code)s. Thank you, goodbye."
        )
    return said % {"code": f"{{{{{CODE_VARIABLE}}}}}"}


def _test_variables(call: StaffCall) -> dict[str, str]:
    """An invented case in the forms of a real one, with the notices of the campaign."""
    account = call.account
    use_case = call.batch.use_case if call.batch else DEFAULT_USE_CASE
    today = clock.now().astimezone(ZoneInfo(account.time_zone)).date()
    known: dict[str, Any] = {
        "nombre": call.user.first_name or "Persona de Prueba",
        "empresa": account.name,
        "cuotas_adeudadas": "2",
        "monto_total": "ciento cincuenta mil pesos",
        "fecha_limite": spoken.day(today + timedelta(days=7)),
        "fecha_maxima": spoken.day(today + timedelta(days=20)),
    }
    said = dict.fromkeys(call.agent.variables, "dato de prueba") | known
    return said | disclosures.variables(
        disclosures.notices_for(account.country, use_case),
        said,
        account.name,
        formats.national_phone(call.number.e164),
    )
