"""Holidays that people add, take out, or declare reviewed. Each is one upsert on a
unique key; whoever changes what holds writes `RulesStamp` in the same transaction."""

from datetime import date

from calls import rules
from calls.models import Holiday, HolidayYear
from calls.policies import holidays
from speechai_site.runtime import audit, clock
from speechai_site.runtime.transactions import in_transaction

YEARS_AHEAD = 3


def set_day(
    country: str,
    day: date,
    *,
    name: str,
    is_holiday: bool,
    by: str,
    reason: str,
    subdivision: str = "",
) -> Holiday:
    """A day without calls (`is_holiday`), or a working day in spite of what is shipped."""

    def work() -> Holiday:
        row, _made = Holiday.objects.update_or_create(
            country=country,
            subdivision=subdivision,
            day=day,
            defaults={"name": name[:120], "is_holiday": is_holiday},
        )
        _record("holiday.add" if is_holiday else "holiday.remove", row, by, reason)
        rules.changed()
        return row

    return in_transaction(work)


def undo(row: Holiday, *, by: str, reason: str) -> bool:
    """What is shipped holds again for that day. False: it was undone already."""

    def work() -> bool:
        gone, _models = Holiday.objects.filter(pk=row.pk).delete()
        if gone:
            _record("holiday.undo", row, by, reason)
            rules.changed()
        return bool(gone)

    return in_transaction(work)


def review(country: str, year: int, *, by: str, reason: str = "") -> bool:
    """The package's proposal for a year holds, with what people changed. False: it did
    already."""

    def work() -> bool:
        row, made = HolidayYear.objects.get_or_create(
            country=country, year=year, defaults={"reviewed_by": by}
        )
        if made:
            audit.record("holiday.review", row, by=by, reason=reason, year=year)
            rules.changed()
        return made

    return in_transaction(work)


def years(today: date) -> range:
    """Those that are shown: from the first that is shipped to some ahead."""
    last = max(today.year + YEARS_AHEAD, holidays.REVIEWED_YEARS[-1])
    return range(holidays.REVIEWED_YEARS[0], last + 1)


def today() -> date:
    return clock.now().date()


def _record(action: str, row: Holiday, by: str, reason: str) -> None:
    day = row.day.isoformat()
    audit.record(action, row, by=by, reason=reason, country=row.country, day=day)
