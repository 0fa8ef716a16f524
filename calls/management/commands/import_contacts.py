"""`manage.py import_contacts FILE --account SLUG`: what others did, into the ledger."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from batches.imports.problems import WorkbookError
from batches.models import Account
from calls import outside_contacts
from calls.outside_contacts import Imported

ACTOR = "command"


class Command(BaseCommand):
    help = _(
        "Import contacts that others made (another dialer, people, messages) from a "
        "workbook or CSV; nothing of it is kept when a row is bad."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--account", required=True, metavar="SLUG")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 2, and no contact stored, for a file or a row of no use."""
        imported = _load(options["file"], options["account"])
        if options["json"]:
            self.stdout.write(json.dumps(_plain(imported), ensure_ascii=False))
        elif not imported.problems:
            self.stdout.write(
                _(
                    "%(rows)s rows: %(added)s contacts added, %(known)s were there "
                    "before; they reach until %(reaches)s."
                )
                % {
                    "rows": imported.rows,
                    "added": imported.added,
                    "known": imported.known,
                    "reaches": imported.reaches and imported.reaches.isoformat(),
                }
            )
        for problem in () if options["json"] else imported.problems:
            row = _("Row %(row)d") % {"row": problem.row}
            self.stderr.write(f"{row}, {problem.column}: {problem.message}")
        if imported.problems:
            raise CommandError(
                _("Nothing was imported: correct the rows and send the file again."),
                returncode=2,
            )


def _load(path: Path, slug: str) -> Imported:
    account = Account.objects.filter(slug=slug).first()
    if account is None:
        raise CommandError(
            _("There is no account %(slug)s.") % {"slug": slug}, returncode=2
        )
    try:
        content = path.read_bytes()
        return outside_contacts.load(content, account, by=ACTOR, file_name=path.name)
    except OSError as error:
        raise CommandError(
            _("The file %(file)s cannot be read.") % {"file": path.name}, returncode=2
        ) from error
    except WorkbookError as error:
        raise CommandError(error.message, returncode=2) from error


def _plain(imported: Imported) -> dict[str, Any]:
    """Without what cells hold: rows and columns find them in the file."""
    return {
        "rows": imported.rows,
        "added": imported.added,
        "known": imported.known,
        "reaches": imported.reaches.isoformat() if imported.reaches else None,
        "do_not_call": imported.suppressed.added,
        "cases_ended": imported.suppressed.ended,
        "problems": [
            {"row": each.row, "column": each.column, "message": each.message}
            for each in imported.problems
        ],
    }
