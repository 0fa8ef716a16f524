"""The pages that change a campaign, gone through as a browser would."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from batches.imports.importer import import_workbook
from batches.models import Batch, Job
from batches.states import BatchStatus
from tests.builders import make_rut
from tests.imports.test_payments import KEYED
from tests.imports.workbooks import row, workbook

PEOPLE = 40


def rut(n):
    whole = make_rut(10_000_000 + n)
    return f"{whole[:-1]}-{whole[-1]}"


def line(n, amount=150_000):
    return row(rut=rut(n), title=f"OP-{n}", mobile=960_100_000 + n, amount=amount)


def running_batch(account) -> Batch:
    """A campaign of PEOPLE that calls."""
    result = import_workbook(
        workbook([line(n) for n in range(PEOPLE)], KEYED),
        account,
        "debt_collection",
        {"limit_days": 10, "max_days": 20},
        actor="user:test",
    )
    Batch.objects.filter(pk=result.batch.pk).update(status=BatchStatus.RUNNING)
    return Batch.objects.get(pk=result.batch.pk)


def send(client, batch, mode, content=None, **values):
    if content is not None:
        values["file"] = SimpleUploadedFile("planilla.xlsx", content)
    url = reverse("admin:batches_batch_mode", args=[batch.pk, mode])
    return client.post(url, values)


def paste(client, batch, text, **values):
    said = {"text": text, "scope": "account", "why": "client", "note": "correo"}
    return send(client, batch, "withdraw", **said | values)


def figures(client, response):
    return client.get(response.url).context["found"].figures


def confirm(client, response):
    return client.post(response.url, {"act": "confirm"}, follow=True)


def kept_files():
    return connection.database["pending_uploads.files"].count_documents({})


def said(page):
    return " ".join(str(m) for m in page.context["messages"])


def statuses(batch):
    return sorted(Job.objects.filter(batch=batch).values_list("status", flat=True))
