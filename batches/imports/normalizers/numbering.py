"""Numbering plans: what the digits of a phone mean in a country.

Valid is what phonenumbers holds valid, whose own patterns are compiled here because a
call of it costs 40 µs. What a plan adds or drops are prefixes that its country adds or
drops (trunk and country codes, the marks of mobiles), never a digit of the number.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata

from batches.imports.problems import Unreadable

MOBILE, LANDLINE, ANY = "mobile", "landline", "phone"
UNKNOWN = "unknown"  # the plan does not tell mobiles from landlines


class Plan:
    """A country's numbers. `lengths`: of complete national numbers."""

    region = ""
    code = ""
    lengths: tuple[int, ...] = (10,)
    longest = 15  # digits of one number with all its prefixes; more are several
    services: tuple[str, ...] = ()  # lines of companies, never a person's

    def __init__(self) -> None:
        plan = PhoneMetadata.metadata_for_region(self.region)
        self.fixed = _compiled(plan.fixed_line)
        self.mobile = _compiled(plan.mobile)
        self.valid = _compiled(plan.fixed_line, plan.mobile, plan.voip)

    def national(
        self, digits: str, kind: str, *, together: bool = True, area: str = ""
    ) -> str:
        """The national number that digits with prefixes mean in a column of `kind`;
        raises Unreadable. `together`: they stood in one piece."""
        bare = self.bare(digits)
        if area and len(bare) + len(area) in self.lengths:
            bare = area + bare
        if len(bare) in self.lengths:
            return bare
        raise Unreadable(self.too_short(bare))

    def bare(self, digits: str) -> str:
        """Without trunk and country code."""
        bare = digits.lstrip("0")
        for length in self.lengths:
            if len(bare) == len(self.code) + length and bare.startswith(self.code):
                return bare[len(self.code) :]
        return bare

    def too_short(self, bare: str) -> str:
        """The code for digits that are no complete number."""
        shortest = min(self.lengths)
        lacks_area = 6 <= len(bare) < shortest
        return "phone_area_missing" if lacks_area else "phone_invalid"

    def complete(self, digits: str) -> bool:
        """Whether digits are a number to which nothing has to be added."""
        try:
            return self.is_valid(self.national(digits, MOBILE))
        except Unreadable:
            return False

    def is_valid(self, national: str) -> bool:
        return bool(self.valid.fullmatch(national))

    def e164(self, national: str) -> str:
        """`+` and all digits; raises Unreadable for what nobody can be called by."""
        if not self.is_valid(national) or national.startswith(self.services):
            raise Unreadable("phone_invalid")
        if self.is_dummy(national):
            raise Unreadable("phone_dummy")
        return f"+{self.code}{national}"

    def is_dummy(self, national: str) -> bool:
        return national[-7:] == national[-1] * 7

    def kind(self, national: str) -> str:
        """`mobile`, `landline` or `unknown`, by the number itself."""
        fixed = self.fixed.fullmatch(national)
        if self.mobile.fullmatch(national):
            return UNKNOWN if fixed else MOBILE
        return LANDLINE


class Chile(Plan):
    """Subtel's nine-digit plan of 2016 (mobiles 9 + 8 digits; Santiago 2 + 8), and the
    old forms that workbooks still hold."""

    region, code, lengths, longest = "CL", "56", (9,), 13
    services = ("600", "800", "809")

    def national(
        self, digits: str, kind: str, *, together: bool = True, area: str = ""
    ) -> str:
        """`together`: a 9 typed twice may be dropped, which is only safe where the
        digits stand in one piece."""
        bare = digits.lstrip("0")
        has_country = bare.startswith("56") and len(bare) >= 10
        if has_country:
            bare = bare[2:].lstrip("0")
        if len(bare) == 10 and bare.startswith("99") and together:
            bare = bare[1:]
        if len(bare) == 9:
            return bare
        if area and len(bare) + len(area) == 9:
            return area + bare
        if area and len(bare) + len(area) == 8:
            bare, has_country = area + bare, True
        coded = has_country or digits.startswith("0")
        return _missing_in_chile(bare, kind, coded=coded) + bare

    def complete(self, digits: str) -> bool:
        bare = digits.lstrip("0")
        if len(bare) >= 11 and bare.startswith("56"):
            bare = bare[2:].lstrip("0")
        return len(bare) == 9 and self.is_valid(bare)

    def is_dummy(self, national: str) -> bool:
        return national[1:] == national[-1] * 8

    def kind(self, national: str) -> str:
        return MOBILE if national.startswith("9") else LANDLINE


def _missing_in_chile(short: str, kind: str, *, coded: bool) -> str:
    """What an old short form lacks. `coded`: it came with a trunk 0 or 56, so its
    first digit is an area code, or the 9 of a mobile."""
    first = short[:1]
    if len(short) == 8:
        if first == "9" and (coded or kind != LANDLINE):
            return "9"
        if first == "2" and (coded or kind != MOBILE):
            return "2"
        if first in "45678" and kind == MOBILE:
            return "9"
        if first == "3" and kind != MOBILE:
            return "2"
    if len(short) == 7 and kind == LANDLINE and not coded and first in "23456789":
        return "22"
    raise Unreadable("phone_ambiguous" if 7 <= len(short) <= 8 else "phone_invalid")


class Argentina(Plan):
    """Area and number are ten digits. A mobile has a 9 before them, or a 15 between
    them; where neither is written, the column says what it is, or nobody does."""

    region, code, lengths = "AR", "54", (10,)

    def national(
        self, digits: str, kind: str, *, together: bool = True, area: str = ""
    ) -> str:
        bare = digits.lstrip("0")
        if bare.startswith("54") and len(bare) >= 12:
            bare = bare[2:].lstrip("0")
        area = area.lstrip("0")
        if bare.startswith("9") and len(bare) == 11:
            return bare
        if area and bare.startswith("15") and len(bare) + len(area) == 12:
            return f"9{area}{bare[2:]}"
        if area and len(bare) + len(area) == 10:
            bare = area + bare
        if bare.startswith("9") and len(bare) == 13:
            bare = bare[1:]
        if len(bare) == 12:
            return _without_15(bare)
        if len(bare) != 10 or bare.startswith("15"):
            raise Unreadable(
                "phone_area_missing" if 6 <= len(bare) <= 10 else "phone_invalid"
            )
        if not self.fixed.fullmatch(bare):
            raise Unreadable("phone_invalid")
        if kind == ANY:
            raise Unreadable("phone_kind_unknown")
        return f"9{bare}" if kind == MOBILE else bare

    def is_valid(self, national: str) -> bool:
        # as a landline the nine is no part of it, as a mobile it has to be
        wanted = self.mobile if len(national) == 11 else self.fixed
        return bool(wanted.fullmatch(national))

    def kind(self, national: str) -> str:
        return MOBILE if len(national) == 11 else LANDLINE


def _without_15(digits: str) -> str:
    """A mobile written as area, 15 and number; the area has two to four digits."""
    found = {
        f"9{digits[:length]}{digits[length + 2 :]}"
        for length in (2, 3, 4)
        if digits[length : length + 2] == "15"
        and _area_length(digits[:length] + digits[length + 2 :]) == length
    }
    if len(found) != 1:
        raise Unreadable("phone_ambiguous" if found else "phone_invalid")
    return found.pop()


@lru_cache(maxsize=4096)
def _area_length(national: str) -> int:
    number = phonenumbers.PhoneNumber(country_code=54, national_number=int(national))
    return phonenumbers.length_of_geographical_area_code(number)


class Mexico(Plan):
    """Ten digits since 2019: before, mobiles were `+52 1`, 044 or 045, and far calls
    began with 01."""

    region, code = "MX", "52"
    _OLD = re.compile(r"(?:(?:0*52)0?1|01|044|045)(\d{10})", re.ASCII)

    def bare(self, digits: str) -> str:
        old = self._OLD.fullmatch(digits)
        return old[1] if old else super().bare(digits)


class Colombia(Plan):
    """Ten digits since 2021: landlines had eight before (area and seven), to which 60
    was added; mobiles were dialed with 03."""

    region, code = "CO", "57"
    _OLD_MOBILE = re.compile(r"03(3\d{9})", re.ASCII)
    _OLD_LANDLINE = re.compile(r"(?:0*57)?([1245678][2-9]\d{6})", re.ASCII)

    def bare(self, digits: str) -> str:
        if old := self._OLD_MOBILE.fullmatch(digits):
            return old[1]
        return super().bare(digits)

    def national(
        self, digits: str, kind: str, *, together: bool = True, area: str = ""
    ) -> str:
        old = self._OLD_LANDLINE.fullmatch(area + digits)
        if old and kind != MOBILE:
            return f"60{old[1]}"
        return super().national(digits, kind, together=together, area=area)


class Peru(Plan):
    """Mobiles have nine digits and begin with 9; landlines, area and number, eight."""

    region, code, lengths = "PE", "51", (9, 8)

    def is_dummy(self, national: str) -> bool:
        return national[-6:] == national[-1] * 6


class Spain(Plan):
    """Nine digits, nothing before them."""

    region, code, lengths = "ES", "34", (9,)


class UnitedStates(Plan):
    """Ten digits; a 1 may stand before them. Nobody can tell a mobile."""

    region, code = "US", "1"


def _compiled(*descriptions: phonenumbers.PhoneNumberDesc | None) -> re.Pattern[str]:
    patterns = [
        f"(?:{part.national_number_pattern})"
        for part in descriptions
        if part and part.national_number_pattern
    ]
    return re.compile("|".join(patterns), re.ASCII)


PLANS: dict[str, Plan] = {
    plan.region: plan
    for plan in (
        Chile(),
        Argentina(),
        Mexico(),
        Colombia(),
        Peru(),
        Spain(),
        UnitedStates(),
    )
}
CHILE = PLANS["CL"]


def plan_of(e164: str) -> Plan | None:
    """The plan by whose country code a number begins."""
    return next((p for p in PLANS.values() if e164.startswith(p.code, 1)), None)


def kind_of(e164: str) -> str:
    """`mobile` or `landline`, by the number itself; `unknown` where it does not say."""
    if e164.startswith("+56"):
        return MOBILE if e164.startswith("+569") else LANDLINE
    plan = plan_of(e164)
    return plan.kind(e164[1 + len(plan.code) :]) if plan else UNKNOWN
