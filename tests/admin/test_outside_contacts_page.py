"""The page where contacts of others are imported, and what other screens say of it."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from calls.models import ContactImport, ContactLedger
from speechai_site.runtime import clock
from tests.imports.workbooks import workbook

ADD = "admin:calls_contactimport_add"
LIST = "admin:calls_contactimport_changelist"
OURS_ALONE = "Solo cuenta nuestras llamadas"


def row(**cells):
    when = timezone.localtime(clock.now() - timedelta(hours=3))
    cells = {"result": "Promesa"} | cells
    when = when.strftime("%Y-%m-%d %H:%M:%S%z")
    return [when, "12.345.678-5", "Llamada", cells["result"]]


def send(client, account, *rows):
    content = workbook(rows or [row()], ["Fecha", "RUT", "Canal", "Resultado"])
    file = SimpleUploadedFile("gestiones.xlsx", content)
    return client.post(reverse(ADD), {"account": str(account.pk), "file": file})


def test_a_file_is_imported_and_listed(ours, sign_in):
    client = sign_in(ours.operator)
    assert send(client, ours.account).status_code == 302
    assert ContactLedger.objects.get().source == "upload:user:operator-ours"
    (listed,) = client.get(reverse(LIST)).context["cl"].result_list
    assert (listed.file_name, listed.rows, listed.added) == ("gestiones.xlsx", 1, 1)


def test_a_faulty_cell_is_named_and_nothing_is_stored(ours, sign_in):
    page = send(sign_in(ours.operator), ours.account, row(), row(result="quizás"))
    text = page.content.decode()
    for said in ("Resultado", "quizás", "No existe ese resultado"):
        assert said in text
    assert not ContactLedger.objects.exists()


def test_who_may_not_call_imports_nothing(ours, sign_in):
    assert send(sign_in(ours.auditor), ours.account).status_code == 403
    assert sign_in(ours.auditor).get(reverse(LIST)).status_code == 200


def test_nobody_imports_for_another_account(ours, theirs, sign_in):
    page = send(sign_in(ours.operator), theirs.account)
    assert "account" in page.context["form"].errors
    assert not ContactLedger.objects.exists()


def test_nobody_sees_anothers_imports(ours, theirs, sign_in):
    send(sign_in(theirs.operator), theirs.account)
    client, theirs_import = sign_in(ours.administrator), ContactImport.objects.get()
    assert client.get(reverse(LIST)).context["cl"].result_list == []
    url = reverse("admin:calls_contactimport_change", args=[theirs_import.pk])
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("name", ["batches_batch", "batches_account"])
def test_a_page_says_whether_only_our_own_calls_count(name, ours, sign_in):
    client = sign_in(ours.administrator)
    pk = ours.batch.pk if name == "batches_batch" else ours.account.pk
    url = reverse(f"admin:{name}_change", args=[pk])
    assert OURS_ALONE in client.get(url).content.decode()
    send(client, ours.account)
    text = client.get(url).content.decode()
    assert OURS_ALONE not in text
    assert "gestiones importadas llegan hasta" in text
