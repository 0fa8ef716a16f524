"""Changing a campaign by a list or a file: choose, look at what it does, confirm."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from batches import formats
from batches.admin import pages
from batches.admin.base import require
from batches.admin.mode_forms import FORMS
from batches.admin.mode_words import FIGURES, MODES, done, figures
from batches.admin.pages import Link, Panel, page_url
from batches.admin.progress import number
from batches.admin.upload_words import CHOICES
from batches.imports import modes, pending, updates
from batches.imports.modes import Look, Wanted
from batches.imports.problems import WorkbookError
from batches.imports.questions import Answers, DuplicatePolicy
from batches.models import Batch, Upload
from batches.states import OPEN_BATCH, BatchStatus
from speechai_site.runtime import audit


def choose(
    request: HttpRequest, object_id: str, mode: str, model_admin: Any
) -> HttpResponse:
    """Step 1: a list or a file. It is kept, and leads to step 2."""
    batch = _batch(request, object_id, mode, model_admin)
    form = FORMS[mode](request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        content, name = form.content()
        token = pending.keep(
            content,
            file_name=name,
            user_id=request.user.pk,
            choices={"mode": mode, "batch": str(batch.pk), "answers": {}} | form.said(),
        )
        return redirect("admin:batches_batch_look", batch.pk, token)
    return _page(
        request, model_admin, batch, mode, "choose", {"form": form, "step": "choose"}
    )


def look(
    request: HttpRequest, object_id: str, token: str, model_admin: Any
) -> HttpResponse:
    """Step 2: what it would do. POST `act`: confirm, answer or discard."""
    require(request, "batches.view_batch")
    kept = pending.find(token, request.user.pk)
    if kept is None or kept.choices.get("batch") != unquote(object_id):
        messages.warning(request, _("That list was already used or is kept no longer."))
        return redirect("admin:batches_batch_changelist")
    mode = kept.choices["mode"]
    batch = _batch(request, object_id, mode, model_admin)
    act = request.POST.get("act")
    if act == "discard":
        pending.drop(token)
        messages.info(request, _("Nothing was changed."))
        return redirect("admin:batches_batch_change", batch.pk)
    if act == "answer":
        return _answer(request, kept, batch)
    wanted = _wanted(kept, batch)
    try:
        found = modes.look(wanted)
        if act == "confirm":
            return _confirm(request, kept, wanted, found)
    except WorkbookError as error:
        messages.error(request, error.message)
        return redirect("admin:batches_batch_mode", batch.pk, mode)
    seen = kept.choices | {"seen": found.plain()}
    pending.decide(token, request.user.pk, seen)
    context = _shown(found, kept, batch) | {"step": "look"}
    return _page(request, model_admin, batch, mode, "look", context)


def _batch(request: HttpRequest, object_id: str, mode: str, model_admin: Any) -> Batch:
    """The campaign, provided that this person may change it in this way."""
    if mode not in MODES:
        raise Http404
    require(request, *MODES[mode].permissions)
    batch = model_admin.get_object(request, unquote(object_id))
    if batch is None:
        raise Http404
    return batch


def _wanted(kept: pending.Pending, batch: Batch) -> Wanted:
    said = kept.choices
    everywhere = said["mode"] == modes.PAYMENTS or said.get("scope") == "account"
    return Wanted(
        said["mode"],
        batch.account,
        None if everywhere else batch,
        kept.content(),
        file_name=kept.file_name,
        pasted=said.get("pasted", False),
        reason=said.get("reason", ""),
        absent=said.get("absent", updates.KEEP),
        answers=Answers(
            **said["answers"],
            duplicates=DuplicatePolicy(**said.get("duplicates", {})),
        ),
    )


def _answer(request: HttpRequest, kept: pending.Pending, batch: Batch) -> HttpResponse:
    answers = {
        name: chosen
        for name, choices in CHOICES.items()
        if (chosen := request.POST.get(name, "")) in choices
    }
    said = kept.choices | {"answers": kept.choices["answers"] | answers}
    pending.decide(kept.token, request.user.pk, said)
    return redirect("admin:batches_batch_look", batch.pk, kept.token)


def _confirm(
    request: HttpRequest, kept: pending.Pending, wanted: Wanted, found: Look
) -> HttpResponse:
    """Do what was looked at; when it would be something else by now, look again."""
    again = redirect("admin:batches_batch_look", kept.choices["batch"], kept.token)
    if not found.still_holds(kept.choices["seen"]):
        messages.warning(
            request,
            _("Something changed meanwhile: these are the new figures. Confirm again."),
        )
        return again
    if not pending.claim(kept.token):
        messages.warning(request, _("It is being done already."))
        return redirect("admin:batches_batch_change", kept.choices["batch"])
    try:
        result = modes.do(wanted, by=audit.actor_of(request.user))
    except WorkbookError as error:
        pending.unclaim(kept.token)
        messages.error(request, error.message)
        return again
    except BaseException:
        pending.unclaim(kept.token)
        raise
    pending.drop(kept.token)
    messages.success(request, done(wanted.mode, result))
    return redirect("admin:batches_batch_change", kept.choices["batch"])


def _shown(found: Look, kept: pending.Pending, batch: Batch) -> dict[str, Any]:
    said = kept.choices
    withdraws = said.get("absent") == updates.WITHDRAW
    return {
        "file_name": kept.file_name,
        "figures": figures(found),
        "found": found,
        "reason": said.get("reason", ""),
        "everywhere": said["mode"] == modes.PAYMENTS or said.get("scope") == "account",
        "leaving": found.figures.get("leaving"),
        "withdraws": withdraws,
        "unread": withdraws and found.figures["errors"],
        "running": batch.status == BatchStatus.RUNNING,
        "questions": [
            {
                "text": question.text,
                "column": question.column,
                "count": question.count,
                "examples": question.examples,
                "name": question.answer,
                "chosen": said["answers"].get(question.answer, ""),
                "choices": [
                    (value, CHOICES[question.answer][value])
                    for value in question.choices
                ],
            }
            for question in found.questions
        ],
    }


def _page(
    request: HttpRequest,
    model_admin: Any,
    batch: Batch,
    mode: str,
    template: str,
    context: dict[str, Any],
) -> HttpResponse:
    return TemplateResponse(
        request,
        f"admin/batches/mode/{template}.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": MODES[mode].title,
            "opts": model_admin.opts,
            "batch": batch,
            "batch_url": page_url("batches_batch", batch.pk),
            "mode": mode,
            "words": MODES[mode],
            **context,
        },
    )


# --- where they are found


def ways(request: HttpRequest, batch: Batch) -> list[Panel]:
    """How a campaign may be changed, for its page; of an ended one payments come."""
    is_open = batch.status in OPEN_BATCH
    rows = [
        (reverse("admin:batches_batch_mode", args=[batch.pk, mode]), words)
        for mode, words in MODES.items()
        if request.user.has_perms(words.permissions)
        and (is_open or mode == modes.PAYMENTS)
    ]
    if not rows:
        return []
    context = {
        "ways": rows,
        "order_url": reverse("admin:batches_batch_order", args=[batch.pk]),
        "may_order": is_open and request.user.has_perm("batches.control_batch"),
    }
    return [Panel(_("Change the campaign"), "admin/batches/mode/ways.html", context)]


def first_way(request: HttpRequest, batch: Batch) -> list[Link]:
    """The one that is used every day."""
    words = MODES[modes.WITHDRAW]
    if batch.status not in OPEN_BATCH or not request.user.has_perms(words.permissions):
        return []
    url = reverse("admin:batches_batch_mode", args=[batch.pk, modes.WITHDRAW])
    return [Link(words.title, url, words.icon)]


def changes_of(request: HttpRequest, upload: Upload) -> list[Panel]:
    """What an update did to its campaign."""
    shown = ("rows", "cases", "new", "without_phone", "joined")
    rows = [
        (FIGURES["new_cases" if name == "new" else name][0], number(count))
        for name, count in upload.changes
        if name in shown or upload.mode == Upload.Mode.UPDATE
    ]
    if not rows:
        return []
    context = {
        "mode": upload.get_mode_display(),
        "rows": rows,
        "when": formats.moment(upload.created_at),
    }
    return [Panel(_("What it changed"), "admin/batches/mode/changes.html", context)]


pages.BATCH_LINKS.append(first_way)
pages.BATCH_PANELS.append(ways)
pages.UPLOAD_PANELS.append(changes_of)
