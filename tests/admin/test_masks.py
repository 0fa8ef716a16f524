"""Auditors read, but not who a person is, nor what was said."""

import pytest
from django.urls import reverse

from batches.models import Upload, UploadError

PERSONAL = ["Rosa", "Tapia", "12.345.678-5", "123456785", "Calle Falsa", "Buenos días"]


def page_of(client, name, row):
    return client.get(reverse(f"admin:{name}_change", args=[row.pk])).content.decode()


def list_of(client, name):
    return client.get(reverse(f"admin:{name}_changelist")).content.decode()


def test_an_auditor_sees_no_persons_data(ours, sign_in):
    client = sign_in(ours.auditor)
    phone = ours.call.to_number[3:]
    for page in (
        page_of(client, "batches_job", ours.job),
        page_of(client, "calls_call", ours.call),
        list_of(client, "batches_job"),
        list_of(client, "calls_call"),
        client.get(reverse("admin:index")).content.decode(),
    ):
        assert [word for word in [*PERSONAL, phone] if word in page] == []


def test_a_mask_tells_two_persons_apart(ours, sign_in):
    page = list_of(sign_in(ours.auditor), "batches_job")
    assert "R. T. L." in page
    assert "••.•••.678-5" in page
    assert "+56 9 •••• " in page


def test_an_operator_reads_the_conversation_and_the_columns(ours, sign_in):
    client = sign_in(ours.operator)
    assert "Buenos días" in page_of(client, "calls_call", ours.call)
    assert "Calle Falsa" in page_of(client, "batches_job", ours.job)


def test_what_a_refused_cell_held_is_hidden_from_an_auditor(ours, sign_in):
    upload = Upload.objects.create(
        account=ours.account,
        batch=ours.batch,
        file_name="x.xlsx",
        sha256="0",
        status=Upload.Status.STORED,
    )
    UploadError.objects.create(upload=upload, row=7, value="9.999.999-X", code="c")
    assert "9.999.999-X" not in page_of(sign_in(ours.auditor), "batches_upload", upload)
    assert "9.999.999-X" in page_of(sign_in(ours.operator), "batches_upload", upload)


def test_an_auditor_downloads_no_workbook(ours, sign_in):
    upload = Upload.objects.create(
        account=ours.account, batch=ours.batch, file_name="x.xlsx", sha256="0"
    )
    client = sign_in(ours.auditor)
    for url in (
        reverse("admin:batches_upload_file", args=[upload.pk]),
        reverse("admin:batches_upload_errors", args=[upload.pk]),
        reverse("admin:batch_report", args=[ours.batch.pk]),
    ):
        assert client.get(url).status_code == 403


@pytest.mark.parametrize(("role", "sees"), [("supervisor", True), ("operator", False)])
def test_what_a_call_costs_is_for_supervisors(role, sees, ours, sign_in):
    ours.call.cost_usd = "0.123"
    ours.call.save()
    client = sign_in(getattr(ours, role))
    assert ("0,123" in page_of(client, "calls_call", ours.call)) is sees
    assert ("0,123" in list_of(client, "calls_call")) is sees


@pytest.mark.parametrize(
    "query", ["name__startswith=R", "document__contains=678", "phones__contains=9"]
)
def test_a_look_up_of_ones_own_cannot_guess_at_what_is_masked(query, ours, sign_in):
    url = reverse("admin:batches_job_changelist")
    assert sign_in(ours.auditor).get(f"{url}?{query}").status_code == 400
