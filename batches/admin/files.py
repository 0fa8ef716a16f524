"""Files of an upload, given to who may read persons' data; each time is recorded."""

from pathlib import Path
from typing import Any

from django.contrib.admin.utils import unquote
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from batches import use_cases
from batches.admin.base import require
from batches.imports import error_workbook, storage
from batches.imports.problems import WorkbookError
from batches.imports.template import template_workbook
from batches.models import Account, Upload
from speechai_site.runtime import audit

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def errors(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """The reported rows, to be corrected and uploaded again."""
    upload = _asked(request, object_id, model_admin)
    path = error_workbook.path_for(upload.pk)
    if not path.exists():
        raise Http404
    audit.record("upload.errors", upload, by=audit.actor_of(request.user))
    name = _("errors of %(file)s") % {"file": f"{Path(upload.file_name).stem}.xlsx"}
    return FileResponse(path.open("rb"), as_attachment=True, filename=name)


def original(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """The workbook as it came."""
    upload = _asked(request, object_id, model_admin)
    audit.record("upload.download", upload, by=audit.actor_of(request.user))
    return FileResponse(
        storage.open_file(upload), as_attachment=True, filename=upload.file_name
    )


def template(request: HttpRequest, use_case: str, model_admin: Any) -> HttpResponse:
    """The template workbook of a use case, for accounts of the country in `country`."""
    require(request, "batches.add_upload")
    country = request.GET.get("country", Account.Country.CHILE)
    try:
        content = template_workbook(use_case, get_language() or "es", country)
    except WorkbookError as error:
        raise Http404 from error
    name = _("template %(use_case)s") % {"use_case": use_cases.get(use_case).label}
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(
        True,  # noqa: FBT003 Django's signature
        f"{name}.xlsx",
    )
    return response


def _asked(request: HttpRequest, object_id: str, model_admin: Any) -> Upload:
    require(request, "batches.view_upload", "reports.see_personal_data")
    upload = model_admin.get_object(request, unquote(object_id))
    if upload is None:
        raise Http404
    return upload
