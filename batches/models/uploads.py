"""One workbook as it came, and what its rows became."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from batches import states
from batches.models.accounts import Account
from batches.models.batches import Batch
from batches.models.layouts import LayoutProfile
from speechai_site.runtime import clock


class Upload(models.Model):
    """A workbook that fed a batch. Its bytes are in GridFS under `sha256`."""

    Status = states.UploadStatus

    class Mode(models.TextChoices):
        NEW = "new", _("New cases")
        ADD = "add", _("Added to a campaign")
        UPDATE = "update", _("Update")

    account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("account"), db_index=False
    )
    # none: it was made for this upload, which failed or was cancelled
    batch = models.ForeignKey(
        Batch,
        models.CASCADE,
        verbose_name=_("campaign"),
        related_name="uploads",
        null=True,
    )
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.PositiveIntegerField(_("bytes"), default=0)
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.QUEUED
    )
    mode = models.CharField(
        _("mode"), max_length=8, choices=Mode, default=Mode.NEW, editable=False
    )
    # what an update did: [[name, count as text]]
    changes = models.JSONField(default=list, blank=True, editable=False)
    # its cases are counted and still hidden: see imports/updates.py
    to_release = models.BooleanField(default=False, editable=False)
    options = models.JSONField(_("options"), default=dict, blank=True)
    # what was decided about the file (imports/questions.py), never its password
    answers = models.JSONField(null=True)
    # which of the account's layouts it was confirmed with
    layout = models.ForeignKey(
        LayoutProfile, models.SET_NULL, null=True, related_name="+"
    )
    language = models.CharField(max_length=8, blank=True)  # of what it reports
    rows = models.PositiveIntegerField(_("rows"), default=0)
    contacts = models.PositiveIntegerField(_("persons"), default=0)
    jobs = models.PositiveIntegerField(_("cases"), default=0)
    without_phone = models.PositiveIntegerField(_("without phone"), default=0)
    duplicates = models.PositiveIntegerField(_("already in a campaign"), default=0)
    error_count = models.PositiveIntegerField(_("rows reported"), default=0)
    warning_count = models.PositiveIntegerField(_("warnings"), default=0)
    total_amount = models.DecimalField(
        _("total amount"), max_digits=24, decimal_places=6, default=Decimal(0)
    )
    # --- how its loading goes; wall time (batches/imports/loading.py)
    rows_expected = models.PositiveIntegerField(default=0)  # 0: not known
    rows_read = models.PositiveIntegerField(default=0)
    jobs_stored = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    # when its task was queued last; none: it is loaded by a command, not by workers
    queued_wall = models.DateTimeField(null=True)
    started_wall = models.DateTimeField(null=True)
    ended_wall = models.DateTimeField(null=True)
    # something is still to be done about it (batches/imports/background.py)
    to_tend = models.BooleanField(default=False)
    cancel_by = models.CharField(max_length=150, blank=True)  # who wants it cancelled
    start_by = models.CharField(max_length=150, blank=True)  # and its campaign started
    problem = models.CharField(max_length=40, blank=True)
    problem_text = models.CharField(_("why"), max_length=500, blank=True)
    history = models.JSONField(default=list)
    created_by = models.CharField(_("uploaded by"), max_length=150)
    created_at = models.DateTimeField(_("uploaded"), default=clock.now)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["account", "-id"], name="upload_account"),
            models.Index(
                fields=["to_release"],
                name="upload_to_release",
                condition=models.Q(to_release=True),
            ),
            models.Index(
                fields=["to_tend"],
                name="upload_to_tend",
                condition=models.Q(to_tend=True),
            ),
        ]
        constraints = [
            # the same file is not loaded twice at a time
            models.UniqueConstraint(
                fields=["account", "sha256"],
                condition=models.Q(status__in=[str(s) for s in states.LOADING]),
                name="upload_once",
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class UploadError(models.Model):
    """A row that did not become part of a job, and why."""

    upload = models.ForeignKey(
        Upload, models.CASCADE, related_name="row_errors", db_index=False
    )
    row = models.PositiveIntegerField(_("row"))
    column = models.CharField(_("column"), max_length=255, blank=True)
    value = models.CharField(_("value"), max_length=255, blank=True)
    code = models.CharField(_("code"), max_length=40)
    message = models.CharField(_("why"), max_length=500)
    cells = models.JSONField(_("the row as it was"), default=list)

    class Meta:
        verbose_name = _("reported row")
        verbose_name_plural = _("reported rows")
        indexes = [models.Index(fields=["upload", "row"], name="upload_error_row")]

    def __str__(self) -> str:
        return f"{self.row}: {self.code}"
