"""`manage.py explain_call`: may somebody be called at a moment, and by which rule."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from batches.models import Account
from calls import rules
from calls.policies import areas, sentences
from calls.policies.decisions import Decision
from calls.policies.evaluate import hours_at
from calls.policies.zones import Place, place_of


class Command(BaseCommand):
    help = _(
        "Say whether the rules of a country allow a call at a moment: its hours, "
        "weekdays and holidays, not what was done to the person before."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--country", required=True, metavar="CC")
        parser.add_argument("--use-case", required=True, metavar="NAME")
        parser.add_argument(
            "--at", required=True, metavar="ISO8601", help="without offset: local time"
        )
        parser.add_argument("--phone", default="", help="says where the person is")
        parser.add_argument(
            "--account", default="", metavar="SLUG", help="its zone and rules"
        )
        parser.add_argument(
            "--rules", choices=["effective", "law"], default="effective"
        )
        parser.add_argument("--draft", action="store_true", help="accept draft rules")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        country = options["country"].upper()
        account = _account(options["account"])
        place = _place(country, options["phone"], account)
        at = _moment(options["at"], place)
        in_force = rules.current()
        policy = in_force.policy(
            country,
            options["use_case"],
            place.subdivisions,
            on=at.date(),
            account_id=account.pk if account else None,
            rules=options["rules"],
            accept_drafts=options["draft"],
        )
        decision = hours_at(
            policy,
            place.zones,
            at,
            in_force.holidays(country),
            subdivisions=place.subdivisions,
        )
        others = (ref for ref in policy.records if ref != policy.ref)
        names = ", ".join((policy.ref, *others))
        self._say(decision, names, place, as_json=options["json"])

    def _say(
        self, decision: Decision, policy: str, place: Place, *, as_json: bool
    ) -> None:
        following = decision.next_allowed_at
        reason = sentences.reason(decision, place.zones[0] if place.zones else "")
        if not as_json:
            self.stdout.write(
                f"{decision.decision} ({decision.code}): {reason}\n{policy}"
            )
            return
        answer = {
            "decision": decision.decision,
            "code": decision.code,
            "reason": reason,
            "next_allowed_at": following.isoformat() if following else None,
            "policy": policy,
        }
        self.stdout.write(json.dumps(answer, ensure_ascii=False))


def _account(slug: str) -> Account | None:
    if not slug:
        return None
    account = Account.objects.filter(slug=slug).first()
    if account is None:
        raise CommandError(_("There is no account %(slug)s.") % {"slug": slug})
    return account


def _place(country: str, phone: str, account: Account | None) -> Place:
    """Where the person may be: by the phone, else the account's zone, else the zone of
    most people of the country."""
    zone = account.time_zone if account else areas.MAIN_ZONES.get(country, "")
    if not phone:
        return Place((zone,) if zone else (), ())
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        raise CommandError(_("That is not a phone number.")) from None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return place_of(e164, country, default=zone)


def _moment(text: str, place: Place) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            _("That is not a moment such as 2026-11-24T10:00:00-03:00.")
        ) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(place.zones[0] if place.zones else "UTC"))
    return at
