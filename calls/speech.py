"""What was said in a call, judged: notices, identity before the debt, forbidden words.

Pure: a transcript, the notices that the call carried and the case's facts in, a
`SpeechReview` out. It never raises on any text. One pass over a folded text; under a
third of a millisecond for twenty utterances.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calls import forbidden_speech
from calls.policies.disclosures import Disclosure, Notices

AGENT, USER = "agent", "user"
# (who, what), in order
Utterance = tuple[str, str]
# Longer ones are no conversation of ours.
MOST_UTTERANCES, MOST_CHARACTERS = 1000, 200_000


@dataclass(frozen=True)
class Facts:
    """What the review knows of the case beside the transcript.

    `company` and `amount` as the agent says them. `identity_verified`: what the
    analysis says; it can deny, not prove. `cut_short`: the person hung up, so that
    nothing was left to say at the end. `offers_discount`: its variables speak of one.
    """

    company: str = ""
    amount: str = ""
    identity_verified: bool | None = None
    cut_short: bool = False
    offers_discount: bool = False


@dataclass(frozen=True)
class SpeechReview:
    """`said` and `unsaid` are codes of notices, in the table's order; `missing` those
    unsaid that this call owed. `forbidden`: codes with the index of the utterance. `identity_verified_before_debt` is None
    when nothing was said of a debt; `debt_at` is the utterance that first did."""

    said: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    identity_verified_before_debt: bool | None = None
    debt_at: int | None = None
    forbidden: tuple[tuple[str, int], ...] = ()

    @property
    def is_complete(self) -> bool:
        """All notices, and identity before the debt."""
        return not self.unsaid and self.identity_verified_before_debt is not False


# Words by which an agent tells what the call is about.
_DEBT = (
    r"deudas?|deudor(?:a|es)?|endeud\w+|adeud\w+|moros[oa]s?|morosidad|mora|impag[oa]s?|"
    r"cobranzas?|cuotas? (?:pendiente|vencida|atrasada|morosa)s?|"
    r"pagos? (?:pendiente|atrasado|vencido)s?|pendientes? de pago|compromiso de pago|"
    r"saldos? (?:pendiente|vencido|insoluto|deudor|en contra)s?|"
    r"montos? (?:pendiente|vencido)s?|fecha limite de pago|"
    r"(?:gestion|en) cobro|dividas?|parcelas? (?:atrasada|vencida)s?|debts?|past due"
)
DEBT = re.compile(rf"\b(?:{_DEBT})\b")
# The agent asks for something that only the person knows.
_ASKS = re.compile(
    r"\b(?:confirm\w+|verific\w+|valid\w+|corrobor\w+)(?: \w+){0,4} (?:identidad|datos?)\b"
    r"|\b(?:ultimos|primeros|cuatro|tres) (?:\w+ )?(?:digitos|numeros)\b"
    r"|\b(?:su|tu|el) (?:rut|run|dni|cuit|cuil|cedula|documento|rfc|curp)\b"
    r"|\bnumero de (?:documento|cedula|rut|dni|identidad|identificacion)\b"
    r"|\bfecha de nacimiento\b|\b(?:dia|ano|mes) (?:de|en que) naci\w+"
    r"|\b(?:comuna|direccion|domicilio|ciudad|calle)\b"
    r"|\bsegundo (?:apellido|nombre)\b|\bapellido materno\b|\bnombre completo\b"
    r"|\b(?:cpf|data de nascimento|date of birth|last four digits)\b"
)
# A datum that is a number, or a date.
_NUMBER = re.compile(
    r"\b(?:\d[\d ]*k?|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|"
    r"doce|trece|catorce|quince|dieci\w+|veint\w+|treinta|cuarenta|cincuenta|sesenta|"
    r"setenta|ochenta|noventa|mil|enero|febrero|marzo|abril|mayo|junio|julio|agosto|"
    r"septiembre|octubre|noviembre|diciembre|zero|um|dois|quatro|oito|nove|one|two|"
    r"three|four|five|six|seven|eight|nine)\b"
)
# An answer without a datum in it: nothing but these.
_FILLERS = re.compile(
    r"(?:\b(?:si|no|claro|correcto|exacto|soy|yo|con|el|ella|la|mism[oa]|digame|diga|alo|"
    r"hola|buen[oa]s?|dias|tardes|noches|ok|ya|que|pasa|aja|mm|eh|este|bien|gracias|por|"
    r"favor|quien|habla|de|donde|llama|para|es|un|una|le|se|me|lo|eso|ese|esta|mi|su|tu|"
    r"a|y|o|sim|nao|yes)\b ?)*"
)
_REFUSES = re.compile(
    r"\bno (?:le |se |te |lo |la |los |las )?(?:voy|doy|dare|quiero|puedo|tengo|entrego|"
    r"digo|confio|se)\b|\b(?:para|por) que\b|\bquien (?:es|habla|llama)\b|\bno es\b"
    r"|\bno (?:soy|esta|vive|conozco)\b|\bequivocad[oa]\b"
)


def _fold_table() -> bytes:
    """Of latin-1: letters without accents and digits stay, the rest is a space."""
    table = bytearray(b" " * 256)
    for code in range(256):
        plain = unicodedata.normalize("NFD", chr(code).lower())[0]
        if plain.isascii() and plain.isalnum():
            table[code] = ord(plain)
    table[ord("\n")] = ord("\n")
    return bytes(table)


_FOLD = _fold_table()


def folded(text: str) -> str:
    """Lower case, no accents, words and line ends only. What Latin-1 lacks is a space.

    Bytes and a table: five times as fast as regular expressions. "No, soy una persona"
    must not become "no soy una persona": that "no" is written "nno".
    """
    lower = text.lower().replace("no, soy", "nno soy").replace("no. soy", "nno soy")
    plain = unicodedata.normalize("NFC", lower).encode("latin-1", "replace")
    return plain.translate(_FOLD).decode("ascii")


def _words(text: str) -> str:
    return " ".join(folded(text).split())


def utterances_of(reply: Mapping[str, Any]) -> list[Utterance]:
    """Who said what, from Retell's call object; empty when it has no transcript.

    `transcript_object` first, else the lines of `transcript`.
    """
    found = []
    turns = reply.get("transcript_object")
    for turn in turns if isinstance(turns, list) else ():
        if isinstance(turn, Mapping):
            role, content = turn.get("role"), turn.get("content")
            if isinstance(role, str) and isinstance(content, str) and content.strip():
                found.append((role, content))
    transcript = reply.get("transcript")
    if found or not isinstance(transcript, str):
        return found
    for line in transcript.splitlines():
        speaker, colon, said = line.partition(":")
        role = speaker.strip().lower()
        if colon and role in (AGENT, USER):
            found.append((role, said.strip()))
        elif found and line.strip():
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
    return found


def review(
    utterances: Sequence[Utterance], notices: Notices, facts: Facts
) -> SpeechReview | None:
    """Judge a conversation. None: there is no transcript, or the agent said nothing;
    what is unknown is no incident."""
    utterances = utterances[:MOST_UTTERANCES]
    if not any(role == AGENT for role, _said in utterances):
        return None
    heard = _Heard(utterances)
    debt = heard.debt(facts) if notices.is_secret else None
    debt_at = None if debt is None else heard.utterance_at(debt)
    said = [row.code for row in notices.rows if heard.notice(row, facts, debt)]
    unsaid = [row for row in notices.rows if row.code not in said]
    secret = notices.is_secret
    missing = [
        row.code for row in unsaid if heard.is_due(row, facts, debt, secret=secret)
    ]
    verified = None
    if debt_at is not None:
        asked = heard.verified_before(debt_at)
        verified = asked and facts.identity_verified is not False
    return SpeechReview(
        said=tuple(said),
        unsaid=tuple(row.code for row in unsaid if row.when != "on_request"),
        missing=tuple(missing),
        identity_verified_before_debt=verified,
        debt_at=debt_at,
        forbidden=heard.forbidden(facts),
    )


class _Heard:
    """A transcript, folded: the agent's part as one text with a line an utterance."""

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        joined = "\n".join(
            said.replace("\n", " ")[:MOST_CHARACTERS] for _role, said in utterances
        )
        lines = folded(joined[:MOST_CHARACTERS]).split("\n")
        self.roles = [role for role, _said in utterances]
        self.lines = [" ".join(line.split()) for line in lines]
        self.places: list[int] = []  # utterance of each agent's line
        self.starts: list[int] = []  # where it begins in `text`
        length = 0
        for place, line in enumerate(self.lines):
            if self.roles[place] == AGENT:
                self.places.append(place)
                self.starts.append(length)
                length += len(line) + 1
        self.text = "\n".join(self.lines[place] for place in self.places)

    def utterance_at(self, position: int) -> int:
        """Index of the utterance that holds a position of `text`."""
        return self.places[bisect_right(self.starts, position) - 1]

    def debt(self, facts: Facts) -> int | None:
        """Where the agent first says what only the verified person may hear."""
        match = DEBT.search(self.text)
        places = [match.start()] if match else []
        if (amount := _words(facts.amount)) and len(amount) > 3:
            place = self.text.find(amount)
            places += [place] if place >= 0 else []
        return min(places, default=None)

    def notice(self, row: Disclosure, facts: Facts, debt: int | None) -> bool:
        """Whether a notice was said in time."""
        if debt is None or row.when in ("end", "on_request"):
            text = self.text
        elif row.when == "start":
            text = self.text[:debt]
        else:  # in the utterance that speaks of it, at the latest
            end = self.text.find("\n", debt)
            text = self.text if end < 0 else self.text[:end]
        if row.names_company and (company := _words(facts.company)):
            return company in text or all(word in text for word in company.split())
        return row.pattern.search(text) is not None

    def is_due(
        self, row: Disclosure, facts: Facts, debt: int | None, *, secret: bool
    ) -> bool:
        """Whether the call went far enough for a notice to be owed.

        Who hangs up during the first sentence makes no incident of it.
        """
        went_on = len(self.places) > 1
        if row.when == "start":
            return went_on or debt is not None
        if row.when == "before_debt":
            return debt is not None
        if row.when == "end":
            return not facts.cut_short and (debt is not None if secret else went_on)
        return False

    def verified_before(self, debt_at: int) -> bool:
        """Whether the agent asked for a datum and the person then said one."""
        asked = ""
        for place in range(debt_at):
            line = self.lines[place]
            if self.roles[place] == AGENT:
                if _ASKS.search(line):
                    asked = line
            elif asked and self.roles[place] == USER and _is_datum(line):
                return True
        return False

    def forbidden(self, facts: Facts) -> tuple[tuple[str, int], ...]:
        lines = [self.lines[place] for place in self.places]
        offered = ("invented_discount",) if facts.offers_discount else ()
        found = forbidden_speech.find(lines, allowed=offered)
        return tuple((code, self.places[line]) for code, line in found)


def _is_datum(line: str) -> bool:
    """Whether an answer to the question who somebody is tells something."""
    if _NUMBER.search(line):
        return True
    if _REFUSES.search(line):
        return False
    return _FILLERS.fullmatch(line) is None
