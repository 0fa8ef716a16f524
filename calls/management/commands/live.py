"""`manage.py live ACTION`: what live lacks, arming and disarming it."""

import getpass
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from calls import arming
from speechai_site.runtime.models import User


class Command(BaseCommand):
    help = _("Say what live dialing lacks; arm or disarm it.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["status", "arm", "disarm"])
        parser.add_argument("--user", help=_("the administrator who arms"))
        parser.add_argument(
            "--confirm", default="", help=_("the word that the refusal asks for")
        )
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help=_("read the password from standard input instead of asking for it"),
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["action"] == "arm":
                self._arm(options)
            elif options["action"] == "disarm":
                arming.disarm(by="command")
        except arming.Refused as refused:
            raise CommandError(str(refused), returncode=2) from None
        status = arming.status()
        if options["json"]:
            self.stdout.write(json.dumps(status))
            return
        armed = _("armed") if status["armed"] else _("not armed")
        self.stdout.write(f"{status['mode']}: {armed}")
        for condition in status["conditions"]:
            mark = "✓" if condition["met"] else "✗"
            self.stdout.write(f"{mark} {condition['sentence']}")

    def _arm(self, options: dict[str, Any]) -> None:
        user = User.objects.filter(username=options["user"] or "").first()
        if user is None:
            raise CommandError(
                _("Name the administrator who arms: --user NAME."), returncode=2
            )
        if options["password_stdin"]:
            password = sys.stdin.readline().rstrip("\n")
        else:
            password = getpass.getpass(_("Password: "))
        arming.arm(user, word=options["confirm"], password=password, request=None)
