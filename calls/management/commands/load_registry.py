"""`manage.py load_registry FILE --registry NAME`: a public do-not-call registry."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from calls import registries
from calls.block_reasons import REGISTRIES


class Command(BaseCommand):
    help = _("Load a public registry, one phone a line, in place of its last load.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--registry", required=True, choices=list(REGISTRIES))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open(encoding="utf-8", errors="replace") as lines:
                loaded = registries.load(
                    options["registry"],
                    lines,
                    by="command",
                    file_name=options["file"].name,
                )
        except registries.RegistryError as error:
            raise CommandError(error.message, returncode=2) from error
        except OSError as error:
            raise CommandError(
                _("The file %(file)s cannot be read.") % {"file": options["file"].name},
                returncode=2,
            ) from error
        self.stdout.write(_("%(count)s phones are in force.") % {"count": loaded.count})
