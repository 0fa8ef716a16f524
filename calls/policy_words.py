"""What a calling policy means for a campaign, in sentences of the active language."""

from collections.abc import Iterator
from datetime import date, timedelta
from math import ceil
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from batches.models import Batch
from calls.policies import sentences
from calls.policies.holidays import HolidayTable
from calls.policies.merge import DAYS, Effective
from calls.policies.records import Cap

LOOK_AHEAD_DAYS = 14
# Caps that a call reaches even if nobody answers, and of whom.
CALLS, OF_ONE_PERSON = ("attempt", "rang", "any_channel"), ("person", "person_creditor")
PER_CASE = (*OF_ONE_PERSON, "debt")


# --- how often ----------------------------------------------------------------------


def attempts_within(policy: Effective, batch: Batch, days: int) -> int:
    """Most attempts at one case in so many days, if nobody answers."""
    most = [batch.max_attempts, ceil(days / batch.retry_days)]
    most += [_calls_within(cap, days) for cap in _caps_of_calls(policy)]
    return min(most)


def days_for(policy: Effective, batch: Batch, attempts: int) -> int:
    """Days from the first attempt at a case to the last of so many."""
    waits = [(attempts - 1) * batch.retry_days]
    for cap in _caps_of_calls(policy):
        waits.append((attempts - 1) // cap.most * _window_days(cap))
    return max(waits)


def _caps_of_calls(policy: Effective) -> list[Cap]:
    caps = [kept.limit for kept in policy.caps]
    return [cap for cap in caps if cap.count in CALLS and cap.key in PER_CASE]


def _calls_within(cap: Cap, days: int) -> int:
    return cap.most * max(1, ceil(days / _window_days(cap)))


def _window_days(cap: Cap) -> int:
    if cap.window == "rolling_hours":
        return max(1, ceil(cap.length / 24))
    return 7 if cap.window == "calendar_week" else cap.length


def headline(policy: Effective, batch: Batch) -> str:
    """`With this policy: 1 attempt per person and week`."""
    weekly = attempts_within(policy, batch, 7)
    return ngettext(
        "With this policy: %(n)s attempt per person and week.",
        "With this policy: at most %(n)s attempts per person and week.",
        weekly,
    ) % {"n": weekly}


def other_phones(policy: Effective, batch: Batch, today: date) -> str:
    """What the limits mean for a case's second phone; empty if it gets its turn."""
    life = (batch.expires_at.date() - today).days + 1 if batch.expires_at else 366
    if attempts_within(policy, batch, max(1, life)) == 1:
        return gettext("The 2nd phone will not be used.")
    if attempts_within(policy, batch, 7) == 1:
        return gettext("The 2nd phone will not be used in the first week.")
    return ""


def limits(policy: Effective) -> list[str]:
    """Each cap and each gap, with who says so."""
    found = [
        _with_source(_cap(kept.limit), kept.limit)
        for kept in sorted(policy.caps, key=lambda kept: _window_days(kept.limit))
    ]
    for kept in policy.gaps:
        hours = kept.limit.minutes / 60
        said = gettext("%(hours)s hours between two phones of one person")
        found.append(_with_source(said % {"hours": f"{hours:g}"}, kept.limit))
    return found


def _with_source(said: str, limit: Any) -> str:
    return f"{said} ({limit.source.text})"


def _cap(cap: Cap) -> str:
    counted = {
        "attempt": ngettext("%(n)s attempt", "%(n)s attempts", cap.most),
        "rang": ngettext("%(n)s call that rings", "%(n)s calls that ring", cap.most),
        "conversation": ngettext("%(n)s conversation", "%(n)s conversations", cap.most),
        "any_channel": ngettext(
            "%(n)s contact by any channel", "%(n)s contacts by any channel", cap.most
        ),
    }[cap.count] % {"n": cap.most}
    whose = {
        "person": gettext("per person"),
        "person_creditor": gettext("per person and creditor"),
        "phone": gettext("per phone"),
        "debt": gettext("per debt"),
    }[cap.key]
    when = {
        "calendar_day": gettext("a day"),
        "calendar_week": gettext("a week"),
        "rolling_days": gettext("in %(n)s days"),
        "rolling_hours": gettext("in %(n)s hours"),
    }[cap.window] % {"n": cap.length}
    return gettext("At most %(counted)s %(whose)s %(when)s") % {
        "counted": counted,
        "whose": whose,
        "when": when,
    }


# --- when ---------------------------------------------------------------------------


def hours(policy: Effective) -> list[str]:
    """`Monday to Friday: 09:00–19:30`, one for each run of equal days."""
    found = []
    for first, last, windows in _runs(policy):
        names = (str(WEEKDAYS[first]), str(WEEKDAYS[last]))
        days = names[0].capitalize()
        if first != last:
            span = {"first": names[0], "last": names[1]}
            days = (gettext("%(first)s to %(last)s") % span).capitalize()
        minutes = tuple((opens // 60, closes // 60) for opens, closes in windows)
        open_ = sentences.hours_text(minutes) if minutes else gettext("no calls")
        found.append(f"{days}: {open_}")
    return found


def _runs(policy: Effective) -> Iterator[tuple[int, int, Any]]:
    first = 0
    for day in range(1, DAYS + 1):
        if day == DAYS or policy.windows(day) != policy.windows(first):
            yield first, day - 1, policy.windows(first)
            first = day


def holidays(policy: Effective, table: HolidayTable, today: date) -> list[str]:
    """Those of the coming two weeks; none if the policy does not mind them."""
    if not policy.minds_holidays:
        return []
    found = []
    for ahead in range(LOOK_AHEAD_DAYS + 1):
        day = today + timedelta(days=ahead)
        if not table.is_known(policy.country, day.year):
            found.append(
                gettext("From %(day)s on nobody has reviewed them: no calls.")
                % {"day": date_format(day, "j b")}
            )
            break
        if name := table.name(policy.country, (), day):
            found.append(f"{date_format(day, 'D j b')} ({name})")
    return found
