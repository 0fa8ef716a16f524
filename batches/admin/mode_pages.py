"""Changing a campaign by a list or a file: choose, look at what it does, confirm."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from batches import formats
from batches.admin import pages, work_pages
from batches.admin.base import require
from batches.admin.loading_pages import as_json
from batches.admin.mode_forms import FORMS
from batches.admin.mode_words import FIGURES, MODES, done, figures
from batches.admin.pages import Link, Panel, page_url
from batches.admin.progress import number
from batches.admin.upload_words import CHOICES
from batches.imports import changing, modes, pending, updates, working
from batches.imports.changing import Change
from batches.imports.problems import PasswordNeeded, WorkbookError
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
        try:
            return _keep(request, form, mode, batch)
        except PasswordNeeded as error:
            form.add_error("password", ValidationError(error.message, code=error.code))
        except WorkbookError as error:
            given = "file" if form.cleaned_data["file"] else "text"
            form.add_error(given, ValidationError(error.message, code=error.code))
    context = {"form": form, "step": "choose"}
    return _page(request, model_admin, batch, mode, "choose", context)


def _keep(request: HttpRequest, form: Any, mode: str, batch: Batch) -> HttpResponse:
    content, name = form.content()
    token = pending.keep(
        content,
        file_name=name,
        user_id=request.user.pk,
        choices={"mode": mode, "batch": str(batch.pk), **form.said()},
    )
    kept = pending.find(token, request.user.pk)
    try:
        changing.look(Change.of(kept, batch))
    except WorkbookError:
        pending.drop(token)
        raise
    return redirect("admin:batches_batch_look", batch.pk, token)


def look(
    request: HttpRequest, object_id: str, token: str, model_admin: Any
) -> HttpResponse:
    """Step 2: what it would do. POST `act`: confirm, answer or discard. While a worker
    is at it, the page waits; once it is done, it leads on to the campaign."""
    try:
        change = _change(request, object_id, token, model_admin)
    except Gone as gone:
        return _sent_away(request, gone)
    if request.method == "POST" and change.kept.work is None and not change.done:
        act = _ACTS.get(request.POST.get("act", ""))
        return act(request, change) if act else HttpResponseBadRequest()
    if change.kept.work:
        context = _waiting(change)
        return _page(
            *(request, model_admin, change.batch, change.mode, "waiting", context)
        )
    if change.done:
        messages.success(request, done(change.mode, change.done, change.said["absent"]))
        return redirect("admin:batches_batch_change", change.batch.pk)
    if change.look is None:  # it was begun, and could not be ended
        return _look_again(request, change)
    context = _shown(change)
    return _page(request, model_admin, change.batch, change.mode, "look", context)


def state(
    request: HttpRequest, object_id: str, token: str, model_admin: Any
) -> HttpResponse:
    """What the page asks for every second while it waits."""
    try:
        change = _change(request, object_id, token, model_admin)
    except Gone:
        raise Http404 from None
    return as_json(work_pages.told(change.kept, _url("look", change)))


def cancel(
    request: HttpRequest, object_id: str, token: str, model_admin: Any
) -> HttpResponse:
    """POST: nothing is done; a look that was not the first one is what it was."""
    try:
        change = _change(request, object_id, token, model_admin)
    except Gone as gone:
        return _sent_away(request, gone)
    if request.method == "POST":
        if not working.cancel(change.kept):
            messages.warning(request, _("It was too late to stop it."))
        elif change.kept.work["back"] is None:
            messages.info(request, _("Nothing was changed."))
            return redirect("admin:batches_batch_change", change.batch.pk)
    return redirect("admin:batches_batch_look", change.batch.pk, token)


class Gone(Exception):
    """It was dropped, is too old, or is somebody else's."""


def _change(
    request: HttpRequest, object_id: str, token: str, model_admin: Any
) -> Change:
    """The person's own change of a campaign that they may change so. Raises Gone."""
    require(request, "batches.view_batch")
    kept = pending.find(token, request.user.pk)
    if kept is None or kept.choices.get("batch") != unquote(object_id):
        raise Gone
    batch = _batch(request, object_id, kept.choices.get("mode", ""), model_admin)
    return Change.of(kept, batch)


def _sent_away(request: HttpRequest, _gone: Gone) -> HttpResponse:
    messages.warning(request, _("That list was already used or is kept no longer."))
    return redirect("admin:batches_batch_changelist")


def _batch(request: HttpRequest, object_id: str, mode: str, model_admin: Any) -> Batch:
    """The campaign, provided that this person may change it in this way."""
    if mode not in MODES:
        raise Http404
    require(request, *MODES[mode].permissions)
    batch = model_admin.get_object(request, unquote(object_id))
    if batch is None:
        raise Http404
    return batch


def _discard(request: HttpRequest, change: Change) -> HttpResponse:
    if pending.claim(change.kept.token):
        pending.drop(change.kept.token)
        messages.info(request, _("Nothing was changed."))
    return redirect("admin:batches_batch_change", change.batch.pk)


def _answer(request: HttpRequest, change: Change) -> HttpResponse:
    back = change.said | {"problems": []}
    answers = {
        name: chosen
        for name, choices in CHOICES.items()
        if (chosen := request.POST.get(name, "")) in choices
    }
    change.said = back | {"answers": back["answers"] | answers}
    changing.look(change, back)
    return redirect("admin:batches_batch_look", change.batch.pk, change.kept.token)


def _confirm(request: HttpRequest, change: Change) -> HttpResponse:
    """Do what was looked at; when it would be something else by now, look again."""
    if change.look and not changing.confirm(change, by=audit.actor_of(request.user)):
        messages.warning(request, _("It is being done already."))
    return redirect("admin:batches_batch_look", change.batch.pk, change.kept.token)


_ACTS = {"discard": _discard, "answer": _answer, "confirm": _confirm}


def _look_again(request: HttpRequest, change: Change) -> HttpResponse:
    try:
        changing.look(change)
    except WorkbookError as error:
        pending.drop(change.kept.token)
        messages.error(request, error.message)
        return redirect("admin:batches_batch_mode", change.batch.pk, change.mode)
    return redirect("admin:batches_batch_look", change.batch.pk, change.kept.token)


def _shown(change: Change) -> dict[str, Any]:
    said, found, batch = change.said, change.look, change.batch
    withdraws = said["absent"] == updates.WITHDRAW
    return {
        "step": "look",
        "file_name": change.kept.file_name,
        "problems": said["problems"],
        "figures": figures(found),
        "found": found,
        "reason": said["reason"],
        "everywhere": change.is_everywhere,
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


def _waiting(change: Change) -> dict[str, Any]:
    work = change.kept.work
    return {
        "step": "confirm" if work["step"] == "change" else "look",
        "file_name": change.kept.file_name,
        "told": work_pages.told(change.kept, _url("look", change)),
        "state_url": _url("look_state", change),
        "cancel_url": _url("look_cancel", change),
        "again_url": reverse(
            "admin:batches_batch_mode", args=[change.batch.pk, change.mode]
        ),
        "confirmed": work["step"] == "change",
        "may_stop": not work["begun"],
    }


def _url(page: str, change: Change) -> str:
    args = [change.batch.pk, change.kept.token]
    return reverse(f"admin:batches_batch_{page}", args=args)


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
        "unfinished": _unfinished(request, batch),
        "order_url": reverse("admin:batches_batch_order", args=[batch.pk]),
        "may_order": is_open and request.user.has_perm("batches.control_batch"),
    }
    return [Panel(_("Change the campaign"), "admin/batches/mode/ways.html", context)]


def _unfinished(request: HttpRequest, batch: Batch) -> list[dict[str, Any]]:
    """The person's own lists and files that were not confirmed, or are being used."""
    return [
        {
            "file_name": kept.file_name,
            "words": MODES[kept.choices["mode"]],
            "url": reverse("admin:batches_batch_look", args=[batch.pk, kept.token]),
            "waits": kept.work is None,
        }
        for kept in pending.of_user(request.user.pk)
        if kept.choices.get("batch") == str(batch.pk)
        and kept.choices.get("mode") in MODES
        and not (kept.work and kept.work["refusal"])
    ]


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
