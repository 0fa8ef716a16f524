"""`manage.py change_batch MODE FILE`: a list or a file for campaigns that exist."""

import json
import sys
from argparse import ArgumentParser
from decimal import Decimal
from pathlib import Path
from typing import Any

from bson import ObjectId
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from batches.admin.mode_words import done, figures
from batches.imports import modes
from batches.imports.duplicates import ACTS, BY, SCOPES
from batches.imports.modes import ADD, MODES, UPDATE, WITHDRAW, Look, Wanted
from batches.imports.problems import WorkbookError
from batches.imports.questions import Answers, DuplicatePolicy
from batches.management import passwords
from batches.models import Account, Batch

ACTOR = "command"


class Command(BaseCommand):
    help = (
        "Withdraw by a list, load payments, update a campaign or add rows to it. "
        "Without --confirm it only says what would happen. A file's password is taken "
        "from WORKBOOK_PASSWORD, or asked for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mode", choices=MODES)
        parser.add_argument(
            "file", help="a workbook or text; - reads a list from stdin"
        )
        parser.add_argument("--account", required=True, metavar="SLUG")
        parser.add_argument("--batch", default="", metavar="ID", help="one campaign")
        parser.add_argument("--reason", default="", help="why they are withdrawn")
        parser.add_argument(
            "--absent",
            choices=["keep", "withdraw"],
            default="",
            help="update: what becomes of waiting cases that are not in the file",
        )
        _add_duplicates(parser)
        parser.add_argument("--confirm", action="store_true", help="do it")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            wanted = _wanted(options)
            if options["confirm"]:
                found = modes.do(wanted, by=ACTOR)
            else:
                found = modes.look(wanted)
        except WorkbookError as error:
            raise CommandError(error.message, returncode=2) from error
        if options["json"]:
            said = _plain(found) | {"mode": wanted.mode, "done": options["confirm"]}
            self.stdout.write(json.dumps(said, ensure_ascii=False))
            return
        for figure in figures(found):
            self.stdout.write(f"{figure.label}: {figure.value}")
        for error in found.errors:
            row = _("Row %(row)d") % {"row": error["row"]}
            self.stdout.write(f"  {row}: {error['message']}")
        if options["confirm"]:
            self.stdout.write(done(wanted.mode, found))
        else:
            self.stdout.write(_("Nothing was changed: repeat it with --confirm."))


def _add_duplicates(parser: ArgumentParser) -> None:
    """What becomes of new cases of an update or addition that are there already."""
    usual = DuplicatePolicy()
    add = parser.add_argument
    add("--duplicates", choices=ACTS, help="allow them (default), skip or merge")
    add("--duplicates-by", choices=BY, help=f"what is one: {usual.by}, if not said")
    add("--duplicates-in", choices=SCOPES, help=f"where: {usual.scope}, if not said")
    add("--duplicates-days", type=int, metavar="N", help=f"if days: {usual.days}")


def _duplicates(options: dict[str, Any]) -> DuplicatePolicy:
    said = {
        "act": options["duplicates"],
        "by": options["duplicates_by"],
        "scope": options["duplicates_in"],
        "days": options["duplicates_days"],
    }
    said = {name: value for name, value in said.items() if value is not None}
    if said and options["mode"] not in (UPDATE, ADD):
        raise CommandError(
            _("Duplicates are of update and add: leave --duplicates out."), returncode=2
        )
    if said.get("act") == "merge" and options["mode"] != ADD:
        raise CommandError(
            _("Only added rows can join a case: --duplicates allow or skip."),
            returncode=2,
        )
    if not 1 <= said.get("days", 1) <= 365:
        raise CommandError(_("Write --duplicates-days from 1 to 365."), returncode=2)
    return DuplicatePolicy(**said)


def _wanted(options: dict[str, Any]) -> Wanted:
    account = Account.objects.filter(slug=options["account"]).first()
    if account is None:
        raise CommandError(
            _("There is no account %(slug)s.") % {"slug": options["account"]},
            returncode=2,
        )
    mode, batch = options["mode"], _batch(options["batch"], account)
    if mode in (UPDATE, ADD) and batch is None:
        raise CommandError(_("Say which campaign: --batch ID."), returncode=2)
    if mode == UPDATE and not options["absent"]:
        raise CommandError(
            _("Say what becomes of absent cases: --absent keep or withdraw."),
            returncode=2,
        )
    if mode == WITHDRAW and options["confirm"] and not options["reason"]:
        raise CommandError(_("Say why: --reason TEXT."), returncode=2)
    return Wanted(
        mode,
        account,
        batch,
        _content(options["file"]),
        file_name=Path(options["file"]).name,
        pasted=options["file"] == "-",
        reason=options["reason"][:64],
        absent=options["absent"] or "keep",
        answers=Answers(duplicates=_duplicates(options)),
    )


def _content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.read().encode()
    try:
        return passwords.opened(Path(name).read_bytes())
    except OSError as error:
        raise CommandError(
            WorkbookError("file_missing", file=name).message, returncode=2
        ) from error


def _batch(pk: str, account: Account) -> Batch | None:
    if not pk:
        return None
    rows = Batch.objects.filter(account=account)
    batch = rows.filter(pk=ObjectId(pk)).first() if ObjectId.is_valid(pk) else None
    if batch is None:
        raise CommandError(
            _("The account has no campaign %(id)s.") % {"id": pk}, returncode=2
        )
    return batch


def _plain(found: Look) -> dict[str, Any]:
    """The figures and what is to be looked at; money is text, as everywhere."""
    counted = {
        name: format(value.normalize(), "f") if isinstance(value, Decimal) else value
        for name, value in found.figures.items()
    }
    return {
        "figures": counted,
        "error_rows": found.errors,
        "missing": found.missing,
        "ambiguous": found.ambiguous,
        "upload": str(found.upload.pk) if found.upload else None,
    }
