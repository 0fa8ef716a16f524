"""gunicorn's configuration: one process, 16 threads (measured best on 2 cores)."""

import os
from typing import Any

from speechai_site.runtime import memory
from speechai_site.runtime.parent_death import die_with_parent

bind = "127.0.0.1:8000"
worker_class = "gthread"
workers = 1
threads = 16
timeout = 120  # a file that changes a campaign is parsed in the request
graceful_timeout = 10
control_socket_disable = True  # it would be one file for all servers of a user


def post_fork(server: Any, worker: Any) -> None:
    """Leave no worker behind when the arbiter is killed."""
    die_with_parent()
    if os.getppid() != server.pid:
        os._exit(1)


def post_worker_init(_worker: Any) -> None:
    memory.settle()
