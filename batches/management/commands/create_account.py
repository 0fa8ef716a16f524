"""`manage.py create_account`: a client on whose behalf people are called."""

from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from batches.models import Account
from speechai_site.runtime import audit


class Command(BaseCommand):
    help = _("Make an account.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--country", required=True, choices=Account.Country.values)
        parser.add_argument(
            "--timezone", required=True, help=_("IANA name: America/Santiago")
        )
        parser.add_argument(
            "--plan", choices=Account.Plan.values, default=Account.Plan.UNLIMITED
        )

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account(
            slug=options["slug"],
            name=options["name"],
            country=options["country"],
            time_zone=options["timezone"],
            plan=options["plan"],
        )
        if options["timezone"] not in available_timezones():
            raise CommandError(
                _("There is no time zone %(name)s.") % {"name": options["timezone"]},
                returncode=2,
            )
        try:
            account.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=2) from None
        account.save()
        audit.record("account.create", account, by="command", account_id=account.pk)
        self.stdout.write(_("Account %(slug)s was made.") % {"slug": account.slug})
