"""`manage.py up`: the whole program on this machine, until Ctrl-C."""

import json
import signal
import time
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from speechai_site.runtime.environment import start_refusal
from speechai_site.runtime.mongod import MongodUnavailable
from speechai_site.runtime.processes import SIMULATOR_PORT, WEB_PORT, whole_program
from speechai_site.runtime.supervisor import AlreadyRunning, StartFailed, Supervisor

# A terminal and `make` may both pass on the same Ctrl-C or SIGTERM.
SAME_SIGNAL_SECONDS = 1.0


class Command(BaseCommand):
    help = _("Start everything: database, web, workers, clock; restart what ends.")
    requires_system_checks = ()  # a refusal is one sentence, said below

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--web-port", type=int, default=WEB_PORT)
        parser.add_argument("--simulator-port", type=int, default=SIMULATOR_PORT)
        parser.add_argument("--seed", type=int, default=1, help=_("of the simulator"))

    def handle(self, *args: Any, **options: Any) -> None:
        if refusal := start_refusal():
            raise CommandError(refusal)
        program = whole_program(
            settings.VAR_DIR,
            web_port=options["web_port"],
            simulator_port=options["simulator_port"],
            simulator_options=("--seed", str(options["seed"])),
            report=self._say,
        )
        interrupt_on_signals()
        try:
            program.start()
            self._announce(program)
            program.wait()
        except AlreadyRunning as error:
            self._say(
                _("SpeechAI already runs: %(url)s") % {"url": error.run["web_url"]}
                if error.run
                else _("SpeechAI is being started by another process.")
            )
        except (MongodUnavailable, StartFailed) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self._say(_("Stopping; Ctrl-C again ends at once."))
        finally:
            program.stop()

    def _announce(self, program: Supervisor) -> None:
        setup = json.loads(program.outputs["setup"])
        self._say(_("SpeechAI: %(url)s/admin/") % {"url": program.published["web_url"]})
        if password := setup.get("password"):
            self._say(
                _("User %(user)s, password %(password)s (shown this once)")
                % {"user": setup["admin"], "password": password}
            )
        if simulator := program.published["simulator_url"]:
            self._say(
                _("Sandbox: calls go to the simulator at %(url)s; no phone rings.")
                % {"url": simulator}
            )
        self._say(_("Logs: %(folder)s") % {"folder": program.var_dir / "log"})

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def interrupt_on_signals() -> None:
    """Raise KeyboardInterrupt on SIGINT, SIGTERM and SIGHUP, once per signal sent."""
    last = 0.0

    def interrupt(signum: int, frame: FrameType | None) -> None:
        nonlocal last
        present = time.monotonic()
        repeated = present - last < SAME_SIGNAL_SECONDS
        last = present
        if not repeated:
            raise KeyboardInterrupt

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, interrupt)
