"""The calling policies: who reads, who changes, who approves, and what is said."""

import json

import pytest
from django.urls import reverse

from calls import policy_changes
from calls.models import Policy
from calls.policies.countries import RECORDS
from calls.policies.records import to_json
from calls.rules import kind_of
from speechai_site.runtime.models import AuditEntry
from tests.builders import make_user

CHILE = next(r for r in RECORDS if r.ref == "CL/debt_collection@1")
COLOMBIA = next(r for r in RECORDS if r.ref == "CO/debt_collection@1")
KIND = kind_of(CHILE)
READERS = ["administrator", "supervisor", "auditor"]
US = {"text": "Norma nuestra", "status": "company_default"}


@pytest.fixture
def live(settings):
    settings.SANDBOX = False


@pytest.fixture
def other(ours):
    from speechai_site import roles

    return make_user(roles.ADMINISTRATOR, [ours.account], username="bea")


def url(page="policy", kind=KIND, **more):
    from calls.admin.policy_rows import url_of

    return url_of(kind, page, **more)


def form_of(client, kind=KIND, **changes):
    """What a browser would send back, with changes."""
    form = client.get(url("policy_edit", kind)).context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    return values | {"reason": "prueba"} | changes


def change(client, kind=KIND, **changes):
    """Look at what would change, then propose it."""
    values = form_of(client, kind, **changes)
    seen = client.post(url("policy_edit", kind), {**values, "verb": "preview"})
    values |= {"seen": seen.context.get("seen", ""), "verb": "save"}
    return seen, client.post(url("policy_edit", kind), values)


def propose(by="user:ana", may_loosen=True, **changes):
    written = {**to_json(CHILE), **changes}
    return policy_changes.propose(
        written, by=by, reason="porque sí", may_loosen=may_loosen
    )


def caps(most):
    found = to_json(CHILE)["caps"]
    return [{**c, "most": most} if c["code"] == "attempts_a_week" else c for c in found]


def text(response):
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("role", READERS)
def test_who_reads_policies_sees_the_list_and_each_rule(role, ours, sign_in):
    client = sign_in(getattr(ours, role))
    listed = text(client.get(reverse("admin:policies")))
    assert "Cobranza" in listed
    assert "Borrador" in listed
    page = text(client.get(url()))
    assert "Tope de intentos en 7 días, por persona y acreedor: 3." in page
    assert "Lunes a sábado: 08:00–20:00." in page
    assert "Ley 19.496 art. 37" in page
    assert "pendiente de abogado" in page.lower()


@pytest.mark.parametrize("name", ["policies", "holidays", "may_call"])
def test_operators_do_not_read_policies(name, ours, sign_in):
    assert sign_in(ours.operator).get(reverse(f"admin:{name}")).status_code == 403


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_who_only_reads_changes_nothing(role, ours, sign_in, live):
    client, row = sign_in(getattr(ours, role)), propose()
    assert client.get(url("policy_edit")).status_code == 403
    for verb in ("approve", "refuse", "retire"):
        answer = client.post(url(), {"verb": verb, "policy": str(row.pk)})
        assert answer.status_code == 403
    assert "Cambiar" not in text(client.get(url()))


def test_every_policy_has_a_page(root, sign_in):
    client = sign_in(root)
    for record in RECORDS:
        assert client.get(url(kind=kind_of(record))).status_code == 200, record.ref


def test_every_policy_can_be_opened_for_a_change(root, sign_in):
    client = sign_in(root)
    for record in RECORDS:
        assert client.get(url("policy_edit", kind_of(record))).status_code == 200


@pytest.mark.parametrize("kind", ["", "x", "UY||debt_collection|||", "CL||||zz|"])
def test_what_is_no_policy_is_not_found(kind, root, sign_in):
    assert sign_in(root).get(url(kind=kind)).status_code == 404


def test_a_number_and_the_hours_of_a_day_are_plain_fields(ours, sign_in):
    change(
        sign_in(ours.administrator),
        cap_attempts_a_week="2",
        day_mon="9-13, 15:00-19:30",
        day_sat="cerrado",
    )
    record = policy_changes.record_of(Policy.objects.get())
    assert next(c.most for c in record.caps if c.code == "attempts_a_week") == 2
    by_day = {day: hours.windows for hours in record.hours for day in hours.days}
    assert by_day[0] == ((540, 780), (900, 1170))
    assert by_day[1] == ((480, 1200),)
    assert (by_day[5], by_day[6]) == ((), ())


def test_a_changed_rule_of_a_law_waits_for_the_lawyer_again(ours, sign_in):
    change(sign_in(ours.administrator), day_mon="9-13")
    record = policy_changes.record_of(Policy.objects.get())
    pending = {h.days: h.source.pending_counsel for h in record.hours}
    assert pending == {(0,): True, (1, 2, 3, 4, 5): False, (6,): False}


def test_what_is_not_touched_stays_as_it_is(ours, sign_in):
    change(sign_in(ours.administrator), reading="strict")
    record = policy_changes.record_of(Policy.objects.get())
    written = {**to_json(record), "version": 1}
    assert written == {**to_json(CHILE), "reading": "strict"}


def test_the_json_changes_what_has_no_field(ours, sign_in):
    written = {**to_json(CHILE), "gaps": [{"minutes": 300, "source": US}]}
    change(sign_in(ours.administrator), written=json.dumps(written))
    assert policy_changes.record_of(Policy.objects.get()).gaps[0].minutes == 300


def test_before_it_is_proposed_it_is_said_what_loosens_and_what_tightens(ours, sign_in):
    seen, done = change(
        sign_in(ours.administrator), cap_attempts_a_week="4", day_mon="9-13"
    )
    assert "Afloja" in text(seen)
    assert seen.context["loosens"] == [
        "Tope de intentos en 7 días, por persona y acreedor"
    ]
    assert seen.context["tightens"] == ["Horario en que puede empezar una llamada"]
    assert "Lunes: 09:00–13:00." in text(seen)
    assert done.status_code == 302
    assert Policy.objects.get().reason == "prueba"


def test_what_was_not_looked_at_is_not_proposed(ours, sign_in):
    client = sign_in(ours.administrator)
    values = form_of(client, cap_attempts_a_week="4", verb="save")
    assert client.post(url("policy_edit"), values).status_code == 200
    values |= {"seen": "x" * 64}
    assert client.post(url("policy_edit"), values).status_code == 200
    assert not Policy.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"day_mon": "de nueve a cinco"}, "Escriba horarios"),
        ({"day_mon": "19-9"}, "debe ser posterior"),
        ({"written": "{"}, "No se puede leer el JSON"),
        ({"written": "[]"}, "El JSON no es un grupo de campos"),
        ({"cap_attempts_a_week": "0"}, "mayor o igual"),
        ({"reason": ""}, "obligatorio"),
    ],
)
def test_what_is_wrong_is_said(changes, said, ours, sign_in):
    seen, _done = change(sign_in(ours.administrator), **changes)
    assert said in text(seen)
    assert not Policy.objects.exists()


def test_a_draft_is_accepted(ours, sign_in):
    client, kind = sign_in(ours.administrator), kind_of(COLOMBIA)
    assert "Aceptar el borrador" in text(client.get(url(kind=kind)))
    page = client.get(url("policy_edit", kind, accept="1"))
    assert page.context["form"]["status"].value() == "active"
    seen, _done = change(client, kind, status="active")
    assert seen.context["loosens"] == ["Un borrador que se acepta"]
    assert policy_changes.record_of(Policy.objects.get()).status == "active"


def test_in_live_another_administrator_approves(ours, other, sign_in, live):
    change(sign_in(ours.administrator), cap_attempts_a_week="2")
    row = Policy.objects.get()
    own, theirs = sign_in(ours.administrator), sign_in(other)
    assert "otra persona de administración" in text(own.get(url()))
    own.post(url(), {"verb": "approve", "policy": str(row.pk)})
    assert Policy.objects.get().status == "proposed"
    page = text(theirs.get(url()))
    assert "Aprobar" in page
    assert "Aprieta" in page
    theirs.post(url(), {"verb": "approve", "policy": str(row.pk)})
    row = Policy.objects.get()
    assert (row.status, row.decided_by) == ("active", "user:bea")
    page = text(theirs.get(url()))
    assert "administrator-ours" in page
    assert "bea" in page


def test_a_proposal_is_refused_with_a_reason(ours, sign_in, live):
    row = propose(caps=caps(2))
    act = {"verb": "refuse", "policy": str(row.pk), "reason": "no ahora"}
    sign_in(ours.administrator).post(url(), act)
    assert Policy.objects.get().status == "refused"
    assert AuditEntry.objects.get(action="policy.refuse").reason == "no ahora"


def test_what_waits_is_said_on_the_list(ours, sign_in, live):
    propose(caps=caps(2))
    page = sign_in(ours.administrator).get(reverse("admin:policies"))
    assert [row["kind"] for row in page.context["waiting"]] == [KIND]


def test_a_change_is_taken_back(ours, sign_in):
    row = propose(caps=caps(2))
    act = {"verb": "retire", "policy": str(row.pk), "reason": "error"}
    sign_in(ours.administrator).post(url(), act)
    assert Policy.objects.get(version=3).status == "active"
    held = policy_changes.record_of(Policy.objects.get(version=3))
    assert held.caps == CHILE.caps


def test_two_versions_are_compared(ours, sign_in):
    propose(caps=caps(2))
    propose(caps=caps(4))
    page = sign_in(ours.supervisor).get(url(a="1", b="3"))
    assert page.context["compared"]["gone"] == [
        "Tope de intentos en 7 días, por persona y acreedor: 3. (Norma de la empresa)"
    ]
    assert page.context["compared"]["new"] == [
        "Tope de intentos en 7 días, por persona y acreedor: 4. (Norma de la empresa)"
    ]


# --- an account's own rules


def begin(client, account, use_case="debt_collection"):
    query = {"account": str(account.pk), "use_case": use_case}
    return client.get(reverse("admin:policy_edit"), query)


def layer(account):
    return f"CL||debt_collection||{account.pk}|"


def test_an_account_gets_rules_of_its_own(ours, sign_in):
    client = sign_in(ours.administrator)
    assert begin(client, ours.account).url == url("policy_edit", layer(ours.account))
    change(client, layer(ours.account), cap_attempts_a_week="2", day_tue="10-12")
    row = Policy.objects.get()
    assert (row.account_id, row.status) == (ours.account.pk, "active")
    assert ours.account.name in text(client.get(reverse("admin:policies")))
    assert "Martes: 10:00–12:00." in text(client.get(url(kind=row.kind)))


def test_an_accounts_rules_cannot_loosen(ours, sign_in):
    client = sign_in(ours.administrator)
    _seen, done = change(client, layer(ours.account), cap_attempts_a_week="9")
    assert "solo pueden apretar" in text(done)
    assert not Policy.objects.exists()


def test_anothers_rules_are_not_seen_or_made(ours, theirs, sign_in):
    client = sign_in(ours.administrator)
    assert begin(client, theirs.account).status_code == 404
    for page in ("policy", "policy_edit"):
        assert client.get(url(page, layer(theirs.account))).status_code == 404
    change(sign_in(theirs.administrator), layer(theirs.account), day_tue="10-12")
    assert Policy.objects.count() == 1
    listed = client.get(reverse("admin:policies"))
    assert listed.context["layers"] == []


def test_a_campaign_leads_to_its_own_rules(ours, sign_in):
    client = sign_in(ours.administrator)
    page = reverse("admin:batches_batch_change", args=[ours.batch.pk])
    kind = f"CL||debt_collection||{ours.account.pk}|{ours.batch.pk}"
    assert (
        url("policy_edit", kind).replace("&", "&amp;")
        in client.get(page).content.decode()
    )
    change(client, kind, day_tue="10-12")
    assert Policy.objects.get().batch_id == ours.batch.pk
    assert url(kind=kind) in client.get(page).content.decode()
