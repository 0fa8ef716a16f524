"""Calling policies: the list, a page for each, its changes and who approves them."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from bson import ObjectId
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from batches import use_cases
from batches.admin import pages
from batches.admin.base import account_ids, choices_of, require
from batches.admin.pages import Link
from batches.admin.progress import number
from batches.models import Account, Batch
from calls import policy_changes, policy_replay
from calls.admin import policy_rows
from calls.admin.may_call import DECISIONS
from calls.admin.policy_forms import PolicyForm
from calls.admin.policy_rows import Kind, Version
from calls.models import Policy
from calls.policies import sentences, wording
from calls.policies.records import Record, to_json
from calls.policy_changes import ChangeRefused
from speechai_site.runtime import audit

Layer = tuple[Account | None, Batch | None]
READ, PROPOSE, LOOSEN, APPROVE = (
    "calls.view_policy",
    "calls.propose_policy",
    "calls.loosen_policy",
    "calls.approve_policy",
)


def policies(request: HttpRequest) -> HttpResponse:
    """All kinds that are in force; GET `country` shows one country's."""
    require(request, READ)
    today = policy_rows.today()
    found = policy_rows.shelf(request)
    rows = [policy_rows.list_row(kind, each, today) for kind, each in found.items()]
    wanted = request.GET.get("country", "")
    accounts = choices_of(Account, request).order_by("name")
    context = {
        "title": _("Calling policies"),
        "countries": _countries(rows, wanted),
        "every": _every_country(rows),
        "wanted": wanted,
        "layers": [_layer_row(request, r) for r in rows if r["parts"].is_layer],
        "waiting": [row for row in rows if row["waiting"]],
        "accounts": accounts,
        "use_cases": use_cases.choices(),
        "may_propose": request.user.has_perm(PROPOSE),
    }
    return _page(request, "list", context)


def policy(request: HttpRequest) -> HttpResponse:
    """One kind (GET `kind`; `replay` tries a proposal on past calls); POST `verb`
    approve, refuse or retire with `policy`, a version's id."""
    require(request, READ)
    kind = Kind.read(request.GET.get("kind", ""))
    policy_rows.layer_of(request, kind)
    found = policy_rows.versions(request, kind.text)
    if not found:
        raise Http404
    if request.method == "POST":
        return _decide(request, kind, found)
    context = {
        "title": _("Calling policy"),
        "kind": kind,
        "whose": _whose(request, kind),
        "compared": _compared(request, found),
        "page_url": policy_rows.url_of(kind.text),
        "edit_url": policy_rows.url_of(kind.text, "policy_edit"),
        "me": audit.actor_of(request.user),
        "may_propose": request.user.has_perm(PROPOSE),
        "may_approve": request.user.has_perm(APPROVE),
    }
    return _page(request, "record", context | _shown(request, found))


def policy_edit(request: HttpRequest) -> HttpResponse:
    """Change a kind: POST `verb` preview says what would change, save proposes it.

    GET `account` and `use_case` begin an account's own rules.
    """
    require(request, PROPOSE)
    if begin := request.GET.get("account"):
        return _begin_layer(request, begin, request.GET.get("use_case", ""))
    kind = Kind.read(request.GET.get("kind", ""))
    layer = policy_rows.layer_of(request, kind)
    found = policy_rows.versions(request, kind.text)
    if not found and not kind.is_layer:
        raise Http404
    held = policy_rows.in_force(found, policy_rows.today()) or next(iter(found), None)
    record = held.record if held else _blank(kind)
    form = PolicyForm(record, request.POST or None, layer=kind.is_layer)
    context: dict[str, Any] = {}
    if not form.is_bound and "accept" in request.GET:
        form.initial["status"] = "active"
    elif form.is_bound and form.is_valid():
        try:
            done = _submitted(request, kind, layer, form)
        except ChangeRefused as error:
            form.add_error(None, str(error))
        else:
            if isinstance(done, HttpResponse):
                return done
            context = done
    context |= {
        "title": _("Change the policy"),
        "kind": kind,
        "whose": _whose(request, kind),
        "form": form,
        "page_url": policy_rows.url_of(kind.text)
        if found
        else reverse("admin:policies"),
    }
    return _page(request, "edit", context)


def _page(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(
        request,
        f"admin/calls/policies/{name}.html",
        admin.site.each_context(request) | context,
    )


# --- the list


def _countries(
    rows: list[dict[str, Any]], wanted: str
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rows by country, those without one first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        country = row["parts"].country
        if not row["parts"].is_layer and wanted in ("", country):
            found.setdefault(country, []).append(row)
    return [
        (policy_rows.country_name(country), each) for country, each in found.items()
    ]


def _every_country(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    codes = {row["parts"].country for row in rows} - {""}
    named = [(code, policy_rows.country_name(code)) for code in codes]
    return sorted(named, key=lambda each: each[1])


def _layer_row(request: HttpRequest, row: dict[str, Any]) -> dict[str, Any]:
    return row | {"whose": _whose(request, row["parts"])}


def _whose(request: HttpRequest, kind: Kind) -> str:
    account, batch = policy_rows.layer_of(request, kind)
    return " · ".join(str(each) for each in (account, batch) if each)


# --- one policy


def _shown(request: HttpRequest, found: list[Version]) -> dict[str, Any]:
    """What the page says of the version that holds, of those that wait, and of all."""
    held = policy_rows.in_force(found, policy_rows.today())
    record = (held or found[0]).record
    lines = wording.lines(record)
    state = policy_rows.record_state(record)
    waiting = [v.row for v in found if v.row and v.row.status == Policy.Status.PROPOSED]
    return {
        "record": record,
        "state": state if held else (gettext("Not in force"), ""),
        "is_draft": record.status == "draft",
        "changed": (held or found[0]).row,
        "reading": _reading(record),
        "reviewed": policy_rows.formats_day(policy_rows.reviewed(lines)),
        "valid_from": policy_rows.formats_day(record.valid_from),
        "valid_to": policy_rows.formats_day(record.valid_to),
        "pending_counsel": sum(line.pending_counsel for line in lines),
        "groups": policy_rows.grouped(lines),
        "proposals": [
            policy_rows.proposal(row, held) | {"replay": _replayed(request, row)}
            for row in waiting
        ],
        "history": policy_rows.history(found),
    }


def _reading(record: Record) -> str:
    if not any(cap.reading for cap in record.caps):
        return ""
    return str(wording.READINGS[record.reading])


def _compared(request: HttpRequest, found: list[Version]) -> dict[str, Any] | None:
    """GET `a` and `b`: two versions beside each other."""
    by_number = {str(each.record.version): each for each in found}
    one, other = (by_number.get(request.GET.get(name, "")) for name in "ab")
    if one is None or other is None:
        return None
    gone, new = wording.changes(one.record, other.record)
    return {
        "a": one.record.version,
        "b": other.record.version,
        "gone": gone,
        "new": new,
    }


def _replayed(request: HttpRequest, row: Policy) -> dict[str, Any] | None:
    """GET `replay`: this proposal on the calls of the accounts of this person."""
    if request.GET.get("replay") != str(row.pk):
        return None
    found = policy_replay.replay(row, account_ids=account_ids(request))
    rows = []
    for decision, (words, _tone) in DECISIONS.items():
        codes = sorted(
            {code for made, code in (*found.before, *found.after) if made == decision}
        )
        counts = [
            (found.before[decision, code], found.after[decision, code])
            for code in codes
        ]
        total = (sum(was for was, _is in counts), sum(now for _was, now in counts))
        rows.append(_counted(words, *total, total=True))
        if decision != "allow":
            rows += [
                _counted(sentences.label(code), *count)
                for code, count in zip(codes, counts, strict=True)
            ]
    return {"calls": found.calls, "sampled": found.sampled, "rows": rows}


def _counted(label: Any, was: int, now: int, *, total: bool = False) -> dict[str, Any]:
    return {
        "label": label,
        "before": number(was),
        "after": number(now),
        "difference": f"{now - was:+d}" if now != was else "–",
        "total": total,
    }


def _decide(request: HttpRequest, kind: Kind, found: list[Version]) -> HttpResponse:
    wanted, by = request.POST.get("policy", ""), audit.actor_of(request.user)
    row = next((v.row for v in found if v.row and str(v.row.pk) == wanted), None)
    if row is None:
        raise Http404
    verb, reason = request.POST.get("verb", ""), request.POST.get("reason", "").strip()
    try:
        if verb == "approve":
            require(request, APPROVE)
            policy_changes.approve(row, by=by)
            messages.success(request, _("It is in force from the next call on."))
        elif verb == "refuse":
            # who proposed it may take it back
            require(request, PROPOSE if row.proposed_by == by else APPROVE)
            if policy_changes.refuse(row, by=by, reason=reason):
                messages.success(request, _("It is refused: nothing changes."))
            else:
                messages.warning(request, _("It was decided already."))
        elif verb == "retire":
            require(request, PROPOSE)
            made = policy_changes.retire(
                row, by=by, reason=reason, may_loosen=request.user.has_perm(LOOSEN)
            )
            messages.success(request, _said(made))
        else:
            return HttpResponseBadRequest()
    except ChangeRefused as error:
        messages.error(request, str(error))
    return redirect(policy_rows.url_of(kind.text))


def _said(row: Policy) -> str:
    if row.status == Policy.Status.ACTIVE:
        return gettext("It is in force from the next call on.")
    return gettext("It is proposed: it holds when another administrator approves it.")


# --- changing


def _begin_layer(request: HttpRequest, account_id: str, use_case: str) -> HttpResponse:
    if not ObjectId.is_valid(account_id):
        raise Http404
    account = choices_of(Account, request).filter(pk=ObjectId(account_id)).first()
    if account is None:
        raise Http404
    kind = Kind(account.country, "", use_case, "", str(account.pk), "")
    return redirect(policy_rows.url_of(kind.text, "policy_edit"))


def _submitted(
    request: HttpRequest, kind: Kind, layer: Layer, form: PolicyForm
) -> HttpResponse | dict[str, Any]:
    """Propose what was looked at, or show what it would change. Raises ChangeRefused."""
    written = {**form.cleaned_data["record"], **_place_of(kind)}
    seen = hashlib.sha256(json.dumps(written, sort_keys=True).encode()).hexdigest()
    may_loosen = request.user.has_perm(LOOSEN)
    if request.POST.get("verb") == "save" and request.POST.get("seen") == seen:
        row = policy_changes.propose(
            written,
            by=audit.actor_of(request.user),
            reason=form.cleaned_data["reason"],
            account=layer[0],
            batch=layer[1],
            may_loosen=may_loosen,
        )
        messages.success(request, _said(row))
        return redirect(policy_rows.url_of(kind.text))
    shown = _preview(written, form.record, layer)
    return shown | {"seen": seen, "refused": bool(shown["loosens"]) and not may_loosen}


def _blank(kind: Kind) -> Record:
    """A layer that says nothing yet."""
    return Record(kind.country, kind.use_case, 1, "active", policy_rows.today())


def _place_of(kind: Kind) -> dict[str, str]:
    """What a record is of is not changed: it would be another one."""
    place = {"country": kind.country, "use_case": kind.use_case}
    if kind.subdivision:
        place["subdivision"] = kind.subdivision
    return place | ({"sector": kind.sector} if kind.sector else {})


def _preview(written: dict[str, Any], record: Record, layer: Layer) -> dict[str, Any]:
    difference = policy_changes.difference(written, account=layer[0], batch=layer[1])
    gone, new = wording.changes(
        replace(record, version=1), policy_changes.read(written)
    )
    return {
        "preview": True,
        "gone": gone,
        "new": new,
        "unchanged": {**to_json(record), "version": 1} == {**written, "version": 1},
        **policy_rows.effect(difference),
    }


def _of_batch(request: HttpRequest, batch: Batch) -> list[Link]:
    """From a campaign's page to its own rules, which can only tighten."""
    if not request.user.has_perm(PROPOSE):
        return []
    account = str(batch.account_id)
    kind = Kind(
        batch.account.country, "", batch.use_case, "", account, str(batch.pk)
    ).text
    page = "policy" if policy_rows.versions(request, kind) else "policy_edit"
    return [Link(_("Calling policy"), policy_rows.url_of(kind, page), "gavel")]


pages.BATCH_LINKS.append(_of_batch)
