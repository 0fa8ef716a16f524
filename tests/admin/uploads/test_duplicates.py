"""What was loaded before, and rows that are corrected."""

import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from batches.models import Batch, Job, LayoutProfile, Upload, UploadError
from speechai_site.runtime.models import User
from tests.admin.wizard import (
    choose,
    columns_page,
    confirm,
    go_to_preview,
    send_columns,
)
from tests.builders import make_account
from tests.imports import libreoffice
from tests.imports.workbooks import HEADERS, RUT_B, RUT_C, row, workbook


def load_twice(client, account, second, **said):
    confirm(client, account, workbook([row()]))
    said = {f"duplicates_{name}": value for name, value in said.items()}
    _page, url = columns_page(client, account, workbook(second))
    if "/preview/" in url:
        url = url.replace("/preview/", "/columns/")
    url = send_columns(client, url, **said).url
    page = client.get(url)
    client.post(url, {"act": "create"})
    return page.context["draft"].preview["duplicates"]


OTHER = {"rut": RUT_C, "mobile": 960012399}


@pytest.mark.parametrize(
    ("by", "second"),
    [
        ("case", row(title="T-9")),
        ("person", row(company="Otra")),
        ("phone", row(rut=RUT_B)),
    ],
)
def test_a_duplicate_is_left_out_and_reported(client, ours, by, second):
    rows = [second, row(**OTHER)]
    assert load_twice(client, ours.account, rows, by=by, act="skip") == 1
    assert Job.objects.count() == 2
    [error] = UploadError.objects.all()
    assert (error.row, error.code) == (2, "duplicate")
    assert error.cells[1] == "SOTO PEREZ, ANA"
    upload = Upload.objects.order_by("-pk").first()
    assert (upload.rows, upload.jobs, upload.error_count) == (2, 1, 1)
    assert upload.total_amount == 150000


def test_duplicates_are_loaded_where_that_was_chosen(client, ours):
    assert load_twice(client, ours.account, [row(title="T-9")], act="allow") == 1
    assert Job.objects.count() == 2


def test_another_person_is_no_duplicate(client, ours):
    assert load_twice(client, ours.account, [row(**OTHER)], by="phone") == 0


def test_a_case_of_an_ended_campaign_counts_by_days_only(client, ours):
    confirm(client, ours.account, workbook([row()]))
    Batch.objects.update(status=Batch.Status.CANCELLED)
    _page, url = columns_page(client, ours.account, workbook([row(title="T-9")]))
    url = url.replace("/preview/", "/columns/")
    for scope, count in (("open", 0), ("days", 1)):
        page = send_columns(client, url, act="count", duplicates_scope=scope)
        assert page.context["draft"].preview["duplicates"] == count


def test_another_accounts_case_is_no_duplicate(client, ours):
    confirm(client, ours.account, workbook([row()]))
    elsewhere = make_account()
    Batch.objects.update(account=elsewhere)
    Job.objects.update(account=elsewhere)
    page = client.get(
        go_to_preview(client, ours.account, workbook([row(title="T-9")])).url
    )
    assert page.context["duplicates"] == 0


def test_a_phone_that_two_persons_share_is_found_in_the_file(client, ours):
    file = workbook([row(), row(rut=RUT_C)])
    said = {"duplicates_by": "phone", "duplicates_scope": "file"}
    confirm(client, ours.account, file, said | {"duplicates_act": "skip"})
    assert Job.objects.count() == 1


@pytest.mark.parametrize(("repeated", "amount"), [("sum", 300000), ("merge", 150000)])
def test_a_debt_that_stands_twice_is_summed_or_counted_once(
    client, ours, repeated, amount
):
    headers = [*HEADERS[:-1], "Operación"]
    file = workbook([row(title="OP-1"), row(title="OP-1")], headers)
    confirm(client, ours.account, file, {"duplicates_repeated": repeated})
    assert Job.objects.get().amount == amount


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_corrected_error_workbook_adds_just_its_rows(client, ours, language):
    rows = [row(), row(rut="20.961.605-1", company="Otra")]
    User.objects.update(language=language)
    confirm(client, ours.account, workbook(rows))
    upload = Upload.objects.get()
    told = LayoutProfile.objects.values().get()
    got = client.get(reverse("admin:batches_upload_errors", args=[upload.pk]))
    book, file = load_workbook(io.BytesIO(got.getvalue())), io.BytesIO()
    assert book.active["A1"].value == {"es": "Columna", "en": "Column"}[language]
    book.active["C2"] = RUT_C
    book.save(file)
    add = reverse("admin:batches_upload_add")
    link = f"{add}?batch={upload.batch_id}"
    page = client.get(reverse("admin:batches_upload_change", args=[upload.pk]))
    assert link in page.content.decode()
    assert f'value="{upload.batch_id}" selected' in client.get(link).content.decode()
    url = choose(client, ours.account, file.getvalue(), batch=upload.batch_id).url
    assert "/preview/" in url  # its layout is known
    page = client.get(url)
    assert page.context["corrects"]
    assert (page.context["compared"], page.context["jumped"]) == (None, False)
    client.post(url, {"act": "create"})
    kept = Job.objects.order_by("pk")
    assert [job.batch_id for job in kept] == [upload.batch_id] * 2
    assert [job.document[-9:] for job in kept] == ["123456785", "20961605K"]
    assert kept[0].extra == kept[1].extra
    # and the next whole file is compared with the last whole one
    assert LayoutProfile.objects.values().get() == told


@pytest.mark.parametrize("kind", libreoffice.KINDS)
def test_what_libreoffice_wrote_adds_exactly_the_missing_cases(client, ours, kind):
    """What it does to types, dates, phones and the two columns in front changes
    nothing: the cases are those of the file that was right from the beginning."""
    names = ("person_key", "creditor_key", "amount", "phones", "variables", "extra")
    expected = []
    for rows in (libreoffice.RIGHT[:-1], libreoffice.wrong_rows()):
        for model in (Batch, LayoutProfile):
            model.objects.all().delete()
        confirm(client, ours.account, libreoffice.book(rows))
        jobs = Job.objects.order_by("creditor").values_list(*names)
        expected = expected or list(jobs)
    upload = Upload.objects.order_by("pk").last()
    assert (upload.jobs, upload.error_count) == (1, 5)
    file = (libreoffice.FILES / f"corregido-libreoffice.{kind}").read_bytes()
    batch = Batch.objects.get()
    confirm(client, ours.account, file, batch=batch.pk, name=f"corregido.{kind}")
    added = Upload.objects.order_by("pk").last()
    assert (added.rows, added.jobs, added.error_count) == (5, 4, 1)
    assert list(jobs.all()) == expected
    assert set(Job.objects.values_list("batch_id", flat=True)) == {batch.pk}
    assert UploadError.objects.get(upload=added).code == "row_total"
