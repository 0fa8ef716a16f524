"""How figures and persons are written for people, in full and masked.

A mask keeps what tells two rows apart and hides who it is.
"""

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

import phonenumbers
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from speechai_site.runtime import clock

EMPTY = "–"
DOT = "•"
CHILEAN_MOBILE = re.compile(r"\+569(\d{4})(\d{4})")


def money(amount: Decimal | None) -> str:
    """`$ 150.000`, `$ 1.234,50`: as Chile and Argentina write their pesos."""
    if amount is None:
        return EMPTY
    cents = abs(amount) % 1 >= Decimal("0.005")
    text = f"{amount:,.2f}" if cents else f"{amount:,.0f}"
    return "$\N{NO-BREAK SPACE}" + text.translate(str.maketrans(",.", ".,"))


def dollars(amount: Decimal | None) -> str:
    """Retell's cost: `US$ 0,123`, `US$ 1.234,50`."""
    if amount is None:
        return EMPTY
    if not amount:
        return "US$ 0"
    text = f"{amount:,.3f}" if abs(amount) < 10 else f"{amount:,.2f}"
    return "US$ " + text.translate(str.maketrans(",.", ".,"))


def decimal(text: str | None) -> Decimal | None:
    """An amount that is kept as text (`Batch.counters`)."""
    return Decimal(text) if text else None


def duration(milliseconds: int | None) -> str:
    """`2:05` (minutes and seconds)."""
    if milliseconds is None:
        return EMPTY
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes}:{seconds:02}"


def percent(part: int, whole: int) -> str:
    """`38 %`; nothing of nothing is not a rate."""
    return f"{round(100 * part / whole)} %" if whole else EMPTY


def moment(at: datetime | None) -> str:
    """Date and time in the active zone (the user's)."""
    if at is None:
        return EMPTY
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")


def brief(at: datetime | None) -> str:
    """`26 nov 00:28` in the active zone, for lists; with the year when it is another."""
    if at is None:
        return EMPTY
    local = timezone.localtime(at)
    this_year = local.year == timezone.localtime(clock.now()).year
    return date_format(local, "j b H:i" if this_year else "j b Y H:i")


def when(at: datetime) -> str:
    """`today 08:05`, `yesterday 08:05`, else date and time, in the active zone."""
    local = timezone.localtime(at)
    days = (timezone.localtime(clock.now()).date() - local.date()).days
    hour = date_format(local, "H:i")
    if days == 0:
        return _("today %(hour)s") % {"hour": hour}
    if days == 1:
        return _("yesterday %(hour)s") % {"hour": hour}
    return moment(at)


@lru_cache(maxsize=1024)
def national_phone(e164: str) -> str:
    """`600 360 1234`: as somebody in its country is told it."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def phone(e164: str) -> str:
    """`+56 9 1234 5678`, grouped as its country does."""
    if mobile := CHILEAN_MOBILE.fullmatch(e164):  # phonenumbers leaves some ungrouped
        return "+56 9 {} {}".format(*mobile.groups())
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(
        number, phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )


def document(canonical: str) -> str:
    """`CL:RUT:123456785` as people write it: `12.345.678-5`."""
    country, _sep, rest = canonical.partition(":")
    kind, _sep, value = rest.rpartition(":")
    if country == "CL" and kind == "RUT" and value[:-1].isdigit():
        return f"{int(value[:-1]):,}".replace(",", ".") + f"-{value[-1]}"
    return value or canonical


def mask_phone(e164: str) -> str:
    """`+56 9 •••• 4567`: country, mobile mark and the last four digits stay."""
    shown = phone(e164)
    head, _space, tail = shown.partition(" ")
    if tail.startswith("9 "):
        head, tail = f"{head} 9", tail[2:]
    return f"{head} {_hidden(tail)}".strip()


def mask_document(canonical: str) -> str:
    """`••.•••.678-5`: the last four signs stay."""
    return _hidden(document(canonical))


def mask_name(name: str) -> str:
    """`A. P. S.`: initials."""
    return " ".join(f"{word[0]}." for word in name.split())


def _hidden(text: str, keep: int = 4) -> str:
    signs = len(re.findall(r"\w", text))
    place = iter(range(signs))
    return re.sub(
        r"\w", lambda match: match[0] if next(place) >= signs - keep else DOT, text
    )
