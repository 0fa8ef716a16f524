"""Phones of our own people, and the test calls that ring them.

A staff call is no `Call`: it belongs to no case and appears in no figure of a campaign.
`calls/staff_calls.py` writes both.
"""

import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models import Account, Agent, Batch, PhoneNumber
from calls import states
from speechai_site.runtime import clock

# Begins the id of a staff call, which is also its `metadata.attempt_id`.
PREFIX = "tst_"


def new_staff_call_id() -> str:
    """A staff call's id and idempotency key: can't be guessed."""
    return PREFIX + secrets.token_hex(16)


class StaffPhone(models.Model):
    """A phone of a person who works here: theirs once they typed the code it was told.

    Kept in full, since it is staff's own. `code_hash`: keyed; `code_tries` are counted
    for each code.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user")
    )
    e164 = models.CharField(_("phone"), max_length=16)
    added_at = models.DateTimeField(default=clock.wall)
    code_hash = models.CharField(max_length=64, blank=True)
    code_until_wall = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    verified_at = models.DateTimeField(_("verified"), null=True)
    verified_by = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = _("staff phone")
        verbose_name_plural = _("staff phones")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "e164"], name="staff_phone")
        ]

    def __str__(self) -> str:
        return str(self.pk)


class StaffCall(models.Model):
    """One call to a staff phone. Arrows: `calls/states.py`. Never sent twice.

    `day_slot` is one of the few that a person has each day, so that a unique key counts
    them. The code that it speaks is stored nowhere but as the phone's `code_hash`.
    """

    Status = states.CallStatus

    class Kind(models.TextChoices):
        CODE = "code", _("Verification of the phone")
        TEST = "test", _("Test call")

    id = models.CharField(
        primary_key=True, db_column="_id", max_length=48, default=new_staff_call_id
    )
    kind = models.CharField(max_length=8, choices=Kind)
    day_slot = models.CharField(max_length=80, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    phone = models.ForeignKey(
        StaffPhone, models.SET_NULL, null=True, verbose_name=_("phone")
    )
    to_number = models.CharField(max_length=16)
    account = models.ForeignKey(Account, models.PROTECT, verbose_name=_("account"))
    batch = models.ForeignKey(
        Batch, models.SET_NULL, verbose_name=_("campaign"), null=True
    )
    agent = models.ForeignKey(Agent, models.PROTECT, verbose_name=_("voice agent"))
    number = models.ForeignKey(PhoneNumber, models.PROTECT, verbose_name=_("caller id"))
    agent_version = models.PositiveIntegerField(_("version"), default=0)
    status = models.CharField(
        _("status"), max_length=16, choices=Status, default=Status.PLANNED
    )
    retell_id = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=64, blank=True)
    # --- wall
    planned_wall = models.DateTimeField(default=clock.wall)
    lease_until_wall = models.DateTimeField(null=True)
    first_sent_wall = models.DateTimeField(null=True)
    next_check_wall = models.DateTimeField(null=True)
    ended_wall = models.DateTimeField(null=True)
    # --- the result (business time)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True)
    reason = models.CharField(_("disconnection reason"), max_length=64, blank=True)
    outcome = models.CharField(_("outcome"), max_length=16, blank=True)
    transcript = models.TextField(_("transcript"), blank=True)
    history = models.JSONField(default=list)

    class Meta:
        verbose_name = _("test call")
        verbose_name_plural = _("test calls")
        default_permissions = ()
        indexes = [
            models.Index(fields=["user", "-planned_wall"], name="staffcall_user"),
            models.Index(fields=["status", "next_check_wall"], name="staffcall_check"),
            models.Index(fields=["kind", "ended_wall"], name="staffcall_arming"),
        ]

    def __str__(self) -> str:
        return self.pk

    @property
    def is_open(self) -> bool:
        return self.status in states.OPEN
