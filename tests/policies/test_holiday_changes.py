"""Holidays that people add, take out, and years that they review."""

from datetime import date

import pytest

from calls import holiday_changes, rules
from calls.models import Holiday, HolidayYear
from speechai_site.runtime.models import AuditEntry

pytestmark = pytest.mark.django_db
ANA = "user:ana"
WEDNESDAY, CHRISTMAS = date(2026, 11, 25), date(2026, 12, 25)


def name(day, *subdivisions):
    return rules.current().holidays("CL").name("CL", subdivisions, day)


def set_day(day=WEDNESDAY, *, is_holiday=True, **values):
    values.setdefault("name", "Duelo nacional")
    return holiday_changes.set_day(
        "CL", day, is_holiday=is_holiday, by=ANA, reason="Decreto 1", **values
    )


def test_a_day_that_is_added_holds_at_once_and_is_on_record():
    assert name(WEDNESDAY) == ""
    set_day()
    assert name(WEDNESDAY) == "Duelo nacional"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.reason) == (
        "holiday.add",
        ANA,
        "Decreto 1",
    )
    assert entry.detail == {"country": "CL", "day": "2026-11-25"}


def test_a_regions_day_holds_there_alone():
    set_day(subdivision="RM")
    assert (name(WEDNESDAY), name(WEDNESDAY, "RM")) == ("", "Duelo nacional")


def test_a_day_that_is_taken_out_is_a_working_day():
    assert name(CHRISTMAS)
    set_day(CHRISTMAS, is_holiday=False)
    assert name(CHRISTMAS) == ""
    assert AuditEntry.objects.get().action == "holiday.remove"


def test_a_day_is_changed_not_made_twice():
    set_day()
    set_day(name="Duelo")
    assert (Holiday.objects.count(), name(WEDNESDAY)) == (1, "Duelo")


def test_what_is_undone_is_as_shipped_once():
    row = set_day(CHRISTMAS, is_holiday=False)
    assert holiday_changes.undo(row, by=ANA, reason="error")
    assert name(CHRISTMAS)
    assert not holiday_changes.undo(row, by=ANA, reason="error")
    assert AuditEntry.objects.filter(action="holiday.undo").count() == 1


def test_a_reviewed_year_holds_with_what_people_changed():
    year = 2029
    set_day(date(year, 5, 2))
    assert not rules.current().holidays("CL").is_known("CL", year)
    assert holiday_changes.review("CL", year, by=ANA)
    assert rules.current().holidays("CL").is_known("CL", year)
    assert name(date(year, 12, 25))
    assert name(date(year, 5, 2)) == "Duelo nacional"
    assert not holiday_changes.review("CL", year, by="user:bea")
    assert HolidayYear.objects.get().reviewed_by == ANA
