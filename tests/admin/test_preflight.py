"""*Revisión previa*: what a campaign's page says before a start, and an upload's."""

import pytest
from django.urls import reverse

from batches.models import Batch, Upload
from calls.admin import preflight
from tests.builders import make_agent, make_job


def page(client, name, pk):
    return client.get(reverse(f"admin:{name}_change", args=[pk])).content.decode()


@pytest.fixture
def upload(ours):
    return Upload.objects.create(
        account=ours.account,
        batch=ours.batch,
        file_name="cartera.xlsx",
        sha256="0" * 64,
        size=1,
        status="stored",
        created_by="user:ana",
    )


def test_a_draft_says_who_can_be_called_and_under_which_policy(ours, sign_in):
    make_job(ours.batch, phones=[])
    text = page(sign_in(ours.operator), "batches_batch", ours.batch.pk)
    for said in (
        "Revisión previa",
        "2 casos:",
        "1 sin teléfono útil",
        "Con esta norma",
    ):
        assert said in text


def test_a_campaign_that_runs_has_no_preflight(ours, sign_in):
    Batch.objects.filter(pk=ours.batch.pk).update(status="running")
    text = page(sign_in(ours.operator), "batches_batch", ours.batch.pk)
    assert "Revisión previa" not in text


def test_an_upload_says_who_of_it_can_be_called(ours, upload, sign_in):
    make_job(ours.batch, upload=upload, phones=[])
    text = page(sign_in(ours.operator), "batches_upload", upload.pk)
    assert "1 caso: 1 sin teléfono útil." in text


def test_many_cases_are_counted_when_somebody_asks(ours, upload, sign_in, monkeypatch):
    monkeypatch.setattr(preflight, "AT_ONCE", 0)
    make_job(ours.batch, upload=upload, phones=[])
    client = sign_in(ours.operator)
    for name, pk, said in (
        ("batch", ours.batch.pk, "2 casos:"),
        ("upload", upload.pk, "1 caso:"),
    ):
        url = reverse(f"admin:{name}_forecast", args=[pk])
        text = page(client, f"batches_{name}", pk)
        assert url in text
        assert said not in text
        assert said in client.get(url).content.decode()


def test_nobody_counts_anothers_cases(theirs, ours, sign_in):
    client = sign_in(ours.administrator)
    url = reverse("admin:batch_forecast", args=[theirs.batch.pk])
    assert client.get(url).status_code == 404
    assert client.get(url.replace(str(theirs.batch.pk), "x")).status_code == 404


def test_nobody_counts_anothers_upload(ours, upload, theirs, sign_in):
    url = reverse("admin:upload_forecast", args=[upload.pk])
    assert sign_in(ours.operator).get(url).status_code == 200
    assert sign_in(theirs.administrator).get(url).status_code == 404


@pytest.mark.parametrize(
    ("uses", "said"),
    [
        (["nombre", "aviso_ia"], "no usa estos avisos: aviso_identidad, aviso_grab"),
        ([], ""),  # Retell has not told
    ],
)
def test_notices_that_the_script_has_no_place_for_are_named(ours, sign_in, uses, said):
    Batch.objects.filter(pk=ours.batch.pk).update(agent=make_agent(variables=uses))
    text = page(sign_in(ours.operator), "batches_batch", ours.batch.pk)
    assert ("no usa estos avisos" in text) is bool(said)
    assert said in text
