import pytest
from django.urls import reverse

from batches.models import Job
from calls.models import DoNotCall
from speechai_site.runtime import keys

ADD = "admin:calls_donotcall_add"


def add(client, who, account, **values):
    return client.post(
        reverse(ADD),
        {"who": who, "account": str(account.pk), "reason": "asked", **values},
    )


@pytest.mark.parametrize(
    ("typed", "kind", "key", "masked"),
    [
        ("9 8765 4321", "phone", keys.phone_key("+56987654321"), "+56 9 •••• 4321"),
        (
            "+54 9 351 456-7890",
            "phone",
            keys.phone_key("+5493514567890"),
            "+54 9 ••• •••-7890",
        ),
        (
            "11.222.333-9",
            "person",
            keys.person_key("CL:RUT:112223339", ""),
            "••.•••.333-9",
        ),
    ],
)
def test_what_is_typed_becomes_a_keyed_hash(typed, kind, key, masked, ours, sign_in):
    add(sign_in(ours.operator), typed, ours.account)
    entry = DoNotCall.objects.get()
    assert (entry.kind, entry.key, entry.masked) == (kind, key, masked)
    assert entry.source == "user:operator-ours"


@pytest.mark.parametrize("typed", ["Rosa", "123", "11.222.333-0"])
def test_what_is_neither_phone_nor_document_is_refused(typed, ours, sign_in):
    page = add(sign_in(ours.operator), typed, ours.account)
    errors = page.context["adminform"].form.errors.as_data()
    assert errors["who"][0].code == "unreadable"
    assert not DoNotCall.objects.exists()


def test_what_waits_for_the_person_ends_at_once(ours, sign_in):
    add(sign_in(ours.operator), "12.345.678-5", ours.account)
    ours.job.refresh_from_db()
    assert ours.job.status == Job.Status.DENIED


def test_an_entry_is_found_by_what_was_typed(ours, sign_in):
    client = sign_in(ours.operator)
    add(client, "9 8765 4321", ours.account)
    url = reverse("admin:calls_donotcall_changelist")
    for term, found in (("+56 9 8765 4321", 1), ("+56 9 8765 4320", 0)):
        assert len(client.get(url, {"q": term}).context["cl"].result_list) == found


def test_an_operator_blocks_for_their_own_account_only(ours, sign_in):
    client = sign_in(ours.operator)
    client.post(reverse(ADD), {"who": "9 8765 4321", "account": "", "reason": "x"})
    assert not DoNotCall.objects.exists()


def test_a_superuser_blocks_for_everybody(root, sign_in):
    client = sign_in(root)
    client.post(reverse(ADD), {"who": "9 8765 4321", "account": "", "reason": "x"})
    assert DoNotCall.objects.get().account_id is None


def test_an_operator_removes_nobody_from_the_list(ours, sign_in):
    client = sign_in(ours.operator)
    add(client, "9 8765 4321", ours.account)
    url = reverse("admin:calls_donotcall_delete", args=[DoNotCall.objects.get().pk])
    assert client.post(url, {"post": "yes"}).status_code == 403
