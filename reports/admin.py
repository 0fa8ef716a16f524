"""The report of a campaign as a download; its button stands on the campaign's page."""

import tempfile

from django.contrib.admin.utils import unquote
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from batches.admin import pages
from batches.admin.base import choices_of, require, sees_cost
from batches.admin.filters import object_id
from batches.admin.pages import Link
from batches.models import Batch
from reports import workbooks
from speechai_site.runtime import audit

NEEDED = ("batches.view_batch", "reports.export_report", "reports.see_personal_data")
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IN_MEMORY_BYTES = 5_000_000


def download_report(request: HttpRequest, batch_id: str) -> HttpResponse:
    """The workbook of one campaign. `write_report` records who took it."""
    require(request, *NEEDED)
    batch = choices_of(Batch, request).filter(pk=object_id(unquote(batch_id))).first()
    if batch is None:
        raise Http404
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 the response closes it
    workbooks.write_report(
        batch, file, by=audit.actor_of(request.user), cost=sees_cost(request)
    )
    file.seek(0)
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"{slugify(batch.name) or batch.pk}.xlsx",
        content_type=EXCEL,
    )


def report_link(request: HttpRequest, batch: Batch) -> list[Link]:
    if not request.user.has_perms(NEEDED):
        return []
    url = reverse("admin:batch_report", args=[batch.pk])
    return [Link(_("Download report"), url, "download")]


pages.BATCH_LINKS.append(report_link)
