"""What this machine does without the program: the least that a call could cost."""

import http.client
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from bson import ObjectId
from django.conf import settings
from django.db import connection
from pymongo.collection import Collection

from calls.retell.payload import build_create_body
from speechai_site.benchmarks.documents import phone_of
from speechai_site.benchmarks.program import AGENT, NUMBER

CREATE = "/v2/create-phone-call"
INSERTS = 3


def calls_per_minute(simulator_url: str, threads: int, seconds: float) -> float:
    """Creates at the simulator from `threads` threads of this process, with INSERTS
    plain inserts (majority) around each; no webhooks, no rules, no processes."""
    rows = connection.database["bench_bare"]
    ends = time.monotonic() + seconds
    lock, numbers = threading.Lock(), iter(range(10**6, 10**7))

    def work() -> int:
        client = http.client.HTTPConnection(urlsplit(simulator_url).netloc, timeout=30)
        done = 0
        while time.monotonic() < ends:
            with lock:
                number = next(numbers)
            _call(client, rows, number)
            done += 1
        client.close()
        return done

    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(work) for _ in range(threads)]
    done = sum(future.result() for future in running)
    rows.drop()
    return done * 60 / (time.monotonic() - began)


def _call(client: http.client.HTTPConnection, rows: Collection, number: int) -> None:
    body = build_create_body(
        from_number=NUMBER,
        to_number=phone_of(number),
        agent_id=AGENT,
        agent_version=1,
        attempt_id=f"bare_{number}",
        batch_id="bare",
        job_id=str(number),
        env="sandbox",
        variables={},
    )
    rows.insert_one({"_id": ObjectId(), "request": body.decode()})
    headers = {
        "Authorization": f"Bearer {settings.RETELL_API_KEY}",
        "Content-Type": "application/json",
    }
    client.request("POST", CREATE, body, headers)
    reply = client.getresponse()
    text = reply.read()
    if reply.status != http.client.CREATED:
        raise RuntimeError(f"the simulator answered {reply.status}")
    call = json.loads(text)
    for _ in range(INSERTS - 1):
        rows.insert_one({"_id": ObjectId(), "number": number, "reply": call})
