"""Sheet and header, columns, filters and questions."""

from decimal import Decimal

import pytest

from batches.models import Job, Upload
from tests.admin.wizard import (
    choose,
    columns_page,
    confirm,
    go_to_preview,
    send_columns,
    send_sheet,
)
from tests.imports.workbooks import HEADERS, RUT_B, RUT_C, row, workbook


def test_the_first_ten_rows_are_shown_with_the_header_found(client, ours):
    file = workbook([row()] * 20, above=[["Cartera", *[""] * 8]])
    page = client.get(choose(client, ours.account, file).url)
    seen = page.context["seen"]
    assert (seen.header_row, len(seen.rows)) == (2, 10)
    assert seen.rows[0][1][0] == "Cartera"


def test_another_header_row_can_be_chosen(client, ours):
    file = workbook([HEADERS, row()], headers=["x"] * 9)
    response = choose(client, ours.account, file)
    url = send_sheet(client, response.url, header_row=1).url
    assert {c["header"] for c in client.get(url).context["headers"]} == {"x"}


def test_a_file_without_headers_is_read_by_its_columns(client, ours):
    file = workbook([row(rut=RUT_B, mobile=960012346)], headers=row())
    response = send_sheet(client, choose(client, ours.account, file).url, header_row=0)
    page = client.get(response.url)
    assert page.context["draft"].said["refusal"]
    chosen = {"column_0": "document", "column_1": "name", "column_2": "amount"}
    url = send_columns(client, response.url, **chosen, column_5="mobile").url
    client.post(url, {"act": "create"})
    assert Job.objects.count() == 2
    assert (
        "/preview/"
        in choose(
            client, ours.account, workbook([row(rut=RUT_C)], headers=row(rut=RUT_B))
        ).url
    )


def test_columns_are_proposed_by_their_names(client, ours):
    page, _url = columns_page(client, ours.account, workbook([row()]))
    chosen = {c["header"]: c["chosen"] for c in page.context["headers"]}
    assert chosen["RUTS"] == "document"
    assert chosen["Saldo actualizado"] == "amount"


def test_a_column_is_what_somebody_says(client, ours):
    headers = ["RUTS", "Nombre", "Importe X", "Teléfono móvil"]
    file = workbook([["12.345.678-5", "Ana", 900, 960012345]], headers)
    page, url = columns_page(client, ours.account, file)
    assert page.context["draft"].said["refusal"]
    client.post(send_columns(client, url, column_2="amount").url, {"act": "create"})
    assert Job.objects.get().amount == 900


def test_a_column_can_be_left_out_of_the_mapping(client, ours):
    file = workbook([row(landline="220001234")])
    confirm(client, ours.account, file, {"column_6": ""})
    job = Job.objects.get()
    assert [phone["e164"] for phone in job.phones] == ["+56960012345"]
    assert ["Teléfono Residencial", "220001234"] in job.extra


def test_two_columns_cannot_both_be_the_amount(client, ours):
    _page, url = columns_page(client, ours.account, workbook([row()]))
    page = send_columns(client, url, column_8="amount")
    assert page.status_code == 200
    assert page.context["problems"]


def test_a_question_is_answered_on_the_page(client, ours):
    rows = [row(amount="2,500"), row(amount="1,234.56", rut=RUT_C)]
    page, url = columns_page(client, ours.account, workbook(rows))
    assert [q["field"] for q in page.context["questions"]] == ["amounts"]
    response = send_columns(client, url, answer_amounts=".")
    client.post(response.url, {"act": "create"})
    assert set(Job.objects.values_list("amount", flat=True)) == {
        Decimal(2500),
        Decimal("1234.56"),
    }


def test_what_nobody_decided_is_shown_before_the_confirmation(client, ours):
    rows = [row(amount="1.500"), row(amount="1,234.56", rut=RUT_C)]
    page = client.get(go_to_preview(client, ours.account, workbook(rows)).url)
    assert len(page.context["questions"]) == 1


def filtered(client, account, test, value):
    rows = [
        [*row(title="T-1"), "Pagado"],
        [*row(rut=RUT_B, title="T-2"), "vigente"],
        [*row(rut=RUT_C, title="T-3"), ""],
    ]
    file = workbook(rows, [*HEADERS, "Situación"])
    said = {"filter_0": 9, "test_0": test, "value_0": value}
    url = go_to_preview(client, account, file, said).url
    page = client.get(url)
    client.post(url, {"act": "create"})
    titles = {dict(job.extra)["Título"] for job in Job.objects.all()}
    return titles, page.context["draft"].preview["filtered"]


@pytest.mark.parametrize(
    ("test", "value", "left"),
    [
        ("is", "PAGADO", {"T-2", "T-3"}),
        ("is_not", "vigente", {"T-2"}),
        ("contains", "gen", {"T-1", "T-3"}),
        ("empty", "", {"T-1", "T-2"}),
        ("not_empty", "", {"T-3"}),
    ],
)
def test_a_filter_leaves_rows_out_and_counts_them(client, ours, test, value, left):
    titles, counts = filtered(client, ours.account, test, value)
    assert titles == left
    assert counts == [3 - len(left)]
    assert Upload.objects.get().rows == len(left)


def test_filters_that_leave_nothing_are_told(client, ours):
    _page, url = columns_page(client, ours.account, workbook([row()]))
    said = {"filter_0": 1, "test_0": "not_empty"}
    page = send_columns(client, url, **said)
    assert page.status_code == 200
    assert page.context["draft"].said["refusal"]
