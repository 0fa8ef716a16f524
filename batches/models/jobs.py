"""A case: one person and one creditor, to be called until there is a result."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_mongodb_backend.fields import ArrayField

from batches import states
from batches.models.accounts import Account
from batches.models.batches import Batch
from batches.models.uploads import Upload
from speechai_site.runtime import clock
from speechai_site.runtime.documents import collection


class Job(models.Model):
    """One person × creditor of a batch. Arrows: `batches/states.py`.

    JSON columns hold only text (a datetime in one makes every read fail).
    """

    Status = states.JobStatus

    account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("account"), db_index=False
    )
    batch = models.ForeignKey(
        Batch, models.CASCADE, verbose_name=_("campaign"), db_index=False
    )
    upload = models.ForeignKey(
        Upload, models.CASCADE, verbose_name=_("upload"), null=True
    )
    # --- who, and what about
    name = models.CharField(_("name"), max_length=200, blank=True)
    document = models.CharField(_("document"), max_length=32, blank=True)
    creditor = models.CharField(_("creditor"), max_length=120, blank=True)
    amount = models.DecimalField(
        _("balance owed"), max_digits=20, decimal_places=6, default=Decimal(0)
    )
    coupons = models.PositiveIntegerField(_("installments"), default=0)
    limit_date = models.DateField(_("pay by"), null=True, blank=True)
    max_date = models.DateField(_("latest promise"), null=True, blank=True)
    # [{"e164": "+569…", "kind": "mobile|landline|unknown", "state": "ok|bad|wrong"}]
    phones = models.JSONField(_("phones"), default=list)
    # [{"operation", "due_date", "days_late", "amount", …}], all text. With payments
    # also "loaded", the amount of the file, and "paid"; what is paid has amount "0"
    debts = models.JSONField(_("debts"), default=list)
    variables = models.JSONField(_("variables for the agent"), default=dict)
    extra = models.JSONField(_("other columns"), default=list)  # [[header, text]]
    warnings = models.JSONField(_("warnings"), default=list)
    source_rows = ArrayField(models.IntegerField(), default=list, size=None)
    # where this person is, as far as the file or a landline says: regions' codes and
    # folded names, upper case (batches/imports/normalizers/places.py)
    places = ArrayField(models.CharField(max_length=80), default=list)
    # --- how they are found, capped and suppressed (speechai_site/runtime/keys.py)
    person_key = models.CharField(max_length=64)
    document_key = models.CharField(max_length=64, blank=True)
    creditor_key = models.CharField(max_length=120, blank=True)
    phone_keys = ArrayField(models.CharField(max_length=64), default=list)
    name_keys = ArrayField(models.CharField(max_length=64), default=list)
    # --- where it stands
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.QUEUED
    )
    status_reason = models.CharField(_("reason"), max_length=64, blank=True)
    rank = models.IntegerField(_("order"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    faults = models.PositiveSmallIntegerField(default=0)
    refusals = models.PositiveSmallIntegerField(default=0)
    phone_index = models.PositiveSmallIntegerField(default=0)
    # the dispatch round that claimed it; its Call carries the same
    round_id = models.CharField(max_length=40, blank=True)
    stop_requested = models.CharField(max_length=12, blank=True)
    stop_reason = models.CharField(max_length=64, blank=True)  # of stop_requested
    # --- what came of it
    outcome = models.CharField(_("outcome"), max_length=16, blank=True)
    disposition = models.CharField(_("disposition"), max_length=40, blank=True)
    promise_date = models.DateField(_("promised date"), null=True, blank=True)
    promise_amount = models.DecimalField(
        _("promised amount"), max_digits=20, decimal_places=6, null=True, blank=True
    )
    callback_at = models.DateTimeField(_("callback"), null=True, blank=True)
    created_at = models.DateTimeField(_("made"), default=clock.now)
    # when its file said the amounts: payments that were loaded later come off them
    balance_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(_("closed"), null=True)
    history = models.JSONField(default=list)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["-pk"]
        indexes = [
            # claim: due ids of a batch, by rank, from the index alone
            models.Index(
                fields=["batch", "status", "next_attempt_at", "rank", "id"],
                name="job_due",
            ),
            # callbacks that are due, or soon will be; few cases have one
            models.Index(
                fields=["callback_at"],
                name="job_callback",
                condition=models.Q(callback_at__gt=datetime(2000, 1, 1, tzinfo=UTC)),
            ),
            # why cases wait or may not be called: how many, and since when they may
            models.Index(
                fields=["batch", "status", "status_reason", "next_attempt_at"],
                name="job_reason",
                condition=models.Q(
                    status__in=[str(status) for status in states.NOT_CALLED],
                    status_reason__gt="",
                ),
            ),
            # cases of a region
            models.Index(fields=["batch", "places"], name="job_places"),
            # lists: by batch, by account, by status; newest first
            models.Index(fields=["batch", "-id"], name="job_batch"),
            models.Index(fields=["account", "-id"], name="job_account"),
            models.Index(fields=["status", "-id"], name="job_status"),
            # look-up of a person
            models.Index(fields=["person_key", "account"], name="job_person"),
            models.Index(fields=["document_key"], name="job_document"),
            models.Index(fields=["phone_keys"], name="job_phones"),
            models.Index(fields=["name_keys"], name="job_names"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @classmethod
    def by_status(cls, batch_id: Any) -> dict[str, int]:
        """How many jobs of a batch are in each status; those with none are left out."""
        rows = collection(cls).aggregate(
            [
                {"$match": {"batch_id": batch_id}},
                {"$group": {"_id": "$status", "n": {"$sum": 1}}},
            ]
        )
        return {row["_id"]: row["n"] for row in rows}
