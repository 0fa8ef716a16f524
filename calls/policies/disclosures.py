"""What the voice agent must say, in which order, and how it is recognised: as data.

Pure. A notice is keyed by country and use case; its words go to Retell as variables of
the agent (docs/agent-variables.md), and `calls/speech.py` looks for them afterwards.
Sources: compliance.md 3.1 to 3.9, operations.md 3. Where a row says `draft`, counsel
has not read it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Literal

When = Literal["start", "before_debt", "on_request", "end"]
Status = Literal["law", "company_default", "draft"]

# The variables that the notices fill; each is sent with every call, "" when the
# country asks for nothing of the kind: Retell would read {{aviso_x}} aloud.
VARIABLES = (
    "aviso_ia",
    "aviso_identidad",
    "aviso_grabacion",
    "aviso_proposito",
    "aviso_cobranza",
    "aviso_derechos",
    "aviso_no_llamar",
)
ORDER = "orden_de_apertura"


@dataclass(frozen=True)
class Disclosure:
    """One notice. `text` may hold {empresa}, {acreedor}, {telefono_de_contacto}.

    `heard`: regular expressions over folded text (lower case, no accents, words with
    one space between), one of which is enough. `names_company`: it is heard when the
    company's name is.
    """

    code: str
    when: When
    variable: str
    text: str
    source: str
    status: Status
    heard: tuple[str, ...]
    names_company: bool = False

    @cached_property
    def pattern(self) -> "re.Pattern[str]":
        return re.compile(rf"\b(?:{'|'.join(self.heard)})\b")


@dataclass(frozen=True, eq=False)  # of the table: compared by identity
class Notices:
    """The notices of one country and use case, in the order in which they are said.

    `is_secret`: what the call is about is told to the verified person alone.
    """

    country: str
    use_case: str
    language: str
    rows: tuple[Disclosure, ...]

    @property
    def is_secret(self) -> bool:
        return self.use_case == "debt_collection"

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(row.code for row in self.rows)

    @cached_property
    def version(self) -> str:
        """`CL/debt_collection/3f2a9c1d`: another text is another version."""
        said = "\n".join(f"{row.code}|{row.when}|{row.text}" for row in self.rows)
        said += _ORDERS[self.language]
        return f"{self.country}/{self.use_case}/{sha256(said.encode()).hexdigest()[:8]}"


# How each notice is recognised, in whatever words an agent may put it.
_NOT_DENIED = r"(?<!no soy un )(?<!no soy una )(?<!no soy )(?<!nao sou um )"
HEARD: dict[str, tuple[str, ...]] = {
    "ai": (
        rf"{_NOT_DENIED}(?:asistente|agente|asesora?|ejecutiv[oa]) (?:virtual|digital|"
        r"automatic[oa]|automatizad[oa]|artificial|de voz|con inteligencia)",
        rf"{_NOT_DENIED}(?:inteligencia|voz) (?:artificial|automatica|sintetica)",
        rf"{_NOT_DENIED}(?:sistema|llamada) automati(?:co|ca|zado|zada)",
        r"soy un (?:robot|bot)",
        r"assistente virtual",
        r"(?:virtual assistant|artificial intelligence|ai assistant|automated)",
    ),
    "company": (
        r"de parte de",
        r"(?:le )?(?:llamo|hablo|llamamos) (?:de|desde|en nombre de)",
        r"(?:falo|ligo|em nome) d[aeo]",
        r"(?:on behalf of|calling from|calling for)",
    ),
    "recording": (
        r"(?<!no se )(?<!no esta )(?<!no sera )(?:graba|grabad[ao]|grabando|grabamos|"
        r"grabara|grabaremos|grabacion|grabarse|grabarla)",
        r"grava(?:da|ndo|cao)",
        r"record(?:ed|ing)",
    ),
    "purpose": (
        r"(?:llamada|llamado|fin|fines|motivo|caracter) (?:es )?comercial(?:es)?",
        r"(?:ofrecer|ofrecerle|presentar|presentarle|oferta|promocion)",
        r"(?:oferecer|apresentar|comercial)",
        r"(?:sales call|offer)",
    ),
    "not_judicial": (
        r"no (?:es|se trata de|constituye|corresponde a|tiene caracter)"
        r"(?: \w+){0,4} judicial",
        r"extrajudicial",
    ),
    "rights": (
        r"sernac",
        r"por escrito",
        r"(?:sus|tiene|tener) derechos?",
        r"defensa (?:del|al) consumidor",
        r"(?:condusef|redeco|indecopi|procon|superintendencia)",
        r"(?:seus direitos|por escrito)",
        r"(?:your rights|in writing)",
    ),
    "opt_out": (
        r"no (?:quiere|desea|prefiere|quisiera)(?: \w+){0,4} (?:llam|contact|recib)\w*",
        r"no (?:quiere|desea) mas",
        r"dejar de (?:llamar|recibir|contactar)\w*",
        r"no (?:le |lo |la )?(?:volvamos|volveremos|volver)(?: \w+){0,2} (?:llam|contact)\w*",
        r"lista de no llamar",
        r"nao (?:quiser|quer|deseja)(?: \w+){0,4} (?:lig|cham|contat)\w*",
        r"(?:stop calling|no more calls|not to be called)",
    ),
    "mini_miranda": (r"attempt to collect a debt",),
}
_VARIABLE_OF = {
    "ai": "aviso_ia",
    "company": "aviso_identidad",
    "recording": "aviso_grabacion",
    "purpose": "aviso_proposito",
    "not_judicial": "aviso_cobranza",
    "mini_miranda": "aviso_cobranza",
    "rights": "aviso_derechos",
    "opt_out": "aviso_no_llamar",
}
_WHEN: dict[str, When] = {
    "ai": "start",
    "company": "start",
    "recording": "start",
    "purpose": "start",
    "not_judicial": "before_debt",
    "mini_miranda": "before_debt",
    "rights": "end",
    "opt_out": "end",
}
_TEXTS: dict[str, dict[str, str]] = {
    "es": {
        "ai": "Le habla un asistente virtual con inteligencia artificial.",
        "company": "Llamo de parte de {empresa}.",
        "recording": "Esta llamada se graba.",
        "purpose": "Es una llamada comercial.",
        "not_judicial": "Esta llamada no es una actuación judicial.",
        "opt_out": (
            "Si no quiere más llamadas, dígamelo ahora o llame al "
            "{telefono_de_contacto}."
        ),
    },
    "pt": {
        "ai": "Aqui fala um assistente virtual com inteligência artificial.",
        "company": "Ligo em nome de {empresa}.",
        "recording": "Esta ligação está sendo gravada.",
        "purpose": "É uma ligação comercial.",
        "opt_out": (
            "Se não quiser mais ligações, diga agora ou ligue para "
            "{telefono_de_contacto}."
        ),
    },
    "en": {
        "ai": "This is a virtual assistant, an artificial intelligence.",
        "company": "I am calling on behalf of {empresa}.",
        "recording": "This call is recorded.",
        "purpose": "This is a sales call.",
        "mini_miranda": (
            "This is an attempt to collect a debt, and any information obtained will "
            "be used for that purpose."
        ),
        "opt_out": "If you want no more calls, say so or call {telefono_de_contacto}.",
    },
}
_ASK_IN_WRITING = "Puede pedir el detalle por escrito y reclamar ante {}."
_RIGHTS = {
    "CL": _ASK_IN_WRITING.format("el SERNAC"),
    "AR": _ASK_IN_WRITING.format("Defensa del Consumidor"),
    "MX": _ASK_IN_WRITING.format("la CONDUSEF"),
    "CO": _ASK_IN_WRITING.format("la Superintendencia"),
    "PE": _ASK_IN_WRITING.format("el INDECOPI"),
    "ES": "Puede pedir el detalle por escrito y conocer sus derechos.",
    "BR": "O senhor pode pedir o detalhe por escrito e reclamar no PROCON.",
    "US": "You may ask for the details in writing and dispute them.",
}
_ORDERS = {
    "es": (
        "Primero los avisos de inteligencia artificial, identidad y grabación. Después "
        "verifique la identidad: el nombre, y un dato que diga la propia persona. Hasta "
        "entonces no diga por qué llama. Solo a la persona verificada: el aviso previo, "
        "el motivo, los derechos y cómo no recibir más llamadas."
    ),
    "pt": (
        "Primeiro os avisos de inteligência artificial, identidade e gravação. Depois "
        "verifique a identidade: o nome, e um dado que a própria pessoa diga. Até então "
        "não diga por que liga. Só à pessoa verificada: o aviso prévio, o motivo, os "
        "direitos e como não receber mais ligações."
    ),
    "en": (
        "First the notices of artificial intelligence, identity and recording. Then "
        "verify the identity: the name, and a fact said by the person. Until then do "
        "not say why you call. To the verified person alone: the notice before, the "
        "reason, the rights and how to get no more calls."
    ),
}
_LANGUAGES = {"BR": "pt", "US": "en"}
_COMPANY = "company default"
_AI = "Reglamento (UE) 2024/1689 art. 50(1)"
_CL_COLLECTION = "Ley 19.496 art. 37 (Ley 21.320)"
_COLLECTION = ("ai", "company", "recording", "rights", "opt_out")
_MARKETING = ("ai", "company", "recording", "purpose", "opt_out")
_SERVICE = ("ai", "company", "recording", "opt_out")

# (country, use case) → (code, source, status), in the order in which they are said.
# What is not named here has `status` company_default in CL and AR, draft elsewhere.
_SOURCES: dict[tuple[str, str], dict[str, tuple[str, Status]]] = {
    ("CL", "debt_collection"): {
        "company": (_CL_COLLECTION, "law"),
        "not_judicial": (_CL_COLLECTION, "law"),
        "rights": (_CL_COLLECTION, "law"),
    },
    ("CL", "marketing"): {"opt_out": ("Ley 19.496 art. 28 B", "law")},
    ("AR", "debt_collection"): {"company": ("Ley 24.240 art. 8 bis", "law")},
    ("AR", "marketing"): {"opt_out": ("Ley 26.951", "law")},
    ("MX", "debt_collection"): {"company": ("DOF 2014-10-07, CONDUSEF", "draft")},
    ("ES", "debt_collection"): {"ai": (_AI, "draft")},
    ("ES", "marketing"): {
        "ai": (_AI, "draft"),
        "company": ("TRLGDCU art. 96.2", "draft"),
        "purpose": ("TRLGDCU art. 96.2", "draft"),
    },
    ("US", "debt_collection"): {
        "company": ("47 CFR 64.1200", "draft"),
        "mini_miranda": ("15 USC 1692e(11)", "draft"),
    },
    ("US", "marketing"): {
        "company": ("47 CFR 64.1200", "draft"),
        "opt_out": ("47 CFR 64.1200", "draft"),
    },
}
REVIEWED = ("CL", "AR")
COUNTRIES = tuple(_RIGHTS)
USE_CASES = {
    "debt_collection": _COLLECTION,
    "marketing": _MARKETING,
    "appointment_reminder": _SERVICE,
    "survey": _SERVICE,
    "notification": _SERVICE,
}
# Codes of the policy records (`records.Disclosure`) → the notice that says it.
NOTICE_OF = {
    "ai": "ai",
    "identity": "company",
    "agency": "company",
    "recording": "recording",
    "purpose": "purpose",
    "not_judicial": "not_judicial",
    "mini_miranda": "mini_miranda",
    "consumer_rights": "rights",
    "optout_offer": "opt_out",
}
# What the conversation itself says, from the case's variables: no notice of its own.
SAID_BY_THE_SCRIPT = frozenset(
    {
        *("creditor", "debt_origin", "debt_costs", "how_to_pay", "written_copy"),
        *("call_reason", "callback_number"),
    }
)


def _codes(country: str, use_case: str) -> Iterable[str]:
    for code in USE_CASES[use_case]:
        if code == "rights" and use_case == "debt_collection":
            yield from {"CL": ["not_judicial"], "US": ["mini_miranda"]}.get(country, [])
        yield code


def _disclosure(country: str, use_case: str, code: str) -> Disclosure:
    texts = _TEXTS[_LANGUAGES.get(country, "es")]
    default: Status = "company_default" if country in REVIEWED else "draft"
    source, status = _SOURCES.get((country, use_case), {}).get(
        code, (_AI if code == "ai" else _COMPANY, default)
    )
    return Disclosure(
        code=code,
        when=_WHEN[code],
        variable=_VARIABLE_OF[code],
        text=_RIGHTS[country] if code == "rights" else texts[code],
        source=source,
        status=status,
        heard=HEARD[code],
        names_company=code == "company",
    )


TABLE: dict[tuple[str, str], Notices] = {
    (country, use_case): Notices(
        country,
        use_case,
        _LANGUAGES.get(country, "es"),
        tuple(
            _disclosure(country, use_case, code) for code in _codes(country, use_case)
        ),
    )
    for country in COUNTRIES
    for use_case in USE_CASES
}


def notices_for(country: str, use_case: str) -> Notices:
    """The notices of a call. A country that nobody has written yet gets what holds
    everywhere (AI, identity, recording, opt-out); an unknown use case counts as one
    whose subject is secret."""
    known = use_case if use_case in USE_CASES else "debt_collection"
    if found := TABLE.get((country, known)):
        return found
    return _elsewhere(country, known)


@lru_cache(maxsize=64)
def _elsewhere(country: str, use_case: str) -> Notices:
    like = TABLE["ES", use_case]
    rows = tuple(row for row in like.rows if row.code != "rights")
    return Notices(country[:8], use_case, "es", rows)


def of_version(version: str) -> Notices | None:
    """The notices by which a call is judged; None for a call that carried none."""
    country, _slash, rest = version.partition("/")
    use_case, slash, _hash = rest.partition("/")
    return notices_for(country, use_case) if slash else None


def variables(
    notices: Notices, said: Mapping[str, str], company: str, phone: str
) -> dict[str, str]:
    """The agent's variables for one call, all of VARIABLES and ORDER, as text.

    `said` are the case's own variables: `empresa` of them wins over `company` (the
    account's name). `phone`: the number to call back, as it is spoken.
    """
    return dict(_spoken(notices, said.get("empresa") or company, phone))


@lru_cache(maxsize=1024)
def _spoken(notices: Notices, company: str, phone: str) -> tuple[tuple[str, str], ...]:
    facts = {"empresa": company, "acreedor": company, "telefono_de_contacto": phone}
    texts = dict.fromkeys(VARIABLES, "")
    for row in notices.rows:
        text = row.text
        for name, value in facts.items():  # a name may hold braces: no format here
            text = text.replace(f"{{{name}}}", value)
        texts[row.variable] = f"{texts[row.variable]} {text}".strip()
    texts[ORDER] = _ORDERS[notices.language]
    return tuple(texts.items())
