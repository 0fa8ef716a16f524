"""What other systems call a channel and a result, as data: what each is in the ledger.

What nobody knows is strict: a result that somebody may have spoken in counts as a
conversation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from batches.imports.normalizers.text import squash
from calls.block_reasons import COMPLAINT, OPTED_OUT, WRONG_PAIR
from calls.models import ContactLedger
from calls.policies.frequency import VOICE

Kind = ContactLedger.Kind


@dataclass(frozen=True)
class Channel:
    """`words`: what else a file may call it, squashed (see normalizers/text.py)."""

    label: str | Promise
    words: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """`kind` and `outcome` as policies count them; `reason`: it also puts the person on
    the do-not-call list."""

    label: str | Promise
    kind: Kind
    outcome: str = ""
    words: tuple[str, ...] = ()
    reason: str = ""


CHANNELS: dict[str, Channel] = {
    "call": Channel(
        _("Call"),
        ("llamado", "telefono", "telefonica", "phone", "voz", "ivr", "discador"),
    ),
    "visit": Channel(_("Visit"), ("terreno", "visitaaterreno", "presencial")),
    "sms": Channel("SMS", ("mensajedetexto", "mensaje", "text")),
    "mail": Channel(_("E-mail"), ("correo", "email", "mail")),
    "chat": Channel("WhatsApp", ("wsp", "wapp", "chat")),
    "letter": Channel(_("Letter"), ("cartacertificada",)),
}
RESULTS: dict[str, Result] = {
    "conversation": Result(
        _("Conversation"),
        Kind.CONVERSATION,
        words=(
            *("contacto", "contactado", "contactada", "contactocontitular", "titular"),
            *("contesta", "contestada", "contestadaporpersona", "answered", "rpc"),
            *("dicequepago", "dicequeyapago", "seniega", "seniegaapagar", "contacted"),
            *("rellamada", "rellamadaagendada", "volverallamar", "callback"),
        ),
    ),
    "promise": Result(
        _("Promise to pay"),
        Kind.CONVERSATION,
        "promise",
        ("promesa", "promise", "compromiso", "compromisodepago", "convenio", "ptp"),
    ),
    "no_answer": Result(
        _("No answer"),
        Kind.RANG,
        words=("nocontesto", "nocontestada", "nocontestado", "sinrespuesta"),
    ),
    "voicemail": Result(
        _("Voicemail"), Kind.RANG, words=("buzon", "contestadora", "casilla")
    ),
    "declined": Result(
        _("Declined by the person"), Kind.RANG, "declined", ("rechazada", "rechazo")
    ),
    "hang_up": Result(
        _("Hung up"),
        Kind.CONVERSATION,
        "hang_up",
        ("corto", "corta", "cortaron", "colgo", "cuelga", "cortetemprano", "hangup"),
    ),
    "third_party": Result(
        _("Third party"),
        Kind.CONVERSATION,
        "third_party",
        ("contactocontercero", "terceroconrecado", "tercerosinrecado", "familiar"),
    ),
    "dispute": Result(
        _("Disputes the debt"),
        Kind.CONVERSATION,
        "dispute",
        ("objeta", "disputa", "desconocedeuda", "desconoceladeuda", "dispute"),
    ),
    "optout": Result(
        _("Asked not to be called"),
        Kind.CONVERSATION,
        "optout",
        ("nollamar", "pidionollamar", "pidenollamar", "baja", "optout"),
        OPTED_OUT,
    ),
    "complaint": Result(
        _("Complaint"), Kind.CONVERSATION, "complaint", ("sernac",), COMPLAINT
    ),
    "deceased": Result(
        _("Deceased"), Kind.CONVERSATION, "deceased", ("fallecida",), "deceased"
    ),
    "wrong_number": Result(
        _("Wrong number"),
        Kind.CONVERSATION,
        "third_party",
        ("equivocado", "numeroerroneo", "telefonoequivocado"),
        WRONG_PAIR,
    ),
    "busy": Result(_("Busy"), Kind.ATTEMPT, words=("ocupada", "tonoocupado")),
    "bad_number": Result(
        _("Invalid number"),
        Kind.ATTEMPT,
        words=("fueradeservicio", "noexiste", "numeronoexiste", "invalido"),
    ),
    "fault": Result(_("Technical fault"), Kind.ATTEMPT, words=("falla", "error")),
    "sent": Result(
        _("Sent"),
        Kind.ATTEMPT,
        words=("enviada", "entregado", "entregada", "leido", "delivered", "read"),
    ),
}


def needs_result(channel: str) -> bool:
    """Of a call or a visit it must be known whether somebody spoke."""
    return channel in VOICE


def read_channel(text: str) -> str | None:
    return _words("channel").get(squash(text))


def read_result(text: str) -> str | None:
    return _words("result").get(squash(text))


@cache
def _words(table: str) -> dict[str, str]:
    """Squashed words → code: codes, labels in every language, other words."""
    rows: Mapping[str, Channel | Result] = CHANNELS if table == "channel" else RESULTS
    words: dict[str, str] = {}
    for code, row in rows.items():
        known = {code, *row.words}
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                known.add(str(row.label))
        words |= dict.fromkeys(map(squash, known), code)
    return words


def labels(rows: Mapping[str, Channel | Result]) -> str:
    return ", ".join(str(row.label) for row in rows.values())
