"""Uploading a workbook, step 2: which sheet, and which row has the headers."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from batches.admin.upload_draft import Busy, Gone, find_draft, next_page, sent_away
from batches.imports import drafting
from batches.imports.drafts import Draft

NO_HEADER = "0"


def sheet(request: HttpRequest, token: str, model_admin: Any) -> HttpResponse:
    """GET shows the first rows; POST takes `sheet` and `header_row`. Another sheet, or
    `act` look, comes back here to be seen."""
    try:
        draft = find_draft(request, token)
        if request.method == "POST":
            back = draft.said | {"sheet_seen": False}
            _decide(request, draft)
            if not drafting.do(draft, "sheet", back):
                raise Busy(token)
            if draft.said["sheet_seen"]:
                return next_page(draft)
    except Gone as gone:
        return sent_away(request, gone)
    seen = draft.look
    return TemplateResponse(
        request,
        "admin/batches/upload/sheet.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Sheet and header"),
            "opts": model_admin.opts,
            "draft": draft,
            "seen": seen,
            "letters": seen.header_row == 0,
            "problems": draft.said["problems"],
            "step": 2,
        },
    )


def _decide(request: HttpRequest, draft: Draft) -> None:
    """Take over what was posted."""
    said = request.POST
    chosen, row = said.get("sheet", ""), said.get("header_row", "")
    other_sheet = chosen != draft.said["sheet"]
    draft.said |= {
        "sheet": chosen,
        "header_row": None,
        "sheet_seen": not other_sheet and said.get("act") != "look",
        "problems": [],
    }
    if row.isascii() and row.isdigit() and not other_sheet:
        draft.said["header_row"] = int(row)
