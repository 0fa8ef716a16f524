"""Files of an upload, given to who may read persons' data; each time is recorded."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from batches.admin.base import require
from batches.imports import error_workbook, storage
from batches.models import Upload
from speechai_site.runtime import audit


def errors(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """The reported rows, to be corrected and uploaded again."""
    upload = _asked(request, object_id, model_admin)
    path = error_workbook.path_for(upload.pk)
    if not path.exists():
        raise Http404
    audit.record("upload.errors", upload, by=audit.actor_of(request.user))
    name = _("errors of %(file)s") % {"file": upload.file_name}
    return FileResponse(path.open("rb"), as_attachment=True, filename=name)


def original(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """The workbook as it came."""
    upload = _asked(request, object_id, model_admin)
    audit.record("upload.download", upload, by=audit.actor_of(request.user))
    return FileResponse(
        storage.open_file(upload), as_attachment=True, filename=upload.file_name
    )


def _asked(request: HttpRequest, object_id: str, model_admin: Any) -> Upload:
    require(request, "batches.view_upload", "reports.see_personal_data")
    upload = model_admin.get_object(request, unquote(object_id))
    if upload is None:
        raise Http404
    return upload
