"""Decisions as people read them: a label for each code, and whole sentences."""

from collections.abc import Callable

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.policies import opening
from calls.policies.decisions import Check, Decision

LABELS: dict[str, str | Promise] = {
    "in_hours": _("Inside calling hours"),
    "hours_lifted": _("Calling hours are lifted in the sandbox"),
    # --- nobody knows
    "unknown_policy": _("No calling rules for this country and use case"),
    "policy_draft": _("The calling rules are a draft that nobody has accepted"),
    "unknown_zone": _("The person's time zone is not known"),
    "unknown_holidays": _("The holidays of this year are not known"),
    # --- hours
    "outside_hours": _("Outside calling hours"),
    "closed_weekday": _("No calls on this day of the week"),
    "holiday": _("Holiday"),
    # --- what does not pass by itself
    "phone_kind_forbidden": _("This kind of phone is not called"),
    "no_consent": _("The person's consent is missing"),
    "consent_expired": _("The person's consent is too old"),
    "registry_not_asked": _("The public registry was not asked"),
    "registry_stale": _("The public registry was asked too long ago"),
    "on_registry": _("The phone is on a public do-not-call registry"),
    "caller_id_not_allowed": _("The caller id may not be shown for this kind of call"),
    "debt_date_past": _("The debt's limit date is past"),
    # --- how often
    "attempts_a_day": _("No more attempts today"),
    "attempts_a_week": _("No more attempts this week"),
    "attempts_in_24_hours": _("No more attempts in 24 hours"),
    "attempt_in_8_hours": _("No more attempts in 8 hours"),
    "attempts_a_week_per_debt": _("No more attempts this week for this debt"),
    "any_channel_once_a_day": _("Already contacted today, by some channel"),
    "phone_once_a_day": _("This phone was already called today"),
    "conversation_a_week": _("There was a conversation in the last seven days"),
    "ring_a_week": _("The phone rang in the last seven days"),
    "gap_between_phones": _("Another phone of the person was called shortly before"),
    "after_conversation": _("Too soon after a conversation"),
    "after_promise": _("Too soon after a promise to pay"),
    "after_dispute": _("The debt is disputed"),
    "not_today_after_hang_up": _("The person hung up today"),
    "not_today_after_declined": _("The person declined a call today"),
    "not_today_after_blocked": _("A call was blocked today"),
    "not_today_after_third_party": _("Somebody else answered today"),
    "other_phone_after_hang_up": _("The person hung up on another phone"),
    "other_phone_after_declined": _("The person declined a call on another phone"),
    "other_phone_after_blocked": _("A call to another phone was blocked"),
    "never_after_optout": _("The person asked not to be called"),
    "never_after_deceased": _("The person has died"),
    "never_after_complaint": _("The person complained"),
    "never_after_vulnerable": _("The person is vulnerable"),
    "never_after_sued": _("The debt is in court"),
    "never_after_insolvency": _("The person is in insolvency proceedings"),
}
# A cap or waiting time that an administrator wrote, under a code of their own.
OTHER_LIMIT = _("A limit of the calling rules")


def label(code: str) -> str:
    return str(LABELS.get(code, OTHER_LIMIT))


def _inside(said: str) -> str:
    """A label inside a sentence; a name keeps its capital."""
    return said if said.startswith("Retell") else said[:1].lower() + said[1:]


def reason(
    decision: Decision, zone: str = "", words: Callable[[str], str] = label
) -> str:
    """Why, in one or two sentences of the active language. `zone`: in which the next
    allowed moment is told, if hours don't object. `words`: the label of a code."""
    check = decision.deciding
    if decision.decision == "allow" or check is None:
        return words(decision.code)
    said = _inside(words(check.code))
    said = (
        _of_hours(check, said)
        if check.local and check.source
        else _of_rule(check, said)
    )
    if decision.next_allowed_at is None:
        return said
    moment = decision.next_allowed_at
    if check.local:
        moment = moment.astimezone(check.local.tzinfo)
    elif zone:
        moment = opening.local(zone, moment.timestamp())
    return gettext("%(reason)s Possible from %(moment)s.") % {
        "reason": said,
        "moment": date_format(moment, "l j/n/Y H:i"),
    }


def _of_hours(check: Check, said: str) -> str:
    assert check.local is not None
    names = {
        "label": said,
        "moment": date_format(check.local, "l j/n/Y H:i"),
        "source": check.source,
        "hours": hours_text(check.windows),
    }
    if check.windows:
        return (
            gettext("Not called: %(moment)s, the rule (%(source)s) allows %(hours)s.")
            % names
        )
    return (
        gettext(
            "Not called: %(moment)s, %(label)s; the rule (%(source)s) allows no calls."
        )
        % names
    )


def _of_rule(check: Check, said: str) -> str:
    names = {"label": said, "source": check.source}
    if not check.source:
        return gettext("Not called: %(label)s.") % names
    return gettext("Not called: %(label)s, by the rule (%(source)s).") % names


def hours_text(windows: tuple[tuple[int, int], ...]) -> str:
    """08:00–12:00, 14:00–20:00"""
    return ", ".join(
        "–".join(f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in window)
        for window in windows
    )
