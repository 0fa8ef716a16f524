"""Who manages people can't climb above themselves or look into other accounts."""

import pytest
from django.urls import reverse

from batches.models import Account, Membership
from speechai_site import roles
from speechai_site.models import ApiKey
from speechai_site.runtime.models import User
from tests.builders import make_user


def change_url(user):
    return reverse("admin:runtime_user_change", args=[user.pk])


def inline(**values):
    return {
        "memberships-TOTAL_FORMS": 0,
        "memberships-INITIAL_FORMS": 0,
        **values,
    }


def test_a_new_person_may_sign_in_and_has_their_role(root, sign_in, db):
    from django.contrib.auth.models import Group

    group = Group.objects.get(name=roles.OPERATOR)
    sign_in(root).post(
        reverse("admin:runtime_user_add"),
        inline(
            username="nina",
            password1="a long pass phrase",
            password2="a long pass phrase",
            usable_password="true",
            groups=[str(group.pk)],
        ),
    )
    nina = User.objects.get(username="nina")
    assert nina.is_staff
    assert [g.name for g in nina.groups.all()] == [roles.OPERATOR]


def test_an_administrator_of_an_account_sees_its_people(ours, theirs, root, sign_in):
    free = make_user(username="free")
    page = sign_in(ours.administrator).get(reverse("admin:runtime_user_changelist"))
    names = {row.username for row in page.context["cl"].result_list}
    assert "operator-ours" in names
    assert free.username in names
    assert not names & {"operator-theirs", "root"}


def test_nobody_but_a_superuser_makes_one(ours, sign_in):
    page = sign_in(ours.administrator).get(change_url(ours.operator))
    assert "is_superuser" not in page.context["adminform"].form.fields


def test_a_person_of_two_accounts_is_changed_by_who_has_both(ours, theirs, sign_in):
    Membership.objects.create(user=ours.operator, account=theirs.account)
    client = sign_in(ours.administrator)
    password = reverse("admin:auth_user_password_change", args=[ours.operator.pk])
    assert client.get(password).status_code == 403
    page = client.get(change_url(ours.operator))
    assert page.context["has_change_permission"] is False


def test_an_administrator_gives_their_own_accounts_only(ours, theirs, sign_in):
    page = sign_in(ours.administrator).get(change_url(ours.operator))
    formset = page.context["inline_admin_formsets"][0].formset
    assert list(formset.empty_form.fields["account"].queryset) == [ours.account]


def test_who_makes_an_account_sees_it(ours, sign_in):
    sign_in(ours.administrator).post(
        reverse("admin:batches_account_add"),
        inline(
            name="Fresh",
            slug="fresh",
            country="CL",
            time_zone="America/Santiago",
            status="active",
            plan="unlimited",
            max_concurrent_calls=5,
            callback_slots=1,
        ),
    )
    fresh = Account.objects.get(slug="fresh")
    assert fresh in Account.objects.visible_to(ours.administrator)


@pytest.mark.parametrize("model", ["user", "account"])
def test_people_and_accounts_are_switched_off_instead_of_deleted(
    model, root, ours, sign_in
):
    name, row = {
        "user": ("runtime_user", ours.operator),
        "account": ("batches_account", ours.account),
    }[model]
    url = reverse(f"admin:{name}_delete", args=[row.pk])
    assert sign_in(root).post(url, {"post": "yes"}).status_code == 403


def test_an_api_key_is_shown_once_and_works(ours, sign_in):
    client = sign_in(ours.administrator)
    values = {"name": "CRM", "account": str(ours.account.pk), "scopes": ["read"]}
    page = client.post(reverse("admin:speechai_site_apikey_add"), values, follow=True)
    said = str(next(iter(page.context["messages"])))
    text = said.partition("<code class='sai-key'>")[2].partition("<")[0]
    assert ApiKey.find(text).name == "CRM"
