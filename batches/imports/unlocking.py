"""Opening a workbook with its password, between its choice and the first look at it.

Of a large one that takes more than a minute (the old cipher of zip, byte by byte). No
worker can do it: what it is to do stands in the database, where no password may be. So
a process of its own does, which gets the password through a pipe. When that dies nobody
knows the password any more, and `working.tend` has it asked for again.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from django.conf import settings
from django.db import connection

from batches.imports import drafting, loading, pending, working
from batches.imports.drafts import Draft
from batches.imports.problems import FILE_SENTENCES, WorkbookError
from batches.imports.sniffer import sniff, unpacked
from batches.models import Account
from speechai_site.runtime import leases
from speechai_site.runtime.parent_death import dying_with

log = logging.getLogger(__name__)
# Each holds a core and a file: the calls need theirs.
MOST_AT_ONCE = 2
CHILD = """
import django
django.setup()
from batches.imports import unlocking
unlocking.main()
"""


def table_of(content: bytes, name: str, password: str) -> tuple[bytes, str]:
    """A table out of the archive or the encryption around it, which nobody needs any
    more: so no later step needs the password. Raises WorkbookError, PasswordNeeded."""
    table = unpacked(content, password)
    if table is content:
        return content, name
    kind = {"text": "csv"}.get(found := sniff(table), found)
    return table, f"{Path(name).stem}.{kind}"


def unlock(draft: Draft, password: str) -> str | None:
    """Open a kept file: the token of what was in it, which is looked at already, or will
    be by a worker. None: a process opens it, and the draft says how that ends.

    Raises WorkbookError, PasswordNeeded.
    """
    if len(draft.content) <= drafting.SMALL_BYTES:
        opened = _opened(draft, password)
        pending.drop(draft.token)
        return opened
    if (
        sum(kept.work["step"] == working.UNLOCK for kept in pending.at_work())
        >= MOST_AT_ONCE
    ):
        raise WorkbookError("unlock_busy")
    said = draft.said | {"problems": []}
    work = working.work_of(working.UNLOCK, said)
    if pending.begin_work(draft.token, draft.user_id, said, work):
        start(draft.token, work["id"], password)
    return None


def _opened(draft: Draft, password: str) -> str:
    content, name = table_of(draft.content, draft.file_name, password)
    said = draft.said | {"locked": False, "problems": []}
    token = pending.keep(content, file_name=name, user_id=draft.user_id, choices=said)
    drafting.first(Draft.of(pending.find(token, draft.user_id), draft.account))
    return token


def start(token: str, work_id: str, password: str) -> Thread:
    """Have it done by a process that ends with this one; who waits for its end."""
    said = json.dumps([token, work_id, password]).encode()
    # The kernel ends a child with the thread that started it: this one waits for it.
    waits = Thread(target=_child, args=(said,), daemon=True)
    waits.start()
    return waits


def _child(said: bytes) -> None:
    try:
        child = subprocess.Popen(  # noqa: S603 our own text
            [sys.executable, "-c", CHILD],
            stdin=subprocess.PIPE,
            cwd=settings.BASE_DIR,
            preexec_fn=dying_with(os.getpid()),
        )
        child.communicate(said)
    except OSError as error:
        log.error("a file was not opened: %s", type(error).__name__)


# --- in that process ----------------------------------------------------------------


def main() -> None:
    """What it is to do comes through its input, since arguments are for all to see."""
    ended = run(*json.loads(sys.stdin.buffer.read()))
    log.info("a file was opened with its password: %s", ended)


def run(token: str, work_id: str, password: str) -> str:
    """Open a kept file; how it ended, for the log."""
    held = working.hold(token)
    if held is None:
        return "another opens it"
    kept = pending.start_work(token)
    if kept is None or kept.work["id"] != work_id:
        leases.release(held)
        return "nothing to do"
    watch = working.Watch(kept, held)
    try:
        with working.in_words_of(kept), _watched(watch):
            return _unlock(kept, password)
    finally:
        leases.release(watch.held)


def _unlock(kept: pending.Pending, password: str) -> str:
    account = Account.objects.get(pk=kept.choices["account"])
    try:
        opened = _opened(Draft.of(kept, account), password)
    except WorkbookError as error:
        working.refuse(kept, error.message)
        return error.code
    except Exception as error:
        # The type alone: a message may hold personal data.
        log.error("a file was not opened: %s", type(error).__name__)
        working.refuse(kept, str(FILE_SENTENCES["unlock_failed"]))
        return type(error).__name__
    if not pending.end_as(kept.token, kept.work["id"], opened):
        pending.drop(opened)
        return "stopped"
    return "done"


@contextmanager
def _watched(watch: working.Watch) -> Iterator[None]:
    """Keeps the lease meanwhile, and ends the process when nobody wants its work."""
    ended = Event()

    def beat() -> None:
        try:
            while not ended.wait(loading.BEAT_SECONDS):
                watch.beat()
        except working.Stopped:
            os._exit(0)
        finally:
            connection.close()

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
