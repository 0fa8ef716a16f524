"""Colours and words of calls; what cases and campaigns say of them too."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from batches.admin import words
from calls import block_reasons, dispositions, reasons, steps
from calls.models import Call, Incident, Promise
from calls.policies import sentences

CALL_COLOURS = {
    Call.Status.PLANNED: "",
    Call.Status.SENDING: "info",
    Call.Status.REGISTERED: "info",
    Call.Status.ONGOING: "primary",
    Call.Status.ENDED: "success",
    Call.Status.NOT_CONNECTED: "",
    Call.Status.ERROR: "danger",
    Call.Status.REJECTED: "danger",
    Call.Status.UNKNOWN: "warning",
    Call.Status.LOST: "danger",
    Call.Status.WITHDRAWN: "",
}
OUTCOME_COLOURS = {
    "conversation": "success",
    "voicemail": "info",
    "no_answer": "",
    "busy": "",
    "declined": "warning",
    "bad_number": "danger",
    "fault": "danger",
    "review": "warning",
}
PROMISE_COLOURS = {
    Promise.Status.CURRENT: "success",
    Promise.Status.REPLACED: "",
    Promise.Status.REVIEW: "warning",
    Promise.Status.PAID: "success",
}
INCIDENT_COLOURS = {
    Incident.Status.OPEN: "warning",
    Incident.Status.RESOLVED: "success",
}
# What is said of a call under "what": notices, then forbidden speech.
INCIDENT_CODES = {
    "ai": _("That it is an artificial intelligence"),
    "company": _("On whose behalf it calls"),
    "recording": _("That the call is recorded"),
    "purpose": _("That it is a commercial call"),
    "not_judicial": _("That it is not a judicial act"),
    "mini_miranda": _("That it is an attempt to collect"),
    "rights": _("The person's rights"),
    "opt_out": _("How to get no more calls"),
    "seizure": _("Seizure of goods"),
    "court": _("Trial or lawsuit"),
    "police": _("Police or prison"),
    "credit_bureau": _("Threat with a credit bureau"),
    "workplace": _("Telling the workplace"),
    "third_parties": _("Telling family or neighbours"),
    "invented_discount": _("Invented discount"),
    "denies_ai": _("Denies being an artificial intelligence"),
    "asks_card_data": _("Asks for card or bank data"),
    "insult": _("Insult"),
}
CONTACTS = {
    "titular": _("Account holder"),
    "tercero": _("Third party"),
    "equivocado": _("Wrong number"),
    "no_sabe": _("Not clear who"),
}
# Names of the typed analysis (calls/retell/analysis.py), and the codes in it.
ANALYSIS = {
    "contacto": _("contact"),
    "identidad_verificada": _("identity verified"),
    "tipificacion": _("disposition"),
    "promesa_fecha": _("promised date"),
    "promesa_monto": _("promised amount"),
    "rellamada_en": _("callback"),
    "rellamada_frase": _("callback, as it was said"),
    "motivo_no_pago": _("why it was not paid"),
    "dice_pago": _("says it is paid"),
    "dice_pago_fecha": _("paid on, as it was said"),
    "dice_pago_monto": _("amount paid, as it was said"),
    "dice_pago_medio": _("paid by, as it was said"),
    "objeta": _("disputes the debt"),
    "pide_no_llamar": _("asked not to be called"),
    "pide_ejecutivo": _("asks for a person"),
    "pide_envio_escrito": _("asks for it in writing"),
    "fallecido": _("deceased"),
    "vulnerable_o_menor": _("vulnerable or a minor"),
    "reclamo": _("complaint"),
    "telefono_nuevo": _("other phone"),
}
ANALYSIS_CODES = {
    "contacto": CONTACTS,
    "tipificacion": {
        code: row.label for code, row in dispositions.DISPOSITIONS.items()
    },
}
SENTIMENTS = {
    "Positive": _("Positive"),
    "Neutral": _("Neutral"),
    "Negative": _("Negative"),
    "Unknown": _("Unknown"),
}
# Codes that the gate, the dialer and reconcile write.
GATE = {
    block_reasons.OWN: _("On the do-not-call list"),
    block_reasons.ADMINISTRATIVE: _("Administrative block"),
    block_reasons.IN_REGISTRY: _("In a public registry"),
    "no_phone": _("No usable phone"),
    "being_called": _("Is being called right now"),
    "account_suspended": _("The account is suspended"),
    "agent_or_number_off": _("The voice agent or caller id may not be used"),
    "batch_draft": _("The campaign has not started yet"),
    "batch_paused": _("The campaign is paused"),
    "batch_not_started": _("The campaign has not started yet"),
    "asked_withdrawn": _("Withdrawn meanwhile"),
    "asked_cancelled": _("Cancelled meanwhile"),
    "asked_denied": _("Denied meanwhile"),
    "asked_expired": _("Expired meanwhile"),
    "speech_incidents": _("Automatic pause: two incidents of what was said"),
    "live_not_armed": _("Live dialing is not armed"),
    "calls_halted": _("Calling is stopped by hand"),
    "place_halted": _("Its region is stopped"),
    "place_unknown_halted": _("A region is stopped, and nobody knows where this is"),
    "settings_changed": _("Planned with settings that have changed"),
    "slowed_down": _("Retell asked to slow down"),
    "phone_changed": _("Its phones changed meanwhile"),
    "rule_failed": _("A rule could not be checked"),
    "lapsed": _("Prepared, not sent in time"),
    "sender_lost": _("The process that dialed was lost"),
    "no_trace": _("Retell has no trace of it"),
    "stopped_overlong": _("It was too long and was told to stop"),
    "never_ended": _("Retell never said that it ended"),
}
# What a campaign waits for: kinds of scope in `calls/limits.py`.
HOLDS = {
    "workspace": _("Simultaneous calls at Retell"),
    "dialers": _("The workers are busy"),
    "results": _("Results that wait to be read"),
    "account": _("Simultaneous calls of the account"),
    "batch": _("Simultaneous calls of the campaign"),
    "number": _("Simultaneous calls of the caller id"),
    "path": _("Calls per second of the caller id's path"),
    "account_day": _("Calls per day of the account"),
    "number_day": _("Calls per day of the caller id"),
}
# `RetellError.code`: calls/retell/errors.py
FAULTS = {
    "rate_limited": _("Retell asked to slow down"),
    "too_late": _("Not sent: Retell had forgotten its key"),
    "timeout": _("Retell did not answer in time"),
    "connect": _("Retell could not be reached"),
    "connection": _("The connection to Retell broke"),
    "conflict": _("Retell is still working on it"),
    "server_error": _("Fault at Retell"),
    "undecodable": _("Retell's reply could not be read"),
    "unexpected_status": _("Retell's reply could not be read"),
    "invalid_request": _("Retell refused the request"),
    "not_found": _("Retell does not know the agent"),
    "unknown_asset": _("Retell does not know the agent"),
    "no_outbound_agent": _("The caller id may not dial out at Retell"),
    "number_not_found": _("Retell does not know the caller id"),
    "unauthorized": _("Retell refused the API key"),
    "forbidden": _("Retell refused the API key"),
    "payment_required": _("Retell asks for payment"),
}


def _fill() -> None:
    words.OUTCOME_COLOURS.update(OUTCOME_COLOURS)
    words.OUTCOMES.update(reasons.OutcomeClass.choices)
    words.DISPOSITIONS.update(
        {code: row.label for code, row in dispositions.DISPOSITIONS.items()}
    )
    for table in (
        {code: row.label for code, row in reasons.OUTCOMES.items()},
        sentences.LABELS,
        FAULTS,
        {f"provider_{code}": said for code, said in FAULTS.items()},
        GATE,
        steps.STEP_LABELS,
    ):
        words.REASONS.update(table)


_fill()


def value(code: Any, table: dict[str, Any]) -> str:
    return str(table.get(code, code or ""))
