"""`manage.py batch ACTION ID`: control a campaign, and say where it stands."""

import json
from collections.abc import Callable
from typing import Any

from bson import ObjectId
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from batches.models import Batch
from reports.queries import batch_status

BY = "command"


# What each action does; False: the batch's status does not allow it.
ACTIONS: dict[str, Callable[[Batch], bool]] = {
    "start": lambda batch: batch.start(by=BY),
    "pause": lambda batch: batch.pause(by=BY),
    "resume": lambda batch: batch.resume(by=BY),
    "cancel": lambda batch: batch.cancel(by=BY),
    "stop-now": lambda batch: batch.stop_now(by=BY),
    "status": lambda batch: True,
}


class Command(BaseCommand):
    help = _("Start, pause, resume, cancel or stop a campaign; print where it stands.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=ACTIONS)
        parser.add_argument("id")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        batch = find_batch(options["id"])
        try:
            done = ACTIONS[options["action"]](batch)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=2) from None
        batch.refresh_from_db()
        if not done:
            raise CommandError(
                _("It was not done: the campaign is %(status)s.")
                % {"status": batch.get_status_display()},
                returncode=2,
            )
        status = batch_status(batch)
        if options["json"]:
            self.stdout.write(json.dumps(status))
            return
        for name, value in status.items():
            self.stdout.write(f"{name}: {_flat(value)}")


def find_batch(text: str) -> Batch:
    """The batch with this id; CommandError (exit 2) when there is none."""
    batch = None
    if ObjectId.is_valid(text):
        batch = Batch.objects.filter(pk=ObjectId(text)).first()
    if batch is None:
        raise CommandError(
            _("There is no campaign %(id)s.") % {"id": text}, returncode=2
        )
    return batch


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={count}" for name, count in value.items()) or "-"
    return str(value)
