"""Who must not be called, and what was already done to whom."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models import Account
from speechai_site.runtime import clock


class DoNotCall(models.Model):
    """A phone or person that must not be called. `account` empty: by nobody.

    Only the keyed hash is kept, so that the entry outlives an erasure.
    """

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone")
        PERSON = "person", _("Person")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    key = models.CharField(max_length=64)
    masked = models.CharField(_("ends in"), max_length=32, blank=True)
    account = models.ForeignKey(
        Account,
        models.CASCADE,
        verbose_name=_("account"),
        null=True,
        blank=True,
        db_index=False,
        help_text=_("Empty: nobody may call."),
    )
    reason = models.CharField(_("reason"), max_length=255)
    source = models.CharField(_("source"), max_length=64)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    created_at = models.DateTimeField(_("added"), default=clock.now)

    class Meta:
        verbose_name = _("do-not-call entry")
        verbose_name_plural = _("do-not-call list")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["key"], name="dnc_key")]

    def __str__(self) -> str:
        return self.masked or self.kind


class ContactLedger(models.Model):
    """What a cap counts. `id` is the cap's slot: a second one can't be inserted.

    `attempt|ACCOUNT|PERSON|DATE` is the one attempt a day that a person may get,
    `callback|…` the one that the person asked for.
    Reserved before dialing, removed only on proof that nothing rang.
    """

    id = models.CharField(primary_key=True, db_column="_id", max_length=160)
    call_id = models.CharField(max_length=48, db_index=True)
    account_id_text = models.CharField(max_length=24)
    person_key = models.CharField(max_length=64, db_index=True)
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.pk
