"""Retell on loopback, for the sandbox: invented people answer."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from calls.simulator import SimulatorServer
from calls.simulator.scenarios import find_scenario


class Command(BaseCommand):
    help = "Serve Retell's API on 127.0.0.1 with simulated calls."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=9100)
        parser.add_argument("--api-key", default="key_sandbox")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--scenario", default="normal", help="a name or a JSON file"
        )
        parser.add_argument(
            "--speed",
            type=float,
            help="business seconds per second; by default the business clock's rate",
        )
        parser.add_argument(
            "--key-ttl",
            type=float,
            default=3600,
            help="seconds for which an idempotency key is remembered",
        )
        parser.add_argument("--webhook-url", help="for calls that name none themselves")
        parser.add_argument(
            "--concurrency", type=int, default=20, help="open calls at most"
        )
        parser.add_argument(
            "--cps", type=float, default=150, help="calls per second of a custom trunk"
        )
        parser.add_argument(
            "--log", type=Path, help="append every event to this file, a JSON line each"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("speed", "concurrency", "cps"):
            if options[name] is not None and options[name] <= 0:
                raise CommandError(f"--{name} must be more than 0.")
        names = "port api_key seed speed key_ttl webhook_url concurrency cps log"
        try:
            server = SimulatorServer(
                scenario=find_scenario(options["scenario"]),
                **{name: options[name] for name in names.split()},
            )
        except ValueError as error:
            raise CommandError(str(error)) from None

        def listening() -> None:
            self.stdout.write(f"Retell simulator on {server.url}")
            self.stdout.flush()

        try:
            server.run(listening)
        except OSError as error:
            raise CommandError(
                f"The simulator cannot listen on port {options['port']}: "
                f"{error.strerror}."
            ) from None
