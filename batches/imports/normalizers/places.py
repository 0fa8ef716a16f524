"""Where a person is: region, comuna, city, in one spelling.

A place is stopped by its name (`calls/halts.py`), so "Región de Valparaíso", "V" and
"VALPARAISO" must be one. A region is kept by its code (ISO 3166-2), any other place by
its folded name. Nothing here is ever a reason to report a row.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from batches.imports.normalizers.areas import area_of
from batches.imports.normalizers.numbering import LANDLINE, kind_of, plan_of
from batches.imports.normalizers.regions import NUMBERED, ORDINAL, REGIONS, ROMAN
from speechai_site.runtime import keys

MOST_CHARACTERS = 80
_KIND = re.compile(
    r"^(?:[IVX]+ )?(?:REGION|COMUNA|PROVINCIA|CIUDAD|LOCALIDAD)"
    r"(?: (?:DE LA|DE LOS|DE LAS|DEL|DE))? (?!METROPOLITANA)"
)
_NOT_A_LETTER = re.compile(r"[^A-Z0-9Ñ]+")
_NONE = {"", "0", "NA", "N A", "S I", "SIN INFORMACION", "NULL", "CHILE", "ARGENTINA"}
# Words that a region is written with or without.
_NOISE = {"REGION", "COMUNA", "PROVINCIA", "PROV", "PCIA", "DE", "DEL", "E", "Y"}
_NOISE |= {"LA", "LAS", "LOS", "EL"}
_NUMBERS = {
    name: code
    for names in (ROMAN, ORDINAL, map(str, range(1, 17)))
    for name, code in zip(names, NUMBERED, strict=False)
}
_NUMBERS |= {f"DECIMA{n}": c for n, c in zip(ORDINAL, NUMBERED[10:], strict=False)}
_NUMBERS["RM"] = "CL-RM"
_TEENTH = re.compile(r"\bDECIM[AO] ?(?=PRIM|SEGU|TERC|CUAR|QUIN|SEXT)")
# Area codes that say less, or something older, than is true: Greater Buenos Aires is
# in the city and the province; Ñuble was a part of Biobío until 2018.
_AREAS = {"+5411": ("AR-C", "AR-B"), "+5642": ("CHILLAN", "CL-NB")}


@lru_cache(maxsize=4096)
def place(text: str, country: str = "") -> str:
    """A region's code ("Región de Valparaíso", "V" → "CL-VS"), another place's name,
    folded ("Comuna de Ñuñoa" → "NUNOA"); empty when the text names none.

    `country` ("CL", "AR"): whose regions may be meant; without it, both.
    """
    if (code := text.strip().upper()) in REGIONS:
        return code
    words = _words(text)
    if code := _by_name(words, country) or _by_number(words, country):
        return code
    words = _KIND.sub("", words)
    return "" if words in _NONE or words.isdigit() else words[:MOST_CHARACTERS].strip()


def places_of(named: list[str], phones: list[str], country: str = "") -> list[str]:
    """Every place of a case, once: as its file names them, and its landlines' areas."""
    found = [place(text, country) for text in named] if named else []
    for phone in phones:
        if kind_of(phone) == LANDLINE:
            found += _area(phone)
    return list(dict.fromkeys(name for name in found if name))


@lru_cache(maxsize=4096)
def spellings(name: str) -> frozenset[str]:
    """A place and the folded names under which cases of before the codes have it."""
    code = name if name in REGIONS else place(name)
    if code not in REGIONS:
        return frozenset({name})
    folded = {_KIND.sub("", _words(text)) for text in REGIONS[code]}
    return frozenset({name, code, *folded})


def is_at(stopped: str, places: Iterable[str]) -> bool:
    """Whether one of these places is the stopped one, however either is spelled."""
    return not spellings(stopped).isdisjoint(places)


def shown(name: str) -> str:
    """A place as people read it: a region by its official name."""
    code = name if name in REGIONS else place(name)
    return REGIONS[code][0] if code in REGIONS else name.title()


def _words(text: str) -> str:
    return _NOT_A_LETTER.sub(" ", keys.fold(text.upper())).strip()


def _key(words: str) -> str:
    return "".join(word for word in words.split() if word not in _NOISE)


_NAMES = {
    country: {
        _key(_words(name)): code
        for code, names in REGIONS.items()
        if code.startswith(country)
        for name in names
    }
    for country in ("CL", "AR", "")
}


def _by_name(words: str, country: str) -> str:
    return _NAMES.get(country, {}).get(_key(words), "")


def _by_number(words: str, country: str) -> str:
    """As Chile does: "V", "13", "Región 13", "V Región de Valparaíso"."""
    said = [w for w in _TEENTH.sub("DECIMA", words).split() if w not in _NOISE]
    if country == "AR" or not said:
        return ""
    code, name = _NUMBERS.get(said[0].removeprefix("0"), ""), " ".join(said[1:])
    named = _by_name(name, country)
    if not code or not name or named == code:
        return code
    return (named or code) if "REGION" in words.split() else ""


def _area(landline: str) -> tuple[str, ...]:
    """The places that an area code stands for, such as "Concepción, Biobío"."""
    if known := _AREAS.get(landline[:5]):
        return known
    plan = plan_of(landline)
    return _parts(area_of(landline, plan), plan.region)


@lru_cache(maxsize=4096)
def _parts(area: str, country: str) -> tuple[str, ...]:
    return tuple(place(part, country) for part in area.split(","))
