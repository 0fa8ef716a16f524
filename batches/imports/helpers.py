"""Other processes that share the work of one import, chunk by chunk.

A child is forked before the file is read, while there is little memory to copy. It
touches neither database nor files: it gets chunks through a socket, and gives back what
a function makes of them. It ends with that socket, however its parent ended.

Nothing depends on a child: what it does not answer is made in this process. So a
function depends on its arguments alone, and may run twice.

No multiprocessing: the queue's workers are daemons, which it forbids to have children.
"""

import logging
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any

from speechai_site.runtime.parent_death import dying_with

log = logging.getLogger(__name__)
Work = Callable[[Any, Any], Any]
# The database needs as much as one of them, and so the fourth would wait for it.
MOST = 3
# To fork, and to carry rows to and fro, pays from some thousands of rows.
LARGE_FILE = 300_000  # bytes
_QUEUED = 3  # chunks of one child: one at work, those to go on with
# A chunk takes a fraction of a second; a child that stands still must not stop an
# import, nor let its lease lapse.
ANSWER_SECONDS = 10.0


class Helpers:
    """Shares work among this process and its children, if it has any."""

    def __init__(self) -> None:
        self.children: list[Child] = []

    def share(self, work: Work, common: Any, chunks: Iterable[Any]) -> Iterator[Any]:
        """`work(common, chunk)` of each chunk, in their order; raises what it raises.

        `work` is a function of a module; what it takes and gives can be pickled, and
        `common` is the same for all. Some chunks are taken before they are needed.
        """
        packed = pickle.dumps(common) if self.children else b""
        waiting: deque[tuple[Any, Child | None, Any]] = deque()

        def made() -> Any:
            chunk, child, answer = waiting.popleft()
            if child is None:
                return answer
            try:
                return child.answer(answer)
            except ChildFailed:
                return work(common, chunk)

        for chunk in chunks:
            free = next((c for c in self.children if c.is_free()), None)
            if free:
                waiting.append((chunk, free, free.ask(work, packed, chunk)))
            else:
                waiting.append((chunk, None, work(common, chunk)))
            while waiting and (
                len(waiting) > 2 * _QUEUED * len(self.children)
                or waiting[0][1] is None
                or waiting[0][2].done()
            ):
                yield made()
        while waiting:
            yield made()


ALONE = Helpers()


@contextmanager
def forked(size: int, most: int = MOST) -> Iterator[Helpers]:
    """Children for a file of so many bytes, one for each core but this process's, and
    at `most` so many; none is left behind."""
    helpers = Helpers()
    try:
        if size >= LARGE_FILE:
            cores = len(os.sched_getaffinity(0))
            with suppress(OSError):  # no more processes: fewer will do
                for _ in range(min(most, MOST, cores - 1)):
                    helpers.children.append(Child())
        yield helpers
    finally:
        for child in helpers.children:
            child.end()


class ChildFailed(Exception):
    """A child died, stands still, or could not make a chunk."""


class Child:
    """A forked process that makes one chunk after the other."""

    def __init__(self) -> None:
        self.socket, theirs = Pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            _live(theirs, parent)
        theirs.close()
        self.alive = True
        self.asked: list[Future[Any]] = []
        # A thread sends and another receives: a full socket never stops both sides, and
        # the child has its next chunk before its answer was taken.
        self.sender = ThreadPoolExecutor(1, "import-helper-to")
        self.receiver = ThreadPoolExecutor(1, "import-helper-from")

    def is_free(self) -> bool:
        """Whether it can take one more chunk."""
        self.asked = [answer for answer in self.asked if not answer.done()]
        return self.alive and len(self.asked) < _QUEUED

    def ask(self, work: Work, packed: bytes, chunk: Any) -> Future[Any]:
        """Have it make a chunk: the answer is for `answer`."""
        self.sender.submit(self._send, work, packed, chunk)
        answer = self.receiver.submit(self._receive)
        self.asked.append(answer)
        return answer

    def _send(self, work: Work, packed: bytes, chunk: Any) -> None:
        try:
            self.socket.send_bytes(pickle.dumps((work, packed, chunk)))
        except Exception:  # then no answer will come
            self._kill()

    def _receive(self) -> Any:
        return pickle.loads(self.socket.recv_bytes())  # noqa: S301 our own child's

    def answer(self, answer: Future[Any]) -> Any:
        """What it made; raises ChildFailed, and then it is asked nothing any more."""
        try:
            done, made = answer.result(timeout=ANSWER_SECONDS)
        except (OSError, EOFError, TimeoutError, pickle.PickleError) as error:
            if self.alive:
                log.warning("a helper of an import failed: %s", type(error).__name__)
            self._kill()
            raise ChildFailed from error
        if not done:
            raise ChildFailed
        return made

    def _kill(self) -> None:
        self.alive = False
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)  # not waited for: still its own number

    def end(self) -> None:
        self._kill()
        # Both end as its end of the socket does, and before its number is free.
        self.sender.shutdown(cancel_futures=True)
        self.receiver.shutdown(cancel_futures=True)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        self.socket.close()


def _live(socket: Connection, parent: int) -> None:
    """The whole life of a child, from its fork to its end."""
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        dying_with(parent)()
        # The connections of its parent, and locks on files, are not its own.
        os.closerange(3, socket.fileno())
        os.closerange(socket.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
        _serve(socket)
    finally:
        os._exit(0)  # without what its parent does at its own end


def _serve(socket: Connection) -> None:
    known, common = b"", None
    while True:
        try:
            received = socket.recv_bytes()
        except EOFError:
            return
        work, packed, chunk = pickle.loads(received)  # noqa: S301 our parent's
        if packed != known:
            known, common = packed, pickle.loads(packed)  # noqa: S301 our parent's
        try:
            answer = pickle.dumps((True, work(common, chunk)))
        except Exception:  # what is wrong shows again where it can be told
            answer = pickle.dumps((False, None))
        socket.send_bytes(answer)
