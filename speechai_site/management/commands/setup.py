"""`manage.py setup`: whatever the program needs before its processes start."""

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from batches.models import Account
from calls.retell.client import RetellClient
from calls.retell.errors import RetellError
from calls.retell.sync import sync
from speechai_site.runtime import audit, clock, environment, leases
from speechai_site.runtime.documents import collection
from speechai_site.runtime.models import Heartbeat, User, WrongPasswords

# A killed setup keeps the next one waiting for so long (wall seconds).
LEASE_SECONDS = 30
PATIENCE_SECONDS = 120
# Rows that MongoDB removes by itself: model, column, wall seconds after it.
EXPIRING = [(Heartbeat, "at", 60), (WrongPasswords, "until_wall", 0)]


class Command(BaseCommand):
    help = _("Prepare database, roles, first administrator; safe to repeat.")
    requires_system_checks = ()  # a refusal is one sentence, said below

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--start-clock",
            action="store_true",
            help=_("Anchor the sandbox's business clock: nothing else may be running."),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            environment.verify_environment()
        except environment.EnvironmentMismatch as error:
            raise CommandError(str(error)) from None
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise looks
        with alone():
            call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
            make_expiring()
            admin, password = first_administrator()
            if settings.SANDBOX:
                demo_account()
        if options["start_clock"] and settings.SANDBOX:
            clock.start(settings.SANDBOX_CLOCK_RATE)
        if settings.SANDBOX:
            read_the_simulator()
        result = {
            "mode": environment.mode(),
            "database": settings.MONGODB_NAME,
            "admin": admin.get_username(),
            "password": password,
        }
        if options["json"]:
            self.stdout.write(json.dumps(result))
            return
        self.stdout.write(_("Database %(database)s is ready (%(mode)s).") % result)
        if password:
            self.stdout.write(
                _("User %(admin)s, password %(password)s (shown this once)") % result
            )


def read_the_simulator() -> None:
    """Agents and caller ids, if it answers yet; `up` starts it later and asks again."""
    client = RetellClient.from_settings()
    try:
        sync(client, by="command")
    except RetellError:
        pass
    finally:
        client.close()


@contextmanager
def alone() -> Iterator[None]:
    """One setup at a time, on whatever host; a second one waits for the first."""
    owner = f"setup@{socket.gethostname()}:{os.getpid()}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (held := leases.take("setup", owner, LEASE_SECONDS)) is None:
        if time.monotonic() > deadline:
            raise CommandError(_("Another setup does not end; try again later."))
        time.sleep(0.1)
    try:
        yield
    finally:
        leases.release(held)


def make_expiring() -> None:
    """Have MongoDB remove what is only worth anything for a while."""
    for model, column, seconds in EXPIRING:
        collection(model).create_index(
            column, name=f"{column}_expires", expireAfterSeconds=seconds
        )


def first_administrator() -> tuple[User, str | None]:
    """An administrator; with their password when they had to be made."""
    user = User.objects.filter(is_superuser=True, is_active=True).first()
    if user is not None:
        return user, None
    password = secrets.token_urlsafe(12)
    user = User.objects.create_superuser("admin", password=password)
    audit.record("user.create", user, by="command")
    return user, password


def demo_account() -> Account:
    """The sandbox's account, with room for every slot of the simulator."""
    account, made = Account.objects.get_or_create(
        slug="demo",
        defaults={
            "name": "Demo",
            "country": Account.Country.CHILE,
            "time_zone": "America/Santiago",
            "max_concurrent_calls": 200,
        },
    )
    if made:
        audit.record("account.create", account, by="command", account_id=account.pk)
    return account
