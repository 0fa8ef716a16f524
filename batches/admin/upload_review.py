"""Uploading a workbook, the last step: what it holds, and the confirmation."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from batches import formats
from batches.admin import loading_pages
from batches.admin.base import require
from batches.admin.pages import page_url
from batches.admin.progress import number
from batches.admin.upload_draft import Gone, find_draft, next_page, sent_away
from batches.admin.upload_pages import discard
from batches.admin.words import COLUMNS, variable
from batches.imports import background, layouts, pending
from batches.imports.drafts import Draft, question_of
from batches.imports.loading import Begun
from batches.imports.problems import WorkbookError
from batches.models import LayoutProfile
from speechai_site.runtime import audit

_LONGEST_REASON = 255


def preview(request: HttpRequest, token: str, model_admin: Any) -> HttpResponse:
    """What the workbook holds. POST `act`: create, start or discard; `reason` when its
    total is another by far."""
    try:
        draft = find_draft(request, token)
        if not draft.preview or not draft.said["columns_seen"]:
            if request.POST.get("act") == "discard":
                return discard(request, draft)
            draft.said["columns_seen"] = False
            return next_page(draft)
        if request.method == "POST":
            return _decide(request, draft)
    except Gone as gone:
        return sent_away(request, gone)
    batch = draft.batch
    return TemplateResponse(
        request,
        "admin/batches/upload/preview.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("What the workbook holds"),
            "opts": model_admin.opts,
            "draft": draft,
            "file_name": draft.file_name,
            "account": draft.account,
            "batch": batch,
            "name": draft.said["name"] or Path(draft.file_name).stem,
            "may_start": request.user.has_perm("batches.control_batch"),
            "before": _uploaded_before(draft),
            "profile": draft.profile,
            "step": 4,
            **_shown(draft),
        },
    )


# --- the confirmation ---------------------------------------------------------------


def _decide(request: HttpRequest, draft: Draft) -> HttpResponse:
    act = request.POST.get("act")
    reason = " ".join(request.POST.get("reason", "").split())[:_LONGEST_REASON]
    back = redirect("admin:batches_upload_preview", draft.token)
    if act == "discard":
        return discard(request, draft)
    if act not in ("create", "start"):
        return back
    if act == "start":
        require(request, "batches.control_batch")
    if not draft.said["again_seen"] and draft.same_file:
        return next_page(draft)
    if draft.unfed:
        messages.error(request, _("The agent's script lacks variables: see below."))
        return back
    has_jumped = _has_jumped(draft)
    if has_jumped and not reason:
        messages.error(request, _("Write why the amounts are right, or discard it."))
        return back
    if not pending.claim(draft.token):
        messages.warning(request, _("That workbook is being imported already."))
        return redirect("admin:batches_batch_changelist")
    by = audit.actor_of(request.user)
    rows, start = draft.preview["rows"], act == "start"
    try:
        upload = background.submit(_begun(draft, by=by), start=start)
    except WorkbookError as error:
        pending.unclaim(draft.token)
        messages.error(request, error.message)
        return back
    except BaseException:
        pending.unclaim(draft.token)
        raise
    if has_jumped:
        audit.record("upload.jump", upload, by=by, reason=reason)
    pending.drop(draft.token)
    return loading_pages.follow(request, upload, rows=rows)


def _begun(draft: Draft, *, by: str) -> Begun:
    """A confirmed draft, as the importer takes it; its layout is kept."""
    return Begun(
        draft.content,
        draft.account,
        draft.said["use_case"],
        draft.said["options"],
        by,
        file_name=draft.file_name,
        batch=draft.batch,
        name=draft.said["name"],
        agent=draft.agent,
        number=draft.number,
        answers=draft.answers,
        layout=_remembered(draft, by=by),
    )


def _remembered(draft: Draft, *, by: str) -> LayoutProfile | None:
    """The layout, kept for the next file; the figures to compare that with follow when
    this one is loaded. Corrected rows are no file to compare with."""
    seen, said = draft.look, draft.said
    if seen.corrects:
        return None
    kept = [[k, v] for k, v in said["answers"].items() if k in layouts.REMEMBERED]
    kept += [[f"duplicates_{k}", str(v)] for k, v in said["duplicates"].items()]
    return layouts.remember(
        draft.account,
        said["use_case"],
        seen.headers,
        draft.layout,
        by=by,
        name=draft.profile.name if draft.profile else Path(draft.file_name).stem,
        sheet=seen.sheet[:64],
        header_row=str(seen.header_row),
        fixed=said["fixed"],
        answers=kept,
        options=[[name, str(text)] for name, text in said["options"].items()],
    )


# --- what is shown ------------------------------------------------------------------


def _has_jumped(draft: Draft) -> bool:
    last = _last_figures(draft)
    return bool(last) and layouts.jumped(layouts.figures_of(draft.preview), last)


def _last_figures(draft: Draft) -> dict[str, str]:
    """What the last file of the layout held; nothing when there is none to compare."""
    profile = draft.profile
    if profile is None or draft.look.corrects:
        return {}
    return profile.figures


def _uploaded_before(draft: Draft) -> dict[str, str] | None:
    """When the same bytes were uploaded for this account, and to which campaign."""
    upload = draft.same_file
    if upload is None:
        return None
    url = page_url("batches_upload", upload.pk)
    return {"at": formats.when(upload.created_at), "url": url}


def _shown(draft: Draft) -> dict[str, Any]:
    """What was read, as the page shows it."""
    seen, unfed = draft.preview, dict(draft.preview["unfed"])
    lacking = draft.unfed
    return {
        "sheet": seen["sheet"],
        "other_sheets": draft.look.other_sheets,
        "figures": _figures(draft),
        "duplicates": seen["duplicates"],
        "skips": draft.answers.duplicates.act == "skip",
        "over": number(over) if (over := seen.get("over", 0)) else "",
        "sets_days": any(option.kind == "days" for option in draft.use_case.options),
        "no_cases": not seen["jobs"] and not seen["joined"],
        "columns": [
            (COLUMNS.get(name, name), header)
            for name, header in seen["columns"].items()
        ],
        "unread": seen["unread_columns"],
        "samples": [_sample(dict(sample)) for sample in seen["samples"]],
        "errors": [dict(error) for error in seen["errors"]],
        "error_count": seen["error_count"],
        "questions": [q.text for q in draft.open_questions],
        "warnings": [
            q.text for q in map(question_of, seen["questions"]) if not q.answer
        ],
        "lacking": [variable(name) for name in lacking],
        "partly": [
            (variable(name), number(count))
            for name, count in unfed.items()
            if name not in lacking
        ],
        "compared": _compared(draft),
        "jumped": _has_jumped(draft),
        "corrects": draft.look.corrects,
    }


def _figures(draft: Draft) -> list[tuple[Any, str, str]]:
    """(label, figure, tone): rows first, then what became of them."""
    seen = draft.preview
    hidden, skipped = seen["hidden_rows"], draft.said["answers"].get("hidden_rows")
    joined = [(_("Joined to their case in the campaign"), seen["joined"], "")]
    joined = joined if draft.batch else []  # of a new campaign none can
    left = _("Hidden, left out") if skipped == "skip" else _("Hidden, read too")
    told = [
        (_("Rows"), seen["rows"], ""),
        (_("Persons"), seen["contacts"], ""),
        (_("Cases"), seen["jobs"], ""),
        (_("Total amount"), formats.money(Decimal(seen["total_amount"])), ""),
        (_("Rows joined to another's case"), seen["merged"], ""),
        *joined,
        (_("Rows reported"), seen["error_count"], "danger"),
        (_("Left out by filters"), sum(seen["filtered"]), ""),
        (left, hidden, "warning") if hidden else (_("Hidden rows"), hidden, ""),
        (_("Without a usable phone"), seen["without_phone"], "warning"),
        (_("Duplicates"), seen["duplicates"], "warning"),
        (_("Debts that stand twice"), seen["repeated"], "warning"),
        (_("Warnings"), seen["warning_count"], ""),
    ]
    return [
        (label, _counted(count), tone if count else "") for label, count, tone in told
    ]


def _counted(count: int | str | None) -> str:
    if count is None:
        return gettext("not known")
    return count if isinstance(count, str) else number(count)


def _compared(draft: Draft) -> dict[str, Any] | None:
    """This file beside the last one of its layout: (label, now, last, change)."""
    last = _last_figures(draft)
    if not last:
        return None
    now = layouts.figures_of(draft.preview)
    labels = {
        "cases": _("Cases"),
        "total": _("Total amount"),
        "mean": _("Mean of a case"),
        "phones": _("Phones"),
    }
    return {
        "file_name": last.get("file_name", ""),
        "when": formats.when(datetime.fromisoformat(last["at"])),
        "lines": [
            (label, _figure(name, now), _figure(name, last), _change(name, now, last))
            for name, label in labels.items()
        ],
    }


def _figure(name: str, figures: dict[str, str]) -> str:
    value = Decimal(figures.get(name, "0"))
    return formats.money(value) if name in ("total", "mean") else number(value)


def _change(name: str, now: dict[str, str], last: dict[str, str]) -> str:
    """`+12 %`, `× 10,0`: as a person compares two figures."""
    own, other = Decimal(now.get(name, "0")), Decimal(last.get(name, "0"))
    if not other:
        return formats.EMPTY
    ratio = own / other
    if ratio >= 3:
        return f"× {ratio:.1f}".replace(".", ",")
    if 0 < ratio <= Decimal("0.3"):
        return f"÷ {1 / ratio:.1f}".replace(".", ",")
    percent = round(100 * (ratio - 1))
    return f"{percent:+d} %" if percent else gettext("as before")


def _sample(sample: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": sample["name"],
        "creditor": sample["creditor"],
        "amount": formats.money(Decimal(sample["amount"])),
        "phones": [formats.phone(e164) for e164 in sample["phones"]],
        "variables": [(variable(key), text) for key, text in sample["variables"]],
    }
