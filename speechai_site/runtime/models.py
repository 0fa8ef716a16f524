"""People who use the program, and what its processes tell each other."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from speechai_site.runtime import clock


class User(AbstractUser):
    """A person who signs in; sees the accounts of which they are a member."""

    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="America/Santiago",
        help_text=_("IANA name; times on the screen are shown in it."),
    )
    language = models.CharField(
        _("language"), max_length=8, choices=settings.LANGUAGES, default="es"
    )

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")


class AuditEntry(models.Model):
    """One act of a person, key or command. Append-only; ids, never values."""

    at = models.DateTimeField(_("at"), default=clock.wall)
    actor = models.CharField(_("who"), max_length=150)
    action = models.CharField(_("action"), max_length=64)
    target = models.CharField(_("object"), max_length=64)
    target_id = models.CharField(_("object id"), max_length=64)
    account_id = models.CharField(_("account"), max_length=24, blank=True)
    reason = models.CharField(_("reason"), max_length=255, blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    class Meta:
        verbose_name = _("activity entry")
        verbose_name_plural = _("activity log")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["target", "target_id"]),
            models.Index(fields=["account_id", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target} {self.target_id}"


class Environment(models.Model):
    """What this database belongs to. One row; `verify_environment` compares it.

    In live nobody is dialed unless `armed_at` is set: runtime/environment.py writes it.
    `armed_with`: what was shown at that moment (ids and codes, no personal data).
    """

    id = models.CharField(
        primary_key=True, db_column="_id", max_length=16, default="environment"
    )
    mode = models.CharField(max_length=8)
    org_id = models.CharField(max_length=64, blank=True)
    lookup_fingerprint = models.CharField(max_length=16)
    created_at = models.DateTimeField(default=clock.wall)
    armed_at = models.DateTimeField(null=True)
    armed_by = models.CharField(max_length=150, blank=True)
    armed_with = models.JSONField(null=True)
    disarmed_at = models.DateTimeField(null=True)
    disarmed_by = models.CharField(max_length=150, blank=True)
    # the webhook key (its digest) that last verified a message of Retell's, and when
    webhook_fingerprint = models.CharField(max_length=16, blank=True)
    webhook_checked_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("arm_live", _("Can arm live dialing"))]

    def __str__(self) -> str:
        return self.mode


class Lease(models.Model):
    """The right to act alone, until `expires_at` (wall). `token` grows by takeover.

    Every write that must not come from a stale holder repeats the token.
    """

    id = models.CharField(primary_key=True, db_column="_id", max_length=32)
    owner = models.CharField(max_length=128)
    token = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.pk


class WrongPasswords(models.Model):
    """How often a name's password was tried (speechai_site/runtime/passwords.py); `id` is the
    name's keyed hash. A TTL index removes it after `until_wall` (see `setup`)."""

    id = models.CharField(primary_key=True, db_column="_id", max_length=64)
    tries = models.PositiveIntegerField()
    until_wall = models.DateTimeField()

    def __str__(self) -> str:
        return self.pk


class Heartbeat(models.Model):
    """Proof that a process lives: `id` is `kind@host:pid`, `at` is wall time.

    A TTL index removes silent processes (see the `setup` command).
    """

    id = models.CharField(primary_key=True, db_column="_id", max_length=160)
    kind = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kind", "at"])]

    def __str__(self) -> str:
        return self.pk
