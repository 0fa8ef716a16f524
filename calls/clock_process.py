"""The clock process: dispatch, apply, reconcile, stop and load, each under its own lease.

Any number may run; for each duty one acts. It owns all timing (django-q2's scheduler
is off). A duty that fails is logged and tried again: nothing here may end the process
but a signal.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable

from batches.imports import background, working
from calls import dispatcher, halts, hangups, reconcile, webhooks
from calls.retell.client import RetellClient
from speechai_site.runtime import clock, heartbeat, leases

log = logging.getLogger(__name__)
LEASE_SECONDS = 6.0
# Rounds of reconcile between two looks at Retell's limit (pacing.LIMIT_IS_FRESH).
LIMIT_EVERY = 30


class Duty(threading.Thread):
    """One duty in a loop: `act` returns the seconds until it wants to act again."""

    def __init__(
        self, name: str, act: Callable[[leases.Held], float], stop: threading.Event
    ) -> None:
        super().__init__(name=name)
        self.act = act
        self.stop = stop
        self.owner = f"{socket.gethostname()}:{os.getpid()}"

    def run(self) -> None:
        held = None
        renew_at = 0.0
        pause = 0.0
        while not self.stop.wait(pause):
            try:
                if time.monotonic() >= renew_at:
                    held = leases.take(self.name, self.owner, LEASE_SECONDS)
                    renew_at = time.monotonic() + LEASE_SECONDS / 3 if held else 0.0
                pause = self.act(held) if held else LEASE_SECONDS / 6
            except dispatcher.LeaseLost:
                renew_at, pause = 0.0, LEASE_SECONDS / 6
            except Exception as error:
                # the type alone: a message may hold personal data
                log.error("%s failed: %s", self.name, type(error).__name__)
                log.debug("details", exc_info=True)
                pause = 1.0
        if held:
            try:
                leases.release(held)
            except Exception as error:
                log.warning("%s not released: %s", self.name, type(error).__name__)


def dispatch(held: leases.Held) -> float:
    heartbeat.beat("clock")
    clock.remember()
    dispatcher.dispatch_round(held)
    return 0.5


def apply(held: leases.Held) -> float:
    """Four rounds a second, each for all that came: many small ones cost more."""
    return 0.0 if webhooks.apply_waiting() == webhooks.BATCH else 0.25


def reconciler() -> Callable[[leases.Held], float]:
    client = RetellClient.from_settings()
    rounds = 0
    token = None

    def act(held: leases.Held) -> float:
        nonlocal rounds, token
        if held.token != token:
            reconcile.distrust_counters()
            token = held.token
        ask = rounds % LIMIT_EVERY == 0
        if not ask or reconcile.attempt(reconcile.read_workspace_limit, client):
            rounds += 1
        reconcile.reconcile_round(client)
        return 1.0

    return act


def stopper() -> Callable[[leases.Held], float]:
    """What people want stopped; beside reconcile, which may wait for Retell."""
    client = RetellClient.from_settings()

    def act(_held: leases.Held) -> float:
        hangups.hang_up_round(client)
        halts.tend()
        return 1.0

    return act


def load(_held: leases.Held) -> float:
    """Imports, drafts and changes whose task was lost, or whose worker was killed."""
    background.tend()
    working.tend()
    return 2.0


def run(stop: threading.Event) -> None:
    """Do the five duties until `stop` is set; returns when all have ended."""
    duties = [
        Duty("dispatch", dispatch, stop),
        Duty("apply", apply, stop),
        Duty("reconcile", reconciler(), stop),
        Duty("stop", stopper(), stop),
        Duty("load", load, stop),
    ]
    for duty in duties:
        duty.start()
    for duty in duties:
        duty.join()
