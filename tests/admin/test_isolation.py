"""One account never sees another's rows: not in lists, pages, choices or acts."""

import pytest
from django.urls import reverse

from batches.models import Batch, Membership, Upload
from calls.models import DoNotCall
from speechai_site.models import ApiKey
from speechai_site.runtime import audit
from tests.builders import make_agent


@pytest.mark.parametrize("role", ["administrator", "supervisor", "operator", "auditor"])
def test_the_page_of_another_accounts_row_is_not_found(role, ours, theirs, sign_in):
    client = sign_in(getattr(ours, role))
    for name, row in (
        ("batches_batch", theirs.batch),
        ("batches_job", theirs.job),
        ("calls_call", theirs.call),
        ("batches_account", theirs.account),
    ):
        url = reverse(f"admin:{name}_change", args=[row.pk])
        assert client.get(url).status_code == 404, name


@pytest.mark.parametrize("name", ["batches_batch", "batches_job", "calls_call"])
def test_lists_hold_the_rows_of_ones_own_accounts(name, ours, theirs, sign_in):
    page = sign_in(ours.supervisor).get(reverse(f"admin:{name}_changelist"))
    assert {row.account_id for row in page.context["cl"].result_list} == {
        ours.account.pk
    }


def test_a_member_of_several_accounts_sees_them_all(ours, theirs, sign_in):
    Membership.objects.create(user=ours.supervisor, account=theirs.account)
    page = sign_in(ours.supervisor).get(reverse("admin:batches_job_changelist"))
    assert len(page.context["cl"].result_list) == 2


@pytest.mark.parametrize("parameter", ["account", "batch"])
def test_a_filter_by_anothers_id_finds_nothing(parameter, ours, theirs, sign_in):
    wanted = getattr(theirs, parameter).pk
    page = sign_in(ours.supervisor).get(
        reverse("admin:batches_job_changelist"), {parameter: str(wanted)}
    )
    assert page.context["cl"].result_list == []


@pytest.mark.parametrize("term", ["12.345.678-5", "Rosa"])
def test_a_search_finds_a_person_in_ones_own_accounts_only(term, ours, theirs, sign_in):
    for name in ("batches_job", "calls_call"):
        page = sign_in(ours.operator).get(
            reverse(f"admin:{name}_changelist"), {"q": term}
        )
        found = page.context["cl"].result_list
        assert [row.account_id for row in found] == [ours.account.pk]


def test_nobody_controls_anothers_campaign(ours, theirs, sign_in):
    url = reverse("admin:batches_batch_control", args=[theirs.batch.pk])
    assert sign_in(ours.supervisor).post(url, {"verb": "start"}).status_code == 404
    theirs.batch.refresh_from_db()
    assert theirs.batch.status == Batch.Status.DRAFT


def test_nobody_downloads_anothers_report(ours, theirs, sign_in):
    url = reverse("admin:batch_report", args=[theirs.batch.pk])
    assert sign_in(ours.supervisor).get(url).status_code == 404


@pytest.mark.parametrize("name", ["file", "errors"])
def test_nobody_downloads_anothers_upload(name, ours, theirs, sign_in):
    upload = Upload.objects.create(
        account=theirs.account, batch=theirs.batch, file_name="x.xlsx", sha256="0"
    )
    url = reverse(f"admin:batches_upload_{name}", args=[upload.pk])
    assert sign_in(ours.supervisor).get(url).status_code == 404


def test_a_campaign_is_not_given_anothers_agent(ours, theirs, sign_in):
    foreign = make_agent(account=theirs.account)
    page = sign_in(ours.supervisor).get(
        reverse("admin:batches_batch_change", args=[ours.batch.pk])
    )
    offered = page.context["adminform"].form.fields["agent"].queryset
    assert foreign not in offered
    assert ours.batch.agent in offered


def test_an_api_key_is_made_for_ones_own_account_only(ours, theirs, sign_in):
    url = reverse("admin:speechai_site_apikey_add")
    values = {"name": "x", "account": str(theirs.account.pk), "scopes": ["read"]}
    sign_in(ours.administrator).post(url, values)
    assert not ApiKey.objects.exists()


def test_the_activity_log_shows_ones_own_accounts(ours, theirs, sign_in):
    audit.record("batch.start", ours.batch, by="command")
    audit.record("batch.start", theirs.batch, by="command")
    page = sign_in(ours.auditor).get(reverse("admin:runtime_auditentry_changelist"))
    assert [row.account_id for row in page.context["cl"].result_list] == [
        str(ours.account.pk)
    ]


def test_nobody_sees_what_another_account_or_the_agency_blocks(
    ours, theirs, root, sign_in
):
    for key, account in (("a", None), ("b", ours.account), ("c", theirs.account)):
        DoNotCall.objects.create(kind="phone", key=key, account=account)
    url = reverse("admin:calls_donotcall_changelist")
    seen = {
        user.username: {
            row.key for row in sign_in(user).get(url).context["cl"].result_list
        }
        for user in (ours.supervisor, root)
    }
    assert seen == {"supervisor-ours": {"b"}, "root": {"a", "b", "c"}}


def test_an_entry_for_everybody_is_withdrawn_by_superusers_only(ours, root, sign_in):
    entry = DoNotCall.objects.create(kind="phone", key="a", reason="lawyer", source="y")
    url = reverse("admin:calls_donotcall_withdraw", args=[entry.pk])
    values = {"reason": "mistyped"}
    assert sign_in(ours.administrator).post(url, values).status_code == 404
    assert sign_in(root).post(url, values).status_code == 302
    entry.refresh_from_db()
    assert entry.withdrawn_by == "user:root"


def test_a_shared_agent_is_changed_by_superusers_only(ours, sign_in):
    agent = ours.batch.agent
    url = reverse("admin:batches_agent_change", args=[agent.pk])
    sign_in(ours.supervisor).post(url, {"version": 9, "is_active": "on", "account": ""})
    agent.refresh_from_db()
    assert agent.version == 0
