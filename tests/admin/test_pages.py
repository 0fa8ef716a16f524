"""Every page opens for who may see it, and is refused to who may not."""

import pytest
from django.contrib import admin
from django.template.loader import render_to_string
from django.urls import reverse

from calls.models import Promise
from tests.builders import make_user

READS = {"supervisor", "operator", "auditor", "administrator"}
LISTS = {
    "batches_batch": READS,
    "batches_job": READS,
    "calls_call": READS,
    "calls_promise": READS,
    "batches_upload": READS,
    "calls_donotcall": READS,
    "batches_account": READS,
    "batches_agent": READS,
    "batches_phonenumber": READS,
    "runtime_user": {"administrator"},
    "speechai_site_apikey": {"administrator"},
    "runtime_auditentry": {"administrator", "auditor"},
}


@pytest.mark.parametrize("role", sorted(READS))
def test_each_list_opens_for_the_roles_that_may_read_it(role, ours, sign_in):
    Promise.objects.create(
        pk=ours.call.pk, account=ours.account, batch=ours.batch, job=ours.job
    )
    client = sign_in(getattr(ours, role))
    seen = {
        name
        for name in LISTS
        if client.get(reverse(f"admin:{name}_changelist")).status_code == 200
    }
    assert seen == {name for name, allowed in LISTS.items() if role in allowed}


@pytest.mark.parametrize("role", sorted(READS))
def test_the_menu_shows_what_the_role_may_open(role, ours, sign_in):
    page = sign_in(getattr(ours, role)).get(reverse("admin:index")).content.decode()
    shown = {n for n in LISTS if f'href="{reverse(f"admin:{n}_changelist")}"' in page}
    assert shown >= {name for name, allowed in LISTS.items() if role in allowed}
    assert not shown & {n for n, allowed in LISTS.items() if role not in allowed}


@pytest.mark.parametrize("role", [*sorted(READS), "root"])
def test_the_pages_of_a_campaign_a_case_and_a_call_open(role, ours, root, sign_in):
    client = sign_in(root if role == "root" else getattr(ours, role))
    for name, row in (
        ("batches_batch", ours.batch),
        ("batches_job", ours.job),
        ("calls_call", ours.call),
        ("batches_account", ours.account),
        ("batches_agent", ours.batch.agent),
        ("batches_phonenumber", ours.batch.number),
    ):
        assert (
            client.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code
            == 200
        )


def test_every_add_page_opens_for_a_superuser(root, ours, sign_in):
    client = sign_in(root)
    for name in (
        "batches_account_add",
        "batches_upload_add",
        "calls_donotcall_add",
        "runtime_user_add",
        "speechai_site_apikey_add",
    ):
        assert client.get(reverse(f"admin:{name}")).status_code == 200, name


@pytest.mark.parametrize(
    "name", ["batches_job", "calls_call", "calls_promise", "batches_batch"]
)
def test_rows_that_the_machine_makes_are_not_added_by_hand(name, root, sign_in):
    assert sign_in(root).get(reverse(f"admin:{name}_add")).status_code == 403


def test_the_sandbox_says_so_on_every_page_also_before_signing_in(
    client, root, sign_in
):
    from speechai_site.admin import environment_badge

    badge = str(environment_badge(None)[0])
    assert badge in client.get(reverse("admin:login")).content.decode()
    for name in ("index", "batches_batch_changelist", "batches_upload_add"):
        assert badge in sign_in(root).get(reverse(f"admin:{name}")).content.decode()


def test_a_user_without_a_role_sees_an_explanation_instead_of_figures(db, sign_in):
    response = sign_in(make_user()).get(reverse("admin:index"))
    assert response.status_code == 200
    assert "home" not in response.context


def test_every_screen_is_one_of_ours():
    foreign = [
        model_admin
        for model_admin in admin.site._registry.values()
        if type(model_admin).__module__.split(".")[0]
        not in {"batches", "calls", "speechai_site"}
    ]
    assert foreign == []


@pytest.mark.parametrize("number", [400, 403, 404, 500])
def test_an_error_says_what_to_do_in_the_language_of_people(number):
    page = render_to_string(f"{number}.html")
    assert '<html lang="es">' in page
    assert reverse("admin:index") in page
