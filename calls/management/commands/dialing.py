"""`manage.py dialing stop|resume|status`: stop all calling, of everybody or one account."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from batches.imports.normalizers.places import place, spellings
from batches.models import Account
from calls import halts
from calls.models import Halt

BY = "command"


class Command(BaseCommand):
    help = _("Stop all calling at once, allow it again, or say what is stopped.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["stop", "resume", "status"])
        parser.add_argument("--account", default="", metavar="SLUG")
        parser.add_argument("--place", default="", help="a region, comuna or city")
        parser.add_argument(
            "--known-places-only",
            action="store_true",
            help="with --place: cases whose place is unknown go on",
        )
        parser.add_argument(
            "--hang-up", action="store_true", help="live calls too, at once"
        )
        parser.add_argument("--reason", default="")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        account = _account(options["account"])
        where = place(options["place"], account.country if account else "")
        if options["place"] and not where:
            raise CommandError(_("That names no place."), returncode=2)
        if options["action"] == "stop":
            halts.halt(
                by=BY,
                account=account,
                place=where,
                unknown_too=not options["known_places_only"],
                hang_up=options["hang_up"],
                reason=options["reason"][:64],
            )
        elif options["action"] == "resume":
            rows = Halt.objects.filter(
                account=account,
                place__in=spellings(where),
                lifted_at__isnull=True,
            )
            if not [row for row in rows if halts.lift(row, by=BY)]:
                raise CommandError(_("That was not stopped."), returncode=2)
        self._tell(as_json=options["json"])

    def _tell(self, *, as_json: bool) -> None:
        stopped = [_described(row) for row in halts.active()]
        if as_json:
            self.stdout.write(json.dumps({"stopped": stopped}, ensure_ascii=False))
            return
        if not stopped:
            self.stdout.write(_("Nothing is stopped."))
        for row in stopped:
            self.stdout.write(" ".join(f"{k}={v}" for k, v in row.items()))


def _account(slug: str) -> Account | None:
    if not slug:
        return None
    account = Account.objects.filter(slug=slug).first()
    if account is None:
        raise CommandError(
            _("There is no account %(slug)s.") % {"slug": slug}, returncode=2
        )
    return account


def _described(row: dict[str, Any]) -> dict[str, Any]:
    account = Account.objects.filter(pk=row["account_id"]).first()
    return {
        "account": account.slug if account else None,
        "place": row["place"],
        "unknown_too": row["unknown_too"],
        "hang_up": row["hang_up"],
        "since": row["at"].isoformat(),
        "by": row["by"],
        "reason": row["reason"],
    }
