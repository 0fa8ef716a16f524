"""`manage.py bench`: how fast the program is, one JSON line a figure.

Each line has a reference that was measured in the same run: read ratios, since
machines differ. Nothing fails because it is slow.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from speechai_site.benchmarks.registry import FIGURES
from speechai_site.benchmarks.runner import FigureFailed, run
from speechai_site.management.commands.up import interrupt_on_signals
from speechai_site.runtime.mongod import MongodUnavailable


class Command(BaseCommand):
    help = (
        "Measure the program. The first run builds 1,000,000 cases under "
        "VAR_DIR/bench (some minutes, some GB), which stay for the next."
    )
    requires_system_checks = ()  # it brings its own database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
        parser.add_argument("--list", action="store_true", help="only name the figures")
        parser.add_argument(
            "--scale",
            type=float,
            default=1,
            help="of the data: 0.01 measures a hundredth, to try a figure",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = options["names"] or list(FIGURES)
        if unknown := [name for name in names if name not in FIGURES]:
            raise CommandError(f"no such figure: {', '.join(unknown)} (see --list)")
        if options["list"]:
            for name in names:
                self.stdout.write(f"{name}  {FIGURES[name].about}")
            return
        interrupt_on_signals()
        try:
            for line in run(names, options["scale"]):
                self.stdout.write(line)
                self.stdout.flush()
        except FigureFailed as error:
            raise CommandError(f"{error} could not be measured") from None
        except MongodUnavailable as error:
            raise CommandError(str(error)) from None
