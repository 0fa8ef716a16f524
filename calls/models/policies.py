"""Rules that people changed, and what the gate decided by them.

The shipped records and holidays are code (calls/policies/countries, holidays.py); rows
here stand in their place or are added to them. `calls/rules.py` reads both.
"""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from batches.models import Account, Batch, Job
from speechai_site.runtime import clock


class Policy(models.Model):
    """One version of one policy record. The record never changes once it is written:
    a change is the next version. Of a kind, the newest active one holds.

    With `account` or `batch` it is a layer upon the others and can only tighten.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("policy", "Waits for approval")
        ACTIVE = "active", pgettext_lazy("policy", "In force")
        REFUSED = "refused", pgettext_lazy("policy", "Refused")
        RETIRED = "retired", pgettext_lazy("policy", "Withdrawn")

    # what it is of: country|subdivision|use case|sector|account|batch
    kind = models.CharField(max_length=200)
    version = models.PositiveIntegerField(_("version"))
    country = models.CharField(_("country"), max_length=2, blank=True)
    use_case = models.CharField(_("use case"), max_length=40, blank=True)
    subdivision = models.CharField(_("region"), max_length=3, blank=True)
    sector = models.CharField(_("creditor's sector"), max_length=40, blank=True)
    account = models.ForeignKey(
        Account, models.CASCADE, verbose_name=_("account"), null=True, blank=True
    )
    batch = models.ForeignKey(
        Batch, models.CASCADE, verbose_name=_("campaign"), null=True, blank=True
    )
    record = models.TextField(_("rules"))  # JSON, as policies.records writes it
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.PROPOSED
    )
    reason = models.CharField(_("reason for the change"), max_length=500)
    # codes of what it allows and the version before did not
    loosens = models.JSONField(default=list)
    proposed_by = models.CharField(_("proposed by"), max_length=150)
    proposed_at = models.DateTimeField(_("proposed"), default=clock.now)
    decided_by = models.CharField(_("approved by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("approved"), null=True)

    class Meta:
        verbose_name = _("calling policy")
        verbose_name_plural = _("calling policies")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="policy_version")
        ]
        indexes = [models.Index(fields=["status"], name="policy_status")]
        permissions = [
            ("propose_policy", _("Can change calling policies")),
            ("loosen_policy", _("Can loosen calling policies")),
            ("approve_policy", _("Can approve another's change of a policy")),
        ]

    def __str__(self) -> str:
        return f"{self.kind}@{self.version}"


class Holiday(models.Model):
    """One local day that people added to the shipped holidays, or took out of them."""

    country = models.CharField(_("country"), max_length=2)
    subdivision = models.CharField(_("region"), max_length=3, blank=True)
    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=120)
    is_holiday = models.BooleanField(
        _("no calls on this day"), default=True, help_text=_("Unticked: a working day.")
    )

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["country", "day"]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "subdivision", "day"], name="holiday_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.day}: {self.name}"


class HolidayYear(models.Model):
    """A year of a country whose holidays somebody has reviewed; other years defer."""

    country = models.CharField(_("country"), max_length=2)
    year = models.PositiveSmallIntegerField(_("year"))
    reviewed_by = models.CharField(_("reviewed by"), max_length=150)
    reviewed_at = models.DateTimeField(_("reviewed"), default=clock.now)

    class Meta:
        verbose_name = _("reviewed year")
        verbose_name_plural = _("reviewed years")
        constraints = [
            models.UniqueConstraint(fields=["country", "year"], name="holiday_year")
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.year}"


class RulesStamp(models.Model):
    """One row that grows with each change of policies or holidays, so that processes
    know when to read them again."""

    id = models.CharField(primary_key=True, db_column="_id", max_length=8)
    changes = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.changes)


class Decision(models.Model):
    """Why a call was not made, or not yet: one row for a case, code and moment.

    What was allowed stands on its call (`Call.policy`).
    """

    class Kind(models.TextChoices):
        DEFER = "defer", _("Deferred")
        DENY = "deny", _("Denied")

    # job|code|until: the same answer to the same question is kept once
    id = models.CharField(primary_key=True, db_column="_id", max_length=120)
    account = models.ForeignKey(
        Account, models.CASCADE, verbose_name=_("account"), db_index=False
    )
    batch = models.ForeignKey(
        Batch, models.CASCADE, verbose_name=_("campaign"), db_index=False
    )
    job = models.ForeignKey(Job, models.CASCADE, verbose_name=_("case"), db_index=False)
    decision = models.CharField(_("decision"), max_length=5, choices=Kind)
    code = models.CharField(_("reason"), max_length=40)
    rule = models.CharField(_("policy"), max_length=80, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    at = models.DateTimeField(_("decided"))
    next_allowed_at = models.DateTimeField(_("callable again"), null=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["job", "-at"], name="decision_job"),
            models.Index(fields=["batch", "code", "-at"], name="decision_batch"),
        ]

    def __str__(self) -> str:
        return self.code

    @staticmethod
    def key(job_id: Any, code: str, until: Any) -> str:
        return f"{job_id}|{code}|{until.isoformat() if until else ''}"
