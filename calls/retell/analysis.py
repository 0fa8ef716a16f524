"""The typed analysis that every call brings back.

`POST_CALL_ANALYSIS` goes out with each call, so that nobody's edit at Retell can
break what is read here. Its texts are instructions to the model that reads the
transcript, in the language of the calls. `read_analysis` is the way back.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any

CONTACTS = ("titular", "tercero", "equivocado", "no_sabe")

# The codes of the árbol de tipificación (`calls/dispositions.py`) that a conversation
# can bring; the telephony result alone brings the others.
SPOKEN_DISPOSITIONS = (
    "promesa_total",
    "promesa_parcial",
    "convenio",
    "dice_que_pago",
    "objeta",
    "se_niega",
    "sin_capacidad",
    "pide_ejecutivo",
    "rellamada",
    "tercero_con_recado",
    "tercero_sin_recado",
    "equivocado",
    "no_llamar",
    "fallecido",
    "reclamo",
    "corte_temprano",
    "buzon",
)


def _item(
    kind: str, name: str, description: str, only_if: str = "", **more: Any
) -> dict[str, Any]:
    item = {"type": kind, "name": name, "description": description, **more}
    if only_if:
        item["conditional_prompt"] = only_if
    return item


POST_CALL_ANALYSIS: list[dict[str, Any]] = [
    _item(
        "enum",
        "contacto",
        "Quién contestó: titular (la persona buscada), tercero (otra persona que la "
        "conoce), equivocado (nadie la conoce en este número), no_sabe (no quedó claro).",
        choices=list(CONTACTS),
    ),
    _item(
        "boolean",
        "identidad_verificada",
        "Verdadero solo si la persona confirmó su nombre y dijo ella misma un dato que "
        "la identifica, antes de hablar de la deuda.",
    ),
    _item(
        "enum",
        "tipificacion",
        "El resultado de la conversación. promesa_total: se compromete a pagar todo en "
        "una fecha; promesa_parcial: a pagar una parte; convenio: pide o acepta cuotas.",
        choices=list(SPOKEN_DISPOSITIONS),
    ),
    _item(
        "string",
        "promesa_fecha",
        "Fecha en que se compromete a pagar, como AAAA-MM-DD.",
        "Solo si la persona se comprometió a pagar en una fecha.",
        examples=["2026-11-30"],
    ),
    _item(
        "number",
        "promesa_monto",
        "Monto que se compromete a pagar, en la moneda de la deuda, sin puntos.",
        "Solo si la persona se comprometió a pagar un monto.",
    ),
    _item(
        "string",
        "rellamada_en",
        "Fecha y hora local en que pidió ser llamada, como AAAA-MM-DDTHH:MM. Vacío si "
        "no dijo una hora: no inventar el minuto.",
        "Solo si la persona pidió que la llamen en otro momento y dijo la hora.",
        examples=["2026-11-30T17:30"],
    ),
    _item(
        "string",
        "rellamada_frase",
        "Las palabras con que pidió la rellamada.",
        "Solo si la persona pidió que la llamen en otro momento.",
        examples=["mañana en la tarde"],
    ),
    _item(
        "string",
        "motivo_no_pago",
        "Por qué no ha pagado, en pocas palabras.",
        "Solo si la persona dio un motivo.",
    ),
    _item("boolean", "dice_pago", "Verdadero si dice que ya pagó."),
    _item(
        "string",
        "dice_pago_fecha",
        "Fecha en que dice que pagó, como AAAA-MM-DD.",
        "Solo si dice que ya pagó y cuándo.",
    ),
    _item(
        "number",
        "dice_pago_monto",
        "Monto que dice haber pagado, sin puntos.",
        "Solo si dice que ya pagó y cuánto.",
    ),
    _item(
        "string",
        "dice_pago_medio",
        "Cómo dice que pagó: transferencia, caja, web u otro.",
        "Solo si dice que ya pagó y cómo.",
    ),
    _item("boolean", "objeta", "Verdadero si no reconoce la deuda o su monto."),
    _item(
        "boolean",
        "pide_no_llamar",
        "Verdadero si pide que no la llamen más, con cualquier palabra.",
    ),
    _item("boolean", "pide_ejecutivo", "Verdadero si pide hablar con una persona."),
    _item(
        "boolean",
        "pide_envio_escrito",
        "Verdadero si pide la información por escrito.",
    ),
    _item("boolean", "fallecido", "Verdadero si dicen que la persona falleció."),
    _item(
        "boolean",
        "vulnerable_o_menor",
        "Verdadero si se percibe enfermedad, duelo, angustia, confusión o que contesta "
        "un menor de edad.",
    ),
    _item(
        "boolean",
        "reclamo",
        "Verdadero si reclama o amenaza con un reclamo o acción legal.",
    ),
    _item(
        "string",
        "telefono_nuevo",
        "Otro número donde ubicar a la persona buscada, tal como lo dijeron.",
        "Solo si dieron otro número.",
    ),
]


@dataclass(frozen=True)
class Analysis:
    """What a call brought, typed. None: not said, or not readable."""

    contact: str | None = None
    identity_verified: bool | None = None
    disposition: str | None = None
    promise_date: date | None = None
    promise_amount: Decimal | None = None
    callback_at: datetime | None = None
    callback_phrase: str | None = None
    no_payment_reason: str | None = None
    says_paid: bool | None = None
    paid_date: date | None = None
    paid_amount: Decimal | None = None
    paid_medium: str | None = None
    disputes: bool | None = None
    wants_no_calls: bool | None = None
    wants_human: bool | None = None
    wants_written: bool | None = None
    deceased: bool | None = None
    vulnerable: bool | None = None
    complaint: bool | None = None
    new_phone: str | None = None
    # name at Retell -> the text that could not be read
    unreadable: dict[str, str] = field(default_factory=dict)


def read_analysis(custom_analysis_data: object, zone: tzinfo | None = None) -> Analysis:
    """Read `call_analysis.custom_analysis_data`; whatever comes, this returns.

    `zone` is the called person's: a callback hour without offset is theirs, and is
    unreadable without it. Unknown names are ignored; they stay in the raw reply.
    """
    if not isinstance(custom_analysis_data, Mapping):
        return Analysis()
    values: dict[str, Any] = {}
    unreadable: dict[str, str] = {}
    for name, attribute, read in _FIELDS:
        value = custom_analysis_data.get(name)
        if _is_blank(value):
            continue
        try:
            values[attribute] = read(value)
        except ValueError:
            unreadable[name] = _clean(value)[:200]
    moment = values.get("callback_at")
    if moment is not None and moment.tzinfo is None:
        if zone is None:
            unreadable["rellamada_en"] = moment.isoformat()
            values["callback_at"] = None
        else:
            values["callback_at"] = moment.replace(tzinfo=zone)
    if values.get("callback_at"):
        values["callback_at"] = values["callback_at"].astimezone(UTC)
    return Analysis(**values, unreadable=unreadable)


# A model that has nothing to say writes one of these instead of leaving it out.
_BLANKS = {
    "",
    "-",
    "n/a",
    "na",
    "none",
    "null",
    "ninguno",
    "ninguna",
    "no aplica",
    "no_aplica",
    "no especificado",
    "desconocido",
    "unknown",
}
_BOOLEANS = {
    "true": True,
    "verdadero": True,
    "si": True,
    "yes": True,
    "1": True,
    "false": False,
    "falso": False,
    "no": False,
    "0": False,
}
_SPANISH_NUMBER = re.compile(r"\d{1,3}(\.\d{3})+(,\d+)?")
_PLAIN_NUMBER = re.compile(r"\d+([.,]\d+)?")
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_LATIN_DATE = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")
_MICRO = Decimal("0.000001")


def _is_blank(value: object) -> bool:
    return value is None or (
        isinstance(value, str) and value.strip().casefold() in _BLANKS
    )


def _folded(value: object) -> str:
    """Lower case without accents."""
    text = unicodedata.normalize("NFKD", str(value).strip().casefold())
    return "".join(letter for letter in text if not unicodedata.combining(letter))


def _clean(value: object) -> str:
    """As text that any database takes: no NUL, no half of a surrogate pair."""
    return str(value).replace("\x00", "").encode(errors="ignore").decode().strip()


def _text(value: object) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError("not a text")
    return _clean(value)[:500]


def _boolean(value: object) -> bool:
    try:
        return _BOOLEANS[_folded(value)]
    except KeyError:
        raise ValueError("not a boolean") from None


def _choice(*choices: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        code = _folded(value).replace(" ", "_").replace("-", "_")
        if code not in choices:
            raise ValueError("not a choice")
        return code

    return read


def _amount(value: object) -> Decimal | None:
    """An amount with 6 decimals; "75.000,50" is read as it is written here.

    Zero is what a model writes when there is no amount: None.
    """
    if isinstance(value, bool):
        raise ValueError("not an amount")
    text = re.sub(r"[$\s]|pesos|clp|ars", "", str(value).strip().casefold())
    if isinstance(value, str) and _SPANISH_NUMBER.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif _PLAIN_NUMBER.fullmatch(text):
        text = text.replace(",", ".")
    else:
        raise ValueError("not an amount")
    amount = Decimal(text)
    if amount >= 10**12:
        raise ValueError("not a plausible amount")
    return amount.quantize(_MICRO) if amount else None


def _date(value: object) -> date:
    text = str(value).strip()
    if match := _ISO_DATE.fullmatch(text):
        year, month, day = match.groups()
    elif match := _LATIN_DATE.fullmatch(text):
        day, month, year = match.groups()
    else:
        raise ValueError("not a date")
    if not 2000 <= int(year) <= 2100:
        raise ValueError("not a plausible date")
    return date(int(year), int(month), int(day))


def _moment(value: object) -> datetime:
    """A date with an hour: a day alone is no appointment."""
    text = str(value).strip()
    if not re.fullmatch(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d.*", text):
        raise ValueError("not a date with an hour")
    return datetime.fromisoformat(text)


_FIELDS: tuple[tuple[str, str, Callable[[object], Any]], ...] = (
    ("contacto", "contact", _choice(*CONTACTS)),
    ("identidad_verificada", "identity_verified", _boolean),
    ("tipificacion", "disposition", _choice(*SPOKEN_DISPOSITIONS)),
    ("promesa_fecha", "promise_date", _date),
    ("promesa_monto", "promise_amount", _amount),
    ("rellamada_en", "callback_at", _moment),
    ("rellamada_frase", "callback_phrase", _text),
    ("motivo_no_pago", "no_payment_reason", _text),
    ("dice_pago", "says_paid", _boolean),
    ("dice_pago_fecha", "paid_date", _date),
    ("dice_pago_monto", "paid_amount", _amount),
    ("dice_pago_medio", "paid_medium", _text),
    ("objeta", "disputes", _boolean),
    ("pide_no_llamar", "wants_no_calls", _boolean),
    ("pide_ejecutivo", "wants_human", _boolean),
    ("pide_envio_escrito", "wants_written", _boolean),
    ("fallecido", "deceased", _boolean),
    ("vulnerable_o_menor", "vulnerable", _boolean),
    ("reclamo", "complaint", _boolean),
    ("telefono_nuevo", "new_phone", _text),
)
assert {name for _, name, _ in _FIELDS} | {"unreadable"} == {
    item.name for item in fields(Analysis)
}
