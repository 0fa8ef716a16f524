"""What a person and a worker do with a large workbook."""

from datetime import timedelta

from django.urls import reverse

from batches.imports import working
from speechai_site.runtime import clock
from speechai_site.runtime.models import Lease
from tests.imports.workbooks import RUT_C, row

ROWS = [row(amount="2,500"), row(rut=RUT_C, amount="1,234.56")]  # leaves a question


def token_of(response) -> str:
    return response.url.strip("/").split("/")[-1]


def work(tasks) -> str:
    """A worker does what is queued; how that ended."""
    name, token = tasks.pop(0)
    assert name == working.TASK
    return working.run(token)


def state(client, token):
    return client.get(reverse("admin:batches_upload_reading_state", args=[token]))


def followed(client, tasks, response):
    """Where a response leads once a worker has done what it waits for."""
    while "/reading/" in response.url:
        if tasks:
            work(tasks)
        response = client.get(response.url)
    return response


def lapse():
    Lease.objects.update(expires_at=clock.wall() - timedelta(seconds=1))
