"""`manage.py import_batch FILE --account SLUG --use-case NAME`: a workbook becomes jobs."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from batches import use_cases
from batches.callers import CallerError, choose_agent, choose_number
from batches.imports.importer import ImportResult, import_workbook
from batches.imports.problems import WorkbookError
from batches.management import passwords
from batches.models import Account

ACTOR = "command"


class Command(BaseCommand):
    help = (
        "Import a workbook as a campaign; nothing of it is kept when it is bad. Its "
        "password is taken from WORKBOOK_PASSWORD, or asked for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = [name for name, _label in use_cases.choices()]
        parser.add_argument("file")
        parser.add_argument("--account", required=True, metavar="SLUG")
        parser.add_argument("--use-case", required=True, choices=names)
        parser.add_argument("--name", default="", help="the campaign's name")
        parser.add_argument("--agent", default="", metavar="ID", help="Retell's id")
        parser.add_argument("--from-number", default="", metavar="+E164")
        parser.add_argument("--option", action="append", default=[], metavar="K=V")
        parser.add_argument("--start", action="store_true", help="call at once")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = _import(options)
        except (WorkbookError, CallerError) as error:
            raise CommandError(error.message, returncode=2) from error
        if options["json"]:
            self.stdout.write(json.dumps(result.as_json(), ensure_ascii=False))
        else:
            self._tell(result)
        if options["start"]:
            try:
                result.batch.start(by=ACTOR)
            except ValidationError as error:
                raise CommandError(" ".join(error.messages), returncode=2) from error

    def _tell(self, result: ImportResult) -> None:
        self.stdout.write(
            _(
                "Campaign %(batch)s: %(rows)d rows, %(contacts)d persons, %(jobs)d "
                "cases (%(without_phone)d without phone), %(duplicates)d already in a "
                "campaign, %(error_count)d rows reported, total %(total_amount)s."
            )
            % {**vars(result), "batch": result.batch.pk}
        )
        for error in result.errors:
            row = _("Row %(row)d") % {"row": error["row"]}
            self.stdout.write(f"  {row}: {error['message']}")
        if result.error_workbook:
            self.stdout.write(str(result.error_workbook))


def _import(options: dict[str, Any]) -> ImportResult:
    account = Account.objects.filter(slug=options["account"]).first()
    if account is None:
        raise CommandError(
            _("There is no account %(slug)s.") % {"slug": options["account"]},
            returncode=2,
        )
    agent = choose_agent(account, options["agent"], needed=options["start"])
    number = choose_number(account, options["from_number"], needed=options["start"])
    return import_workbook(
        passwords.opened(options["file"]),
        account,
        options["use_case"],
        _pairs(options["option"]),
        actor=ACTOR,
        name=options["name"],
        file_name=Path(options["file"]).name,
        agent=agent,
        number=number,
    )


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in texts)
    if not all(pairs) or not all("=" in text for text in texts):
        raise CommandError(_("Write options as --option NAME=VALUE."), returncode=2)
    return pairs
