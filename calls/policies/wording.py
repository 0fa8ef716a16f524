"""A policy record as people read it: each of its rules in one sentence, with its source."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from calls.policies.records import (
    COMPANY,
    DISPUTED,
    DRAFT,
    LAW,
    Callback,
    CallerId,
    Cap,
    Consent,
    Cooldown,
    DebtDates,
    Disclosure,
    Gap,
    HolidayRule,
    Hours,
    Keeping,
    Margin,
    PhoneKinds,
    Record,
    Registry,
    Source,
)
from calls.policies.sentences import hours_text

Words = dict[str, str | Promise]

SOURCES: Words = {
    LAW: _("Law"),
    COMPANY: _("The company"),
    DISPUTED: _("Disputed"),
    DRAFT: _("Draft of a law"),
}
READINGS: Words = {"lenient": _("Lenient"), "strict": _("Strict")}
GROUPS: Words = {
    "hours": _("Hours"),
    "holidays": _("Holidays"),
    "margins": _("Hours"),
    "caps": _("How often"),
    "cooldowns": _("Obligatory waits"),
    "gaps": _("How often"),
    "callbacks": _("How often"),
    "consents": _("Consent and registries"),
    "registries": _("Consent and registries"),
    "caller_ids": _("Caller id"),
    "phones": _("Phones"),
    "debt_dates": _("Debts"),
    "disclosures": _("Obligatory notices"),
    "keeping": _("Keeping"),
}
COUNTED: Words = {
    "attempt": _("attempts"),
    "rang": _("calls that rang"),
    "conversation": _("conversations"),
    "any_channel": _("contacts by any channel"),
}
KEYS: Words = {
    "person": _("for each person"),
    "debt": _("for each debt"),
    "phone": _("for each phone"),
    "person_creditor": _("for each person and creditor"),
    "other_phone": _("to the person's other phones"),
}
WAITERS: Words = {
    "person": _("to the person"),
    "debt": _("about the same debt"),
    "phone": _("to the same phone"),
    "person_creditor": _("to the person about the same creditor"),
    "other_phone": _("to the person's other phones"),
}
HAPPENED: Words = {
    "conversation": _("a conversation"),
    "hang_up": _("an early hang-up"),
    "declined": _("a declined call"),
    "blocked": _("a blocked call"),
    "third_party": _("a contact with a third party"),
    "promise": _("a promise to pay"),
    "dispute": _("a dispute of the debt"),
    "optout": _("a wish not to be called"),
    "deceased": _("notice that the person died"),
    "complaint": _("a complaint"),
    "vulnerable": _("notice that the person is vulnerable"),
    "sued": _("a lawsuit about the debt"),
    "insolvency": _("insolvency proceedings"),
}
HOLIDAY_RULES: Words = {
    "none": _("Holidays are days like others."),
    "closed": _("No calls on holidays."),
    "as_sunday": _("Holidays are like Sundays."),
}
CONSENT_LEVELS: Words = {
    "none": _("none"),
    "prior": _("prior"),
    "prior_express": _("prior and express"),
    "prior_written": _("prior and written"),
}
PHONE_KINDS: Words = {
    "work": _("work"),
    "reference": _("reference"),
    "guarantor": _("guarantor"),
    "family": _("family"),
}
NUMBER_KINDS: Words = {
    "mobile": _("mobile"),
    "geographic": _("geographic"),
    "toll_free": _("toll free"),
    "premium": _("premium"),
    "shared_cost": _("shared cost"),
    "voip": _("internet"),
    "other": _("other"),
}
MOMENTS: Words = {
    "start": _("at the start"),
    "end": _("at the end"),
    "on_request": _("when asked for"),
}
NOTICES: Words = {
    "ai": _("that it is an artificial intelligence"),
    "identity": _("who calls"),
    "recording": _("that the call is recorded"),
    "purpose": _("that it is a commercial call"),
    "creditor": _("who the creditor is"),
    "agency": _("which collection company calls"),
    "call_reason": _("why it calls"),
    "debt_origin": _("where the debt comes from"),
    "debt_costs": _("what collection costs"),
    "how_to_pay": _("how to pay"),
    "consumer_rights": _("the consumer's rights"),
    "not_judicial": _("that it is not a judicial act"),
    "mini_miranda": _("that it is an attempt to collect"),
    "written_copy": _("that it can be had in writing"),
    "callback_number": _("where to call back"),
    "optout_offer": _("how to get no more calls"),
}


@dataclass(frozen=True)
class Line:
    """One rule. `status`: of its source; `unused`: another reading holds."""

    group: str
    text: str
    source: str
    status: str
    reviewed_on: date | None
    pending_counsel: bool
    unused: bool = False

    @property
    def status_label(self) -> str:
        return str(SOURCES[self.status])

    @property
    def key(self) -> tuple[str, str, bool]:
        """What makes it the same rule in two versions."""
        return self.text, self.source, self.unused


def lines(record: Record) -> list[Line]:
    """All rules of a record, in the order in which they are read."""
    return list(_lines(record))


def changes(before: Record, after: Record) -> tuple[list[str], list[str]]:
    """What stands in one version alone: (only before, only after), as sentences."""
    old, new = _said(before), _said(after)
    return [s for s in old if s not in new], [s for s in new if s not in old]


def days_text(days: tuple[int, ...]) -> str:
    """Monday to Friday; Saturday, Sunday."""
    ordered = sorted(days)
    if len(ordered) == 7:
        return gettext("Every day")
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        said = gettext("%(first)s to %(last)s") % {
            "first": WEEKDAYS[ordered[0]],
            "last": WEEKDAYS[ordered[-1]],
        }
    else:
        said = ", ".join(str(WEEKDAYS[day]) for day in ordered)
    return said[:1].upper() + said[1:].lower()


def _lines(record: Record) -> Iterator[Line]:
    for name, group in GROUPS.items():
        for limit in getattr(record, name):
            source: Source = limit.source
            yield Line(
                str(group),
                SAYERS[type(limit)](limit),
                source.text,
                source.status,
                source.reviewed_on,
                source.pending_counsel,
                getattr(limit, "reading", "") not in ("", record.reading),
            )


def _said(record: Record) -> list[str]:
    found = [
        f"{line.text} ({line.source})" for line in lines(record) if not line.unused
    ]
    if record.status == "draft":
        found.append(gettext("It is a draft: nobody is called."))
    if any(cap.reading for cap in record.caps):
        found.append(
            gettext("Reading of what is disputed: %(reading)s.")
            % {"reading": READINGS[record.reading]}
        )
    for day, text in (
        (record.valid_from, gettext("It holds from %(day)s.")),
        (record.valid_to, gettext("It holds until %(day)s.")),
    ):
        if day:
            found.append(text % {"day": day.strftime("%d-%m-%Y")})
    return found


def _listed(codes: tuple[str, ...], words: Words) -> str:
    return ", ".join(str(words.get(code, code)) for code in codes)


# --- one sentence of each kind of rule


def _hours(limit: Hours) -> str:
    said = hours_text(limit.windows) if limit.windows else gettext("no calls")
    return f"{days_text(limit.days)}: {said}."


def _length(window: str, length: int) -> str:
    if window == "rolling_hours":
        return ngettext("%(n)s hour", "%(n)s hours", length) % {"n": length}
    return ngettext("%(n)s day", "%(n)s days", length) % {"n": length}


def _within(window: str, length: int) -> str:
    if window == "calendar_day":
        return gettext("a day")
    if window == "calendar_week":
        return gettext("a week, from Monday")
    return gettext("in %(length)s") % {"length": _length(window, length)}


def _cap(limit: Cap) -> str:
    return gettext("Cap on %(counted)s %(within)s, %(key)s: %(most)s.") % {
        "most": limit.most,
        "counted": COUNTED[limit.count],
        "within": _within(limit.window, limit.length),
        "key": KEYS[limit.key],
    }


def _cooldown(limit: Cooldown) -> str:
    words = {
        "after": HAPPENED.get(limit.after, limit.after),
        "key": WAITERS[limit.key],
        "length": _length(limit.window, limit.length),
    }
    if limit.window == "forever":
        return gettext("After %(after)s: no call any more %(key)s.") % words
    if limit.window == "calendar_day":
        return gettext("After %(after)s: no call on the same day %(key)s.") % words
    if limit.window == "calendar_week":
        return gettext("After %(after)s: no call in the same week %(key)s.") % words
    return gettext("After %(after)s: no call for %(length)s %(key)s.") % words


def _gap(limit: Gap) -> str:
    hours, minutes = divmod(limit.minutes, 60)
    length = f"{hours} h" if not minutes else f"{limit.minutes} min"
    return gettext("At least %(length)s between calls to two phones of a person.") % {
        "length": length
    }


def _margin(limit: Margin) -> str:
    return gettext(
        "The last call starts %(n)s seconds before a law's closing time."
    ) % {"n": limit.seconds}


def _consent(limit: Consent) -> str:
    said = gettext("Needs the person's consent: %(level)s.") % {
        "level": CONSENT_LEVELS[limit.required]
    }
    if limit.max_age_days:
        said += " " + gettext("It holds for %(n)s days.") % {"n": limit.max_age_days}
    return said


def _registry(limit: Registry) -> str:
    said = gettext(
        "Nobody of the registry “%(name)s”, asked in the last %(n)s days."
    ) % {"name": limit.name, "n": limit.max_age_days}
    if limit.unless_consent:
        said += " " + gettext("A consent (%(level)s) goes before it.") % {
            "level": CONSENT_LEVELS[limit.unless_consent]
        }
    return said


def _caller_id(limit: CallerId) -> str:
    found = []
    if limit.allowed_prefixes:
        found.append(
            gettext("The number shown begins with %(prefixes)s.")
            % {"prefixes": ", ".join(limit.allowed_prefixes)}
        )
    if limit.forbidden_types:
        found.append(
            gettext("The number shown is not of these kinds: %(kinds)s.")
            % {"kinds": _listed(limit.forbidden_types, NUMBER_KINDS)}
        )
    return " ".join(found) or gettext("A number that can be rung back is shown.")


def _phones(limit: PhoneKinds) -> str:
    return gettext("These phones are not called: %(kinds)s.") % {
        "kinds": _listed(limit.forbidden, PHONE_KINDS)
    }


def _disclosure(limit: Disclosure) -> str:
    return gettext("It says %(what)s, %(when)s.") % {
        "what": NOTICES.get(limit.code, limit.code),
        "when": MOMENTS[limit.when],
    }


def _debt_dates(_limit: DebtDates) -> str:
    return gettext("No call about a debt whose limit date is past.")


def _callback(limit: Callback) -> str:
    if limit.lifts_frequency:
        return gettext(
            "A callback that the person asked for passes these limits, never the hours."
        )
    return gettext("A callback that the person asked for keeps to these limits too.")


def _keeping(limit: Keeping) -> str:
    return gettext("What was done is kept for %(n)s days.") % {"n": limit.days}


SAYERS: dict[type, Callable[[Any], str]] = {
    Hours: _hours,
    HolidayRule: lambda limit: str(HOLIDAY_RULES[limit.rule]),
    Cap: _cap,
    Cooldown: _cooldown,
    Gap: _gap,
    Margin: _margin,
    Consent: _consent,
    Registry: _registry,
    CallerId: _caller_id,
    PhoneKinds: _phones,
    Disclosure: _disclosure,
    DebtDates: _debt_dates,
    Callback: _callback,
    Keeping: _keeping,
}
