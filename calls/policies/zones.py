"""Where a person may be: time zones and subdivisions, from the region that is known of
them, else from the place of their number, else the account's zone.

Several are possible: then every one of them must be open, and the rules of each
subdivision hold. A number of another country than the policy's is nowhere.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

from calls.policies import areas
from speechai_site.runtime import keys


class Place(NamedTuple):
    """No zones: nobody knows. Subdivisions as in ISO 3166-2, without the country."""

    zones: tuple[str, ...]
    subdivisions: tuple[str, ...]


NOWHERE = Place((), ())
_NOT_A_LETTER = re.compile(r"[^A-Z0-9]+")
_Type = phonenumbers.PhoneNumberType
_KINDS = {
    _Type.MOBILE: ("mobile",),
    _Type.FIXED_LINE: ("geographic",),
    # Chile and the United States don't tell them apart
    _Type.FIXED_LINE_OR_MOBILE: ("geographic", "mobile"),
    _Type.TOLL_FREE: ("toll_free",),
    _Type.PREMIUM_RATE: ("premium",),
    _Type.SHARED_COST: ("shared_cost",),
    _Type.VOIP: ("voip",),
}


def place_of(e164: str, country: str, *, region: str = "", default: str = "") -> Place:
    """Where the owner of a phone may be. `region`: a subdivision's code or name.
    `default`: the zone of those phones of the country that have no place."""
    # the last digits say nothing of the place: one entry serves a whole exchange
    return _place(e164[:-4], len(e164), country, region, default)


@lru_cache(maxsize=65536)
def _place(
    beginning: str, length: int, country: str, region: str, default: str
) -> Place:
    code = areas.CALLING_CODES.get(country)
    if code is None or not beginning.startswith(code) or length < 9:
        return NOWHERE
    if code == "+1" and not _is_of_the_us(beginning):
        return NOWHERE
    by_number = _by_number(beginning, country)
    subdivision = subdivision_of(country, region)
    if subdivision:
        zones = _zones_of_subdivision(country, subdivision)
        iso = areas.ISO_CODES.get(subdivision, subdivision)
        return Place(zones or by_number.zones or _only(default), (iso,))
    return Place(by_number.zones or _only(default), by_number.subdivisions)


def _zones_of_subdivision(country: str, subdivision: str) -> tuple[str, ...]:
    if country != "US":
        return areas.zones_of_subdivision(country, subdivision)
    own = (area for area, state in areas.us_states().items() if state == subdivision)
    return tuple(sorted({zone for area in own for zone in _of_us_area(area).zones}))


def _only(zone: str) -> tuple[str, ...]:
    return (zone,) if zone else ()


def zones_of(
    e164: str, country: str, *, region: str = "", default: str
) -> tuple[str, ...]:
    """The IANA zones in which the owner of a phone may be; see `place_of`."""
    return place_of(e164, country, region=region, default=default).zones


@lru_cache(maxsize=4096)
def subdivision_of(country: str, region: str) -> str:
    """The code of a subdivision said by its code or its name; empty if it is none."""
    folded = _NOT_A_LETTER.sub(" ", keys.fold(region).upper()).strip()
    return areas.names(country).get(folded, "")


@lru_cache(maxsize=4096)
def number_kinds(e164: str) -> tuple[str, ...]:
    """What a number may be: mobile, geographic, toll_free, premium, shared_cost, voip;
    `other` if it is none."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return ("other",)
    return _KINDS.get(phonenumbers.number_type(number), ("other",))


def _by_number(beginning: str, country: str) -> Place:
    if country == "US":
        return _of_us_area(beginning[2:5])
    for length in range(len(beginning), 2, -1):
        if found := areas.PREFIXES[country].get(beginning[:length]):
            return Place(*found)
    return NOWHERE


def _is_of_the_us(beginning: str) -> bool:
    area = beginning[2:5]
    return area in areas.us_states() or area in areas.US_WITHOUT_A_PLACE


@lru_cache(maxsize=1024)
def _of_us_area(area: str) -> Place:
    """All zones that the library knows of an area code: by exchange it would name one,
    but a mobile's exchange says nothing, and several area codes lie in two zones."""
    state = areas.us_states().get(area)
    if state is None:
        return NOWHERE
    from phonenumbers import tzdata  # the world's prefixes, for a US number alone

    zones = {
        zone
        for prefix, found in tzdata.TIMEZONE_DATA.items()
        if prefix.startswith(f"1{area}")
        for zone in found
    }
    return Place(tuple(sorted(zones)) or areas.ZONES_OF_NEW_US_AREAS, (state,))
