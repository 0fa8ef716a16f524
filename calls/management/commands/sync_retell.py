"""`manage.py sync_retell`: agents, versions, variables and numbers from Retell."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from calls.retell.sync import sync
from speechai_site.runtime.environment import EnvironmentMismatch


class Command(BaseCommand):
    help = _("Read agents and caller ids from Retell.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        client = RetellClient.from_settings()
        try:
            read = sync(client, by="command")
        except EnvironmentMismatch as error:
            raise CommandError(str(error)) from None
        except RetellError as error:
            raise CommandError(
                _("Retell could not be read: %(code)s.") % {"code": error.code}
            ) from None
        finally:
            client.close()
        self.stdout.write(
            json.dumps(read)
            if options["json"]
            else _("Agents: %(agents)s, versions: %(versions)s, numbers: %(numbers)s.")
            % read
        )
