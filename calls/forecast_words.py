"""A forecast as people read it: one line with every count."""

from collections.abc import Callable

from django.utils.translation import gettext, ngettext

from batches import formats
from batches.admin.progress import number
from calls.forecast import (
    BLOCKED,
    CALLABLE,
    CAPPED,
    CLOSED_NOW,
    NEVER,
    NO_PHONE,
    OTHER,
    OVER,
    PHONE_KIND,
    Forecast,
    Group,
)

# In the order in which they are told.
SAID: dict[str, Callable[[int], str]] = {
    CALLABLE: lambda n: ngettext(
        "%(n)s can be called now", "%(n)s can be called now", n
    ),
    CLOSED_NOW: lambda n: ngettext(
        "%(n)s outside calling hours", "%(n)s outside calling hours", n
    ),
    CAPPED: lambda n: ngettext(
        "%(n)s waits by a limit or a waiting time",
        "%(n)s wait by a limit or a waiting time",
        n,
    ),
    BLOCKED: lambda n: ngettext(
        "%(n)s on the do-not-call list", "%(n)s on the do-not-call list", n
    ),
    NEVER: lambda n: ngettext(
        "%(n)s that is not called again", "%(n)s that are not called again", n
    ),
    NO_PHONE: lambda n: ngettext(
        "%(n)s without a usable phone", "%(n)s without a usable phone", n
    ),
    PHONE_KIND: lambda n: ngettext(
        "%(n)s with phones only that are not called",
        "%(n)s with phones only that are not called",
        n,
    ),
    "zone": lambda n: ngettext(
        "%(n)s whose time zone is not known", "%(n)s whose time zone is not known", n
    ),
    "draft": lambda n: ngettext(
        "%(n)s under a draft policy", "%(n)s under a draft policy", n
    ),
    "policy": lambda n: ngettext(
        "%(n)s without a calling policy", "%(n)s without a calling policy", n
    ),
    "holidays": lambda n: ngettext(
        "%(n)s whose holidays nobody has reviewed",
        "%(n)s whose holidays nobody has reviewed",
        n,
    ),
    "consent": lambda n: ngettext(
        "%(n)s without valid consent", "%(n)s without valid consent", n
    ),
    "registry": lambda n: ngettext(
        "%(n)s for want of a fresh public registry",
        "%(n)s for want of a fresh public registry",
        n,
    ),
    "caller_id": lambda n: ngettext(
        "%(n)s because of the caller id", "%(n)s because of the caller id", n
    ),
    "debt_date": lambda n: ngettext(
        "%(n)s whose limit date is past", "%(n)s whose limit date is past", n
    ),
    OTHER: lambda n: ngettext(
        "%(n)s that somebody must look at", "%(n)s that somebody must look at", n
    ),
    OVER: lambda n: ngettext(
        "%(n)s closed or being called", "%(n)s closed or being called", n
    ),
}


def sentence(forecast: Forecast) -> str:
    """`1.240 cases: 1.010 callable now, 130 on the do-not-call list, …`"""
    total = forecast.total
    told = [_told(name, forecast.groups[name]) for name in SAID if forecast.count(name)]
    return gettext("%(cases)s: %(parts)s.") % {
        "cases": ngettext("%(n)s case", "%(n)s cases", total) % {"n": number(total)},
        "parts": ", ".join(told),
    }


def _told(name: str, group: Group) -> str:
    said = SAID[name](group.count) % {"n": number(group.count)}
    if group.first is None:
        return said
    moment = {"what": said, "from": formats.brief(group.first)}
    if name == CLOSED_NOW:
        return gettext("%(what)s (they open at %(from)s)") % moment
    moment["until"] = formats.brief(group.last)
    if moment["until"] == moment["from"]:
        return gettext("%(what)s (until %(until)s)") % moment
    return gettext("%(what)s (free again from %(from)s to %(until)s)") % (moment)
