"""Whom a campaign calls first, by a column: chosen, looked at, put in force."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from batches.admin.base import require, sees_personal_data
from batches.admin.pages import page_url
from batches.admin.progress import number
from batches.admin.words import COLUMNS
from batches.imports import ordering
from batches.states import OPEN_BATCH
from speechai_site.runtime import audit


def order(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """GET `column` and `first` (high, low) shows the first cases; POST puts it in
    force."""
    require(request, "batches.control_batch")
    batch = model_admin.get_object(request, unquote(object_id))
    if batch is None or batch.status not in OPEN_BATCH:
        raise Http404
    columns = ordering.columns_of(batch)
    asked = request.POST if request.method == "POST" else request.GET
    column = asked.get("column", batch.order_by.removeprefix("-") or ordering.FILE)
    high = asked.get("first", "high" if batch.order_by.startswith("-") else "low")
    if column not in columns:
        column = ordering.FILE
    wanted = column if high == "low" or column == ordering.FILE else f"-{column}"
    if request.method == "POST":
        ordering.choose(batch, wanted, by=audit.actor_of(request.user))
        messages.success(request, _("The campaign calls in this order from now on."))
        return redirect("admin:batches_batch_change", batch.pk)
    found = ordering.look(batch, wanted)
    full = sees_personal_data(request)
    return TemplateResponse(
        request,
        "admin/batches/batch/order.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Order of calling"),
            "opts": model_admin.opts,
            "batch": batch,
            "batch_url": page_url("batches_batch", batch.pk),
            "columns": [(name, words(name)) for name in columns],
            "column": column,
            "high": wanted.startswith("-"),
            "is_file": column == ordering.FILE,
            "now": batch.order_by,
            "wanted": wanted,
            "first": [(name if full else "•••", value) for name, value in found.first],
            "cases": number(found.cases),
            "without": number(found.without) if found.without else "",
        },
    )


def words(column: str) -> Any:
    """A column as people call it."""
    if column == ordering.FILE:
        return _("As in the files")
    return COLUMNS.get(column, column.removeprefix(ordering.EXTRA))
