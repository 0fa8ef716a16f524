"""The same file again, and whose a draft is."""

import pytest
from django.urls import reverse

from batches.imports import pending
from batches.models import Upload
from tests.admin.wizard import (
    choose,
    confirm,
)
from tests.imports.workbooks import row, workbook


def test_the_same_file_again_is_asked_about(client, ours):
    file = workbook([row()])
    confirm(client, ours.account, file)
    response = choose(client, ours.account, file)
    assert "/again/" in response.url
    page = client.get(response.url)
    assert page.context["before"].pk == Upload.objects.get().pk
    assert client.post(response.url, {"act": "discard"}).url.endswith("/add/")
    assert pending.find(response.url.split("/")[-2], ours.operator.pk) is None


def test_the_same_file_can_be_loaded_again_on_purpose(client, ours):
    file = workbook([row()])
    confirm(client, ours.account, file)
    confirm(client, ours.account, file)
    assert Upload.objects.count() == 2


def test_the_same_file_is_not_loaded_by_going_around_the_question(client, ours):
    file = workbook([row()])
    confirm(client, ours.account, file)
    url = choose(client, ours.account, file).url.replace("/again/", "/preview/")
    assert "/again/" in client.post(url, {"act": "create"}).url
    assert Upload.objects.count() == 1


def test_another_accounts_same_file_is_not_told_of(client, ours, theirs):
    Upload.objects.all().delete()
    file = workbook([row()])
    confirm(client, ours.account, file)
    Upload.objects.update(account=theirs.account)
    assert "/again/" not in choose(client, ours.account, file).url


@pytest.mark.parametrize("step", ["sheet", "columns", "preview", "again", "password"])
def test_a_draft_belongs_to_who_began_it(client, ours, sign_in, step):
    token = choose(client, ours.account, workbook([row()])).url.split("/")[-2]
    url = reverse(f"admin:batches_upload_{step}", args=[token])
    assert sign_in(ours.supervisor).get(url).status_code == 302
    assert sign_in(ours.auditor).get(url).status_code == 403


def test_a_draft_of_an_account_that_one_left_is_not_found(client, ours):
    url = choose(client, ours.account, workbook([row()])).url
    ours.operator.memberships.all().delete()
    assert client.get(url).status_code == 404
