"""What went wrong in what was said: a list that people work off."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models import Account, Batch, Job
from calls import states
from calls.models.calls import Call
from speechai_site.runtime import clock

# Business time until an incident should have been looked at.
DUE_AFTER = timedelta(days=1)


def due_from_now() -> datetime:
    return clock.now() + DUE_AFTER


class Incident(models.Model):
    """One thing that was said, or not said, in one call. Arrows: `calls/states.py`.

    `id` is `CALL.KIND.CODE`, so that the same result adds it once, however often it
    comes. It holds codes and a place in the transcript, never words of it.
    """

    class Kind(models.TextChoices):
        MISSING_DISCLOSURE = "missing_disclosure", _("Notice not said")
        DEBT_BEFORE_IDENTITY = "debt_before_identity", _("Debt before identity")
        FORBIDDEN_SPEECH = "forbidden_speech", _("Forbidden speech")

    Status = states.IncidentStatus

    id = models.CharField(primary_key=True, db_column="_id", max_length=120)
    call = models.ForeignKey(Call, models.CASCADE, verbose_name=_("call"))
    job = models.ForeignKey(Job, models.CASCADE, verbose_name=_("case"), db_index=False)
    batch = models.ForeignKey(
        Batch, models.CASCADE, verbose_name=_("campaign"), db_index=False
    )
    account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("account"), db_index=False
    )
    kind = models.CharField(_("kind"), max_length=24, choices=Kind)
    # a notice's or a forbidden rule's; empty for debt before identity
    code = models.CharField(_("what"), max_length=32, blank=True)
    # index in the call's transcript, where there is one to point at
    utterance = models.PositiveIntegerField(null=True)
    disclosure_version = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(_("found"), default=clock.now)
    due_at = models.DateTimeField(_("due"), default=due_from_now)
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.OPEN
    )
    # who works on it, as in the activity log: `user:NAME`
    owner = models.CharField(_("owner"), max_length=160, blank=True)
    resolution = models.TextField(_("resolution"), blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True)
    history = models.JSONField(default=list)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["account", "-id"], name="incident_account"),
            models.Index(fields=["batch", "-id"], name="incident_batch"),
            models.Index(fields=["status", "account"], name="incident_open"),
        ]
        permissions = [("work_incident", _("Can take and resolve incidents"))]

    def __str__(self) -> str:
        return self.pk
