"""One simulated conversation: its facts, its transcript and its analysis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from calls.simulator.scripts import (
    COLLECTIONS,
    COMMON,
    FLAGS,
    OFFERS,
    VERIFICATION,
    VOICEMAIL,
    Script,
)
from calls.simulator.spanish import read_amount, read_date, say_amount, say_date

_ZONES = {"+56": "America/Santiago", "+54": "America/Argentina/Buenos_Aires"}
_DIGITS = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
]
_MEDIA = ("transferencia", "caja", "la página web")


@dataclass(frozen=True)
class Conversation:
    name: str
    script: Script
    turns: tuple[tuple[str, str], ...]  # (agent or user, what was said)
    values: Mapping[str, Any]  # the analysis, by the names of the schema

    @property
    def transcript(self) -> str:
        return "".join(f"{role.title()}: {text}\n" for role, text in self.turns)

    def transcript_object(self, talk_seconds: float) -> list[dict[str, Any]]:
        """Turns with their words, which fill the call evenly."""
        words = sum(len(text.split()) for _, text in self.turns)
        step = talk_seconds / max(1, words)
        at, utterances = 0.0, []
        for role, text in self.turns:
            spoken = []
            for word in text.split():
                end = at + step
                spoken.append(
                    {"word": word, "start": round(at, 3), "end": round(end, 3)}
                )
                at = end
            utterances.append({"role": role, "content": text, "words": spoken})
        return utterances

    def custom_analysis(self, schema: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The values that the schema asks for, in its types.

        What was not said is left out where a conditional prompt allows that; else it
        is "" for text and false for a boolean.
        """
        data: dict[str, Any] = {}
        for item in schema:
            name, kind = item.get("name"), item.get("type")
            value = self.values.get(name)
            if kind == "enum" and value not in item.get("choices", ()):
                continue
            if value is not None:
                data[name] = value
            elif kind == "boolean":
                data[name] = False
            elif kind == "string" and not item.get("conditional_prompt"):
                data[name] = ""
        return data


def converse(
    rng: Random, variables: Mapping[str, str], to_number: str, now: datetime
) -> Conversation:
    """Somebody answers: pick what they say and fill it in."""
    if code := variables.get("codigo_verificacion"):
        return _fill("verification", VERIFICATION, {}, {"codigo": code})
    facts, spoken = _facts(rng, variables, to_number, now)
    about = COLLECTIONS if "monto" in facts else OFFERS
    scripts = {
        name: script
        for name, script in {**about, **COMMON}.items()
        if all(need in facts for need in script.needs)
    }
    weights = [script.weight for script in scripts.values()]
    name = rng.choices(list(scripts), weights)[0]
    return _fill(name, scripts[name], facts, spoken)


def voicemail() -> Conversation:
    return _fill("voicemail", VOICEMAIL, {}, {})


def _fill(
    name: str, script: Script, facts: Mapping[str, Any], spoken: Mapping[str, str]
) -> Conversation:
    roles = {"A": "agent", "U": "user"}
    turns = tuple(
        (roles[turn[0]], turn[3:].format_map(spoken)) for turn in script.turns
    )
    values = {
        "contacto": script.contact,
        "identidad_verificada": script.verified,
        "tipificacion": script.disposition,
        **dict.fromkeys(FLAGS, False),
    }
    for key, value in script.values.items():
        is_fact = isinstance(value, str) and value.startswith("@")
        values[key] = facts.get(value[1:]) if is_fact else value
    return Conversation(name, script, turns, values)


def _facts(
    rng: Random, variables: Mapping[str, str], to_number: str, now: datetime
) -> tuple[dict[str, Any], dict[str, str]]:
    """What is true in this call: as the analysis writes it, and as people say it.

    Amounts and dates come from the variables, which are in spoken form; a promise is
    between tomorrow and `fecha_maxima`, if there is still time.
    """
    zone = ZoneInfo(_ZONES.get(to_number[:3], "UTC"))
    today = now.astimezone(zone).date()
    facts: dict[str, Any] = {"medio": rng.choice(_MEDIA)}
    spoken = {
        "empresa": variables.get("empresa", "la empresa"),
        "nombre": variables.get("nombre", "usted"),
        "cuotas": _installments(variables.get("cuotas_adeudadas", "")),
        "fecha_limite": variables.get("fecha_limite", "este mes"),
        "oferta": variables.get("descripcion_oferta", "una oferta"),
        "digitos": ", ".join(rng.choice(_DIGITS) for _ in range(3)),
        "medio": facts["medio"],
    }

    spoken |= _notices(variables, spoken["empresa"])

    def know(name: str, value: Any, words: str) -> None:
        facts[name], spoken[name] = value, words

    amount = read_amount(variables.get("monto_total", ""))
    if amount:
        know("monto", amount, variables["monto_total"])
        if part := _part_of(amount, rng):
            know("parcial", part, say_amount(part))
    if promised := _promise_day(rng, variables.get("fecha_maxima", ""), today):
        know("promesa_fecha", promised.isoformat(), say_date(promised))
    paid = today - timedelta(days=rng.randint(1, 10))
    know("pago_fecha", paid.isoformat(), say_date(paid))
    hour = time(rng.randint(10, 18), rng.choice((0, 15, 30, 45)))
    callback = datetime.combine(today + timedelta(days=1), hour)
    know(
        "rellamada",
        callback.isoformat(timespec="minutes"),
        f"mañana a las {hour:%H:%M}",
    )
    facts["frase"] = spoken["rellamada"]
    return facts, spoken


def _notices(variables: Mapping[str, str], company: str) -> dict[str, str]:
    """What the agent announces at its start, before the subject, and after it.

    As the variables word it; without them the opening of the sandbox's own prompt.
    """

    def said(*names: str) -> str:
        return " ".join(filter(None, (variables.get(f"aviso_{n}") for n in names)))

    opening = said("ia", "identidad", "grabacion", "proposito") or (
        f"Le habla un asistente virtual de {company}. Esta llamada se graba."
    )
    before, end = said("cobranza"), said("derechos", "no_llamar")
    return {
        "saludo": f"Hola. {opening}",
        "previo": before and f"{before} ",
        "final": end and f"{end} ",
    }


def _installments(count: str) -> str:
    if count in {"1", "una"}:
        return "una cuota pendiente"
    return f"{count} cuotas pendientes" if count else "una deuda pendiente"


def _part_of(amount: int, rng: Random) -> int | None:
    """A rounder part of the amount, below it; None for a very small debt."""
    part = int(amount * rng.choice((0.25, 0.3, 0.5)))
    unit = 1000 if part >= 2000 else 1
    part -= part % unit
    return part if 0 < part < amount else None


def _promise_day(rng: Random, latest: str, today: date) -> date | None:
    last = read_date(latest) if latest else today + timedelta(days=10)
    if last is None:
        last = today + timedelta(days=10)
    days = min(10, (last - today).days)
    return today + timedelta(days=rng.randint(1, days)) if days >= 1 else None
