"""Processes that end with the one that started them, however that one ended.

Linux only (prctl). Importable without Django settings.
"""

import ctypes
import os
import signal
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
# Loaded at import: between fork and exec nothing may be imported or looked up.
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(sig: int = signal.SIGKILL) -> None:
    """Ask the kernel to send `sig` to this process when its parent ends.

    The kernel means the *thread* that forked: start such children only from a
    thread that lives as long as they should. The request survives exec, not fork.
    """
    _libc.prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0)


def dying_with(parent_pid: int, sig: int = signal.SIGKILL) -> Callable[[], None]:
    """Return a `preexec_fn` for a child of `parent_pid`.

    It also ends the child when the parent was gone before the request was made.
    """

    def before_exec() -> None:
        die_with_parent(sig)
        if os.getppid() != parent_pid:
            os._exit(1)

    return before_exec
