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
from batches.imports.modes import ADD, MODES, UPDATE, WITHDRAW, Look, Wanted
from batches.imports.problems import WorkbookError
from batches.models import Account, Batch

ACTOR = "command"


class Command(BaseCommand):
    help = (
        "Withdraw by a list, load payments, update a campaign or add rows to it. "
        "Without --confirm it only says what would happen."
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
        parser.add_argument("--confirm", action="store_true", help="do it")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = _wanted(options)
        try:
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
    )


def _content(name: str) -> bytes:
    if name == "-":
        return sys.stdin.read().encode()
    try:
        return Path(name).read_bytes()
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
