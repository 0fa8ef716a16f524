"""A large workbook is looked at and read by a worker; what follows is as of a small one."""

from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from batches.imports import drafting, importer, working
from batches.imports.books import ExcelBook
from batches.models import Job, Upload
from tests.admin.uploads.waiting import ROWS, followed, state, token_of, work
from tests.admin.wizard import SAMPLE, choose, send_columns, send_sheet
from tests.imports.workbooks import HEADERS, RUT_C, row, workbook


def test_a_small_file_is_read_in_the_request(client, ours, tasks):
    response = choose(client, ours.account)
    assert "/sheet/" in response.url
    assert "/columns/" in send_sheet(client, response.url).url
    assert tasks == []


def test_a_large_file_is_left_to_a_worker_from_the_first_step(client, ours, large):
    response = choose(client, ours.account, workbook(ROWS))
    token = token_of(response)
    assert response.url == reverse("admin:batches_upload_reading", args=[token])
    assert large == [(working.TASK, token)]  # an id, and nothing else
    page = client.get(response.url)
    assert page.context["told"]["status"] == "queued"
    assert not state(client, token).json()["ended"]
    work(large)
    assert state(client, token).json()["ended"]
    assert "/sheet/" in client.get(response.url).url


def test_xml_that_is_packed_tightly_makes_a_file_large(
    client, ours, tasks, monkeypatch
):
    rows = [row(name="X" * 100, company="Y" * 100)] * 3000
    file = workbook(rows)
    monkeypatch.setattr(drafting, "SMALL_BYTES", len(file) + 1)
    assert "/reading/" in choose(client, ours.account, file).url


def test_all_pages_are_those_of_the_immediate_way(client, ours, tasks, monkeypatch):
    def walk():
        seen = []
        response = followed(
            client, tasks, choose(client, ours.account, SAMPLE.read_bytes())
        )
        seen.append(client.get(response.url).context["seen"])
        response = followed(
            client, tasks, send_sheet(client, response.url, header_row=1)
        )
        seen.append(client.get(response.url).context["headers"])
        said = {"filter_0": 1, "test_0": "contains", "value_0": "a"}
        response = followed(client, tasks, send_columns(client, response.url, **said))
        page = client.get(response.url)
        kept = page.context["draft"].said
        names = ("preview", "layout", "asked", "refusal", "options", "answers")
        seen += [[kept[name] for name in names], page.context["figures"]]
        return seen

    small = walk()
    assert tasks == []
    monkeypatch.setattr(drafting, "SMALL_BYTES", 0)
    assert walk() == small


def test_a_large_file_is_loaded_to_its_end(client, ours, large):
    response = followed(client, large, choose(client, ours.account, workbook([row()])))
    response = followed(client, large, send_sheet(client, response.url))
    response = followed(client, large, send_columns(client, response.url))
    client.post(response.url, {"act": "create"})
    assert Job.objects.count() == Upload.objects.get().jobs == 1


def test_a_known_layout_leads_from_the_reading_to_the_review(client, ours, large):
    response = followed(client, large, choose(client, ours.account, workbook([row()])))
    response = followed(client, large, send_sheet(client, response.url))
    response = followed(client, large, send_columns(client, response.url))
    client.post(response.url, {"act": "create"})
    other = workbook([row(rut=RUT_C)])
    assert (
        "/preview/" in followed(client, large, choose(client, ours.account, other)).url
    )


def test_what_was_read_as_it_is_decided_is_not_read_again(client, ours, monkeypatch):
    response = choose(client, ours.account, workbook([row()]))
    monkeypatch.setattr(importer, "preview", lambda *a, **k: pytest.fail("read again"))
    response = send_columns(client, send_sheet(client, response.url).url)
    assert "/preview/" in response.url


def test_a_count_that_is_asked_for_is_made_anew(client, ours, large):
    response = followed(client, large, choose(client, ours.account, workbook([row()])))
    url = send_sheet(client, response.url).url
    assert large == []
    response = send_columns(client, url, act="count")
    assert followed(client, large, response).url == url


@pytest.fixture
def two_sheets() -> bytes:
    book = load_workbook(BytesIO(workbook(ROWS)))
    second = book.create_sheet("Otra")
    for cells in (HEADERS, row(rut=RUT_C)):
        second.append(cells)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_another_sheet_that_was_looked_at_is_read_too(client, ours, two_sheets):
    url = choose(client, ours.account, two_sheets).url
    send_sheet(client, url, sheet="Otra", act="look")
    page = client.get(send_sheet(client, url).url)
    assert page.context["kept"] == "1"


def test_a_sheet_that_is_come_back_to_asks_again(client, ours, two_sheets):
    url = choose(client, ours.account, two_sheets).url
    send_sheet(client, url, sheet="Otra", act="look")
    send_sheet(client, url, sheet="cobranza", act="look")
    page = client.get(send_sheet(client, url).url)
    assert [q["field"] for q in page.context["questions"]] == ["amounts"]


def test_a_step_unpacks_the_file_once(client, ours, monkeypatch):
    unpacked, original = [], ExcelBook._unpacked
    monkeypatch.setattr(
        ExcelBook,
        "_unpacked",
        lambda self, name: unpacked.append(name) or original(self, name),
    )
    choose(client, ours.account, workbook(ROWS))
    assert unpacked == ["cobranza"]
