"""Layouts that are remembered, and totals that jump."""

from batches.models import Job, LayoutProfile, Upload
from speechai_site.runtime.models import AuditEntry
from tests.admin.wizard import (
    choose,
    confirm,
    send_columns,
)
from tests.imports.workbooks import HEADERS, RUT_C, row, workbook


def test_a_known_layout_is_two_clicks(client, ours):
    confirm(client, ours.account, workbook([row()]), {"column_6": ""})
    response = choose(client, ours.account, workbook([row(rut=RUT_C, landline="2")]))
    assert "/preview/" in response.url
    client.post(response.url, {"act": "create"})
    assert Upload.objects.count() == 2
    assert ["Teléfono Residencial", "2"] in Job.objects.get(
        rank=0, upload=Upload.objects.order_by("-pk").first()
    ).extra
    assert LayoutProfile.objects.count() == 1


def test_a_layout_is_known_with_its_columns_in_another_order(client, ours):
    confirm(client, ours.account, workbook([row()]))
    turned = workbook([row(rut=RUT_C)[::-1]], HEADERS[::-1])
    assert "/preview/" in choose(client, ours.account, turned).url


def test_filters_options_and_fixed_texts_are_remembered(client, ours):
    said = {
        "filter_0": 7,
        "test_0": "is",
        "value_0": "Otra",
        "option_limit_days": "5",
        "duplicates_by": "phone",
    }
    confirm(client, ours.account, workbook([row()]), said)
    page = client.get(choose(client, ours.account, workbook([row(rut=RUT_C)])).url)
    draft = page.context["draft"]
    assert [(f.test, f.value) for f in draft.layout.filters] == [("is", "Otra")]
    assert draft.said["options"] == {"limit_days": "5"}
    assert draft.answers.duplicates.by == "phone"


def test_a_missing_column_raises_the_alarm(client, ours):
    confirm(client, ours.account, workbook([row()]))
    headers = [h if h != "Saldo actualizado" else "Saldo" for h in HEADERS]
    response = choose(client, ours.account, workbook([row(rut=RUT_C)], headers))
    assert "/columns/" in response.url
    page = client.get(response.url)
    [sentence] = page.context["alarm"]["missing"]
    assert "Saldo actualizado" in sentence
    assert page.context["alarm"]["new"] == ["Saldo"]
    chosen = {c["header"]: c["chosen"] for c in page.context["headers"]}
    assert chosen["Saldo"] == "amount"  # proposed by its name
    client.post(send_columns(client, response.url).url, {"act": "create"})
    assert LayoutProfile.objects.count() == 2


def test_another_accounts_layout_is_not_used(client, ours, theirs):
    confirm(client, ours.account, workbook([row()]))
    LayoutProfile.objects.update(account=theirs.account)
    assert "/sheet/" in choose(client, ours.account, workbook([row(rut=RUT_C)])).url


def test_ten_times_the_total_stops_until_somebody_says_why(client, ours):
    confirm(client, ours.account, workbook([row()]))
    url = choose(client, ours.account, workbook([row(rut=RUT_C, amount=1500000)])).url
    page = client.get(url)
    assert page.context["jumped"]
    assert page.context["compared"]["lines"][1][3] == "× 10,0"
    client.post(url, {"act": "create"})
    assert Upload.objects.count() == 1
    client.post(url, {"act": "create", "reason": "nueva cartera"})
    assert Upload.objects.count() == 2
    assert AuditEntry.objects.get(action="upload.jump").reason == "nueva cartera"


def test_a_tenth_of_the_total_stops_as_well(client, ours):
    confirm(client, ours.account, workbook([row()]))
    url = choose(client, ours.account, workbook([row(rut=RUT_C, amount=15000)])).url
    client.post(url, {"act": "create"})
    assert Upload.objects.count() == 1


def test_a_usual_change_does_not_stop(client, ours):
    confirm(client, ours.account, workbook([row()]))
    url = choose(client, ours.account, workbook([row(rut=RUT_C, amount=300000)])).url
    assert not client.get(url).context["jumped"]
