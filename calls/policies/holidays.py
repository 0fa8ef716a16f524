"""Holidays as a table of rows, and the rows that the pinned package gives.

The package only proposes: rows are kept by whoever calls, so that people may add what a
decree moves or adds. A year without rows is unknown, not a year without holidays.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

import holidays as package

# Reviewed in the pinned package against the decrees; other years have no rows.
REVIEWED_YEARS = range(2025, 2028)
# Public holidays alone: banks' and officials' days, and Brazil's optional ones, are
# working days for a person who is called. Argentina's bridge days ("con fines
# turísticos") are among the package's public ones. They are non-working days, not
# holidays of Ley 27.399, but people rest on them: we treat them as closed.
CATEGORIES = ("public",)

Rows = Mapping[tuple[str, str, int], Mapping[date, str]]


class HolidayTable:
    """Rows by (country, subdivision, year): {local date: name}.

    Subdivision "" holds those of the whole country; a subdivision's own rows are added
    to them. Don't change it once made: answers are cached for each table, so make one
    and use it for many calls.
    """

    def __init__(self, rows: Rows) -> None:
        self._days: dict[tuple[str, str], dict[date, str]] = {}
        self._years = {(country, year) for country, sub, year in rows if not sub}
        for (country, subdivision, _year), days in rows.items():
            self._days.setdefault((country, subdivision), {}).update(days)

    def is_known(self, country: str, year: int) -> bool:
        return (country, year) in self._years

    def name(self, country: str, subdivisions: tuple[str, ...], day: date) -> str:
        """What the day is called where the person may be; empty if it is none."""
        for subdivision in ("", *subdivisions):
            if name := self._days.get((country, subdivision), {}).get(day):
                return name
        return ""


def snapshot(country: str, subdivision: str, year: int) -> dict[date, str]:
    """The rows that the package proposes, moved days where they were moved to.

    Empty for a year that was not reviewed, or a place that the package does not know.
    A subdivision's rows hold the country's too.
    """
    return proposed(country, subdivision, year) if year in REVIEWED_YEARS else {}


def proposed(country: str, subdivision: str, year: int) -> dict[date, str]:
    """The package's rows of any year, for somebody to review."""
    if not _knows(country, subdivision):
        return {}
    found = package.country_holidays(
        country,
        subdiv=subdivision or None,
        years=year,
        expand=False,
        observed=True,
        categories=CATEGORIES,
        language=_language(country),
    )
    return dict(sorted(found.items()))


@lru_cache(maxsize=16)
def default_table(country: str) -> HolidayTable:
    """The package's rows of one country and its subdivisions, for the reviewed years."""
    return edited_table(country, (), ())


def edited_table(
    country: str, days: Iterable[tuple[str, date, str]], years: Iterable[int]
) -> HolidayTable:
    """The shipped rows with what people changed.

    `days`: (subdivision, day, name); a name adds a holiday, an empty one makes the day a
    working day, in the whole country if the subdivision is "". `years`: further ones
    that somebody has reviewed.
    """
    places = ("", *subdivisions(country))
    rows = {
        (country, place, year): dict(snapshot(country, place, year))
        for place in places
        for year in REVIEWED_YEARS
        if _knows(country, "")
    }
    for year in years:
        for place in places:
            rows.setdefault((country, place, year), proposed(country, place, year))
    for subdivision, day, name in days:
        for (_country, place, year), found in rows.items():
            if year != day.year or subdivision not in ("", place):
                continue
            if name:
                found[day] = name
            else:
                found.pop(day, None)
    return HolidayTable(rows)


def subdivisions(country: str) -> tuple[str, ...]:
    """Those that the package tells apart."""
    return getattr(package, country).subdivisions if _knows(country, "") else ()


def _knows(country: str, subdivision: str) -> bool:
    known = package.list_supported_countries().get(country)
    return known is not None and (not subdivision or subdivision in known)


def _language(country: str) -> str | None:
    of_country = getattr(package, country)
    if "es" in of_country.supported_languages:
        return "es"
    return of_country.default_language
