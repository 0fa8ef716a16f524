"""`manage.py report ID --output F.xlsx`: the report of a campaign."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from reports.management.commands.batch import find_batch
from reports.totals import differences
from reports.workbooks import write_report


class Command(BaseCommand):
    help = _("Write the report of a campaign as a workbook.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id")
        parser.add_argument("--output", required=True, type=Path, metavar="F.xlsx")
        parser.add_argument(
            "--cost", action="store_true", help=_("with what calls cost at Retell")
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        batch = find_batch(options["id"])
        output = options["output"].absolute()
        try:
            totals = write_report(batch, output, by="command", cost=options["cost"])
        except OSError as error:
            raise CommandError(
                _("%(file)s cannot be written: %(why)s.")
                % {"file": output, "why": error.strerror},
                returncode=2,
            ) from None
        if options["json"]:
            same = {"matches_database": not differences(totals, batch)}
            self.stdout.write(json.dumps(totals.as_json() | same))
        else:
            self.stdout.write(str(output))
