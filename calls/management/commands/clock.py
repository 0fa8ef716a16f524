"""`manage.py clock`: the process that owns all timing. Any number may run."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from calls import clock_process
from speechai_site.runtime import memory
from speechai_site.runtime.environment import EnvironmentMismatch, verify_environment


class Command(BaseCommand):
    help = "Plans calls, applies webhooks and resolves what was left behind."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            verify_environment()
        except EnvironmentMismatch as error:
            raise CommandError(str(error)) from None
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        memory.settle()
        clock_process.run(stop)
