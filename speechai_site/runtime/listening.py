"""Ports of this machine. Importable without Django settings."""

import random
import socket
from collections.abc import Iterable

HOST = "127.0.0.1"
# Outside Linux's ephemeral range (32768-60999): no outgoing connection takes them.
QUIET_PORTS = range(20000, 32000)
BACKLOG = 2048


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` at this moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port(wanted: int | None = None) -> int:
    """`wanted` or the next free port after it; without a wish, any quiet one."""
    candidates: Iterable[int]
    if wanted is None:
        candidates = random.sample(QUIET_PORTS, len(QUIET_PORTS))
    else:
        candidates = range(wanted, wanted + 1000)
    for port in candidates:
        if is_free(port):
            return port
    raise OSError(f"no free port on {HOST}")


def answers(port: int) -> bool:
    """Whether something accepts connections on `port`."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def listen(wanted: int | None = None) -> socket.socket:
    """Listen on `wanted` or the next free port after it (see `free_port`).

    The socket is for a child to inherit. Who connects while the child is started
    again waits instead of being refused.
    """
    while True:
        port = free_port(wanted)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(BACKLOG)
        except OSError:  # taken since the look
            listener.close()
            continue
        return listener
