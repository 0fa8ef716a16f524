"""Uploading a workbook, step 2: which sheet, and which row has the headers."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from batches.admin.upload_draft import Draft, Gone, find_draft, sent_away
from batches.imports.problems import WorkbookError

NO_HEADER = "0"


def sheet(request: HttpRequest, token: str, model_admin: Any) -> HttpResponse:
    """GET shows the first rows; POST takes `sheet` and `header_row`. Another sheet, or
    `act` look, comes back here to be seen."""
    refusal = ""
    try:
        draft = find_draft(request, token)
        if request.method == "POST":
            refusal = _decide(request, draft)
            draft.save()
            if not refusal and draft.said["sheet_seen"]:
                return draft.next_page()
    except Gone:
        return sent_away(request)
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
            "refusal": refusal,
            "step": 2,
        },
    )


def _decide(request: HttpRequest, draft: Draft) -> str:
    """Take over what was posted; why it cannot be, or nothing."""
    said, before = request.POST, dict(draft.said)
    chosen, row = said.get("sheet", ""), said.get("header_row", "")
    other_sheet = chosen != draft.said["sheet"]
    draft.said["sheet_seen"] = not other_sheet and said.get("act") != "look"
    if row.isascii() and row.isdigit() and not other_sheet:
        draft.said["header_row"] = int(row)
    else:
        draft.said["header_row"] = None
    draft.said["sheet"] = chosen
    changed = draft.said["header_row"] != before["header_row"] or other_sheet
    try:
        if changed:
            draft.said |= {"columns_seen": False, "asked": [], "answers": {}}
            draft.look_again()
        if draft.said["sheet_seen"] and (changed or not draft.said["preview"]):
            draft.read()
    except WorkbookError as error:
        draft.said.clear()
        draft.said |= before | {"sheet_seen": False}
        return error.message
    return ""
