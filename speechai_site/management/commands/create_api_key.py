"""`manage.py create_api_key`: the key alone on standard output, this once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from batches.models import Account
from speechai_site.models import ApiKey
from speechai_site.runtime import audit


class Command(BaseCommand):
    help = _("Make an API key of an account; it is printed once.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True)
        parser.add_argument(
            "--scope",
            action="append",
            choices=ApiKey.Scope.values,
            help=_("may be repeated; by default: read"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(slug=options["account"]).first()
        if account is None:
            raise CommandError(
                _("There is no account %(slug)s.") % {"slug": options["account"]},
                returncode=2,
            )
        scopes = options["scope"] or [ApiKey.Scope.READ.value]
        key, text = ApiKey.issue(account, options["name"], scopes)
        audit.record("apikey.create", key, by="command")
        self.stdout.write(text)
        self.stderr.write(_("Keep it: it is not shown again."))
