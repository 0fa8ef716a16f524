"""What the agent says: its variables are fed, and its dates are not past."""

from datetime import timedelta

import pytest

from batches.models import Batch, Job, Upload
from speechai_site.runtime import clock
from tests.admin.wizard import (
    columns_page,
    confirm,
    go_to_preview,
    send_columns,
)
from tests.imports.workbooks import RUT_C, row, workbook


@pytest.fixture
def talking(ours, client):
    """The account's agent needs a variable that no use case gives."""
    agent = ours.account.default_agent
    agent.variables = ["nombre", "producto", "aviso_ia"]
    agent.save()
    return client


def test_a_variable_that_nothing_feeds_blocks(talking, ours):
    page, url = columns_page(talking, ours.account, workbook([row()]))
    assert page.context["unfed"] == ["producto"]
    assert send_columns(talking, url).status_code == 200
    talking.post(url.replace("/columns/", "/preview/"), {"act": "create"})
    assert not Upload.objects.exists()


def test_a_variable_can_have_one_text_for_all(talking, ours):
    _page, url = columns_page(talking, ours.account, workbook([row()]))
    response = send_columns(talking, url, fixed_1="su crédito")
    talking.post(response.url, {"act": "create"})
    assert Job.objects.get().variables["producto"] == "su crédito"


def test_a_variable_can_be_fed_by_a_column(talking, ours):
    _page, url = columns_page(talking, ours.account, workbook([row(title="Tarjeta")]))
    response = send_columns(talking, url, column_8="var:producto")
    talking.post(response.url, {"act": "create"})
    assert Job.objects.get().variables["producto"] == "Tarjeta"


def test_cases_in_which_a_variable_is_empty_are_counted(talking, ours):
    rows = [row(title="Tarjeta"), row(title="", rut=RUT_C)]
    said = {"column_8": "var:producto"}
    _page, url = columns_page(talking, ours.account, workbook(rows))
    page = talking.get(send_columns(talking, url, **said).url)
    assert page.context["partly"] == [("producto", "1")]


def test_cases_whose_date_has_passed_are_counted_before(client, ours):
    late = f"{clock.now() + timedelta(days=90):%d/%m/%Y}"
    rows = [row(), row(company="Otra"), row(rut=RUT_C, due=late)]
    url = go_to_preview(client, ours.account, workbook(rows)).url
    assert client.get(url).context["over"] == "2"
    url = send_columns(
        client, url.replace("/preview/", "/columns/"), option_limit_days="5"
    ).url
    assert client.get(url).context["over"] == ""


def test_a_campaign_whose_cases_lack_a_variable_does_not_start(client, ours):
    confirm(client, ours.account, workbook([row()]))
    batch = Batch.objects.get()
    assert batch.obstacles() == []
    batch.agent.variables = ["nombre", "producto", "aviso_ia"]
    batch.agent.save()
    [sentence] = Batch.objects.get().obstacles()
    assert "producto" in sentence
    assert "nombre" not in sentence
