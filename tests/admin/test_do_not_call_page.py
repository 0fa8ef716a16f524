"""The page where people are put on the do-not-call list, and withdrawn from it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from batches.models import Job
from calls.models import DoNotCall
from speechai_site.runtime import keys
from speechai_site.runtime.models import AuditEntry
from tests.imports.workbooks import workbook

ADD = "admin:calls_donotcall_add"


def add(client, text, account, **values):
    account = str(account.pk) if account else ""
    values = {"text": text, "account": account, "reason": "lawyer"} | values
    return client.post(reverse(ADD), values)


def withdraw(client, entry, reason="mistyped"):
    url = reverse("admin:calls_donotcall_withdraw", args=[entry.pk])
    return client.post(url, {"reason": reason})


@pytest.mark.parametrize(
    ("typed", "kind", "canonical", "masked"),
    [
        ("9 8765 4321", "phone", "+56987654321", "+56 9 •••• 4321"),
        ("11.222.333-9", "person", "CL:RUT:112223339", "••.•••.333-9"),
    ],
)
def test_what_is_typed_becomes_a_keyed_hash(
    typed, kind, canonical, masked, ours, sign_in
):
    add(sign_in(ours.operator), typed, ours.account)
    entry = DoNotCall.objects.get()
    assert (entry.kind, entry.masked) == (kind, masked)
    assert entry.key == keys.lookup_key(kind, canonical)
    assert (entry.source, entry.reason) == ("user:operator-ours", "lawyer")


@pytest.mark.parametrize("typed", ["Rosa", "123", "11.222.333-0"])
def test_what_is_neither_phone_nor_document_is_named(typed, ours, sign_in):
    page = add(sign_in(ours.operator), f"9 8765 4321\n{typed}", ours.account)
    (problem,) = page.context["problems"]
    assert (problem.row, problem.value) == (2, typed)
    assert typed in page.content.decode()
    assert not DoNotCall.objects.exists()


def test_a_file_is_added_whole(ours, sign_in):
    content = workbook([[987654321], [976543210]], ["Teléfono"])
    file = SimpleUploadedFile("lista.xlsx", content)
    add(sign_in(ours.operator), "", ours.account, file=file)
    sources = set(DoNotCall.objects.values_list("source", flat=True))
    assert (DoNotCall.objects.count(), sources) == (2, {"upload:user:operator-ours"})


def test_a_file_of_no_use_says_why(ours, sign_in):
    file = SimpleUploadedFile("lista.xlsx", b"PK")
    page = add(sign_in(ours.operator), "", ours.account, file=file)
    assert "file" in page.context["form"].errors


def test_nothing_written_is_refused(ours, sign_in):
    page = add(sign_in(ours.operator), "", ours.account)
    assert page.context["form"].non_field_errors()


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


def test_a_wrong_pair_is_found_by_its_phone(ours, sign_in):
    client = sign_in(ours.operator)
    typed = "9 8765 4321; 12.345.678-5"
    add(client, typed, ours.account, reason="wrong_number")
    url = reverse("admin:calls_donotcall_changelist")
    for term in ("9 8765 4321", "12.345.678-5"):
        assert len(client.get(url, {"q": term}).context["cl"].result_list) == 1


def test_an_operator_blocks_for_their_own_account_only(ours, theirs, sign_in):
    client = sign_in(ours.operator)
    for account in (None, theirs.account):
        add(client, "9 8765 4321", account)
    assert not DoNotCall.objects.exists()


def test_a_superuser_blocks_for_everybody(root, sign_in):
    add(sign_in(root), "+56 9 8765 4321", None)
    assert DoNotCall.objects.get().account_id is None


def test_an_entry_of_the_agency_is_not_found_by_an_account(ours, root, sign_in):
    add(sign_in(root), "+56 9 8765 4321", None)
    client, entry = sign_in(ours.administrator), DoNotCall.objects.get()
    page = client.get(reverse("admin:calls_donotcall_changelist"), {"q": "9 8765 4321"})
    assert page.context["cl"].result_list == []
    url = reverse("admin:calls_donotcall_change", args=[entry.pk])
    assert client.get(url).status_code == 404


def test_a_case_blocked_by_another_says_nothing_of_it(ours, root, sign_in):
    add(sign_in(root), "12.345.678-5", None, reason="opted_out")
    page = sign_in(ours.supervisor).get(
        reverse("admin:batches_job_change", args=[ours.job.pk])
    )
    text = page.content.decode()
    assert "Bloqueo administrativo" in text
    assert "Pidió no ser llamado" not in text


# --- withdrawing


@pytest.mark.parametrize(
    ("reason", "allowed"),
    [
        ("lawyer", {"operator", "supervisor", "administrator"}),
        ("opted_out", {"administrator"}),
    ],
)
def test_what_a_person_asked_for_is_withdrawn_by_administrators(
    reason, allowed, ours, sign_in
):
    may = set()
    for role in ("operator", "supervisor", "administrator", "auditor"):
        add(sign_in(ours.operator), "9 8765 4321", ours.account, reason=reason)
        entry = DoNotCall.objects.get(withdrawn_at__isnull=True)
        client = sign_in(getattr(ours, role))
        page = client.get(reverse("admin:calls_donotcall_change", args=[entry.pk]))
        offered = "withdraw_url" in page.context
        answer = withdraw(client, entry)
        assert offered is (answer.status_code == 302)
        if offered:
            may.add(role)
    assert may == allowed


def test_a_withdrawn_entry_leaves_the_list_and_stays_as_proof(ours, sign_in):
    client = sign_in(ours.supervisor)
    add(client, "9 8765 4321", ours.account)
    withdraw(client, DoNotCall.objects.get())
    url = reverse("admin:calls_donotcall_changelist")
    assert client.get(url).context["cl"].result_list == []
    assert len(client.get(url, {"withdrawn": "yes"}).context["cl"].result_list) == 1
    last = AuditEntry.objects.order_by("pk").last()
    assert (last.action, last.reason) == ("donotcall.withdraw", "mistyped")


def test_a_withdrawal_needs_a_reason(ours, sign_in):
    client = sign_in(ours.supervisor)
    add(client, "9 8765 4321", ours.account)
    withdraw(client, DoNotCall.objects.get(), reason="  ")
    assert DoNotCall.objects.get().withdrawn_at is None


def test_nobody_withdraws_anothers_entry(ours, theirs, sign_in):
    add(sign_in(theirs.operator), "9 8765 4321", theirs.account)
    client = sign_in(ours.administrator)
    assert withdraw(client, DoNotCall.objects.get()).status_code == 404


# --- registries


def test_registries_are_loaded_by_superusers_only(ours, root, sign_in):
    url = reverse("admin:calls_donotcall_registry")

    def load(user):
        file = SimpleUploadedFile("r.txt", b"987654321\n")
        return sign_in(user).post(url, {"registry": "cl_no_molestar", "file": file})

    assert load(ours.administrator).status_code == 403
    assert load(root).status_code == 302
    client = sign_in(root)
    assert client.get(url).context["rows"][1]["count"] == "1"
    listed = client.get(reverse("admin:calls_donotcall_changelist"))
    assert listed.context["cl"].result_list == []
