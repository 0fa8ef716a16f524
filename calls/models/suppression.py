"""Who must not be called, and what was already done to whom."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_mongodb_backend.fields import ArrayField

from batches.models import Account
from speechai_site.runtime import clock


class DoNotCall(models.Model):
    """A phone or person that must not be called, or a phone that is not a person's.

    `account` empty: by nobody. `creditor_key`: only on behalf of that creditor of the
    account. A pair holds the person's `key` and the phone's `phone_key`, and forbids
    that phone for that person alone. Only keyed hashes are kept, so that an entry
    outlives an erasure. It is written and withdrawn by `calls/suppression.py`.
    """

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone")
        PERSON = "person", _("Person")
        PAIR = "pair", _("Wrong phone of a person")

    # What it is, for whom and why: one entry of each. A withdrawn one holds its own id.
    slot = models.CharField(max_length=400, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    key = models.CharField(max_length=64)
    phone_key = models.CharField(max_length=64, blank=True)
    masked = models.CharField(_("ends in"), max_length=64, blank=True)
    account = models.ForeignKey(
        Account,
        models.CASCADE,
        verbose_name=_("account"),
        null=True,
        blank=True,
        db_index=False,
        help_text=_("Empty: nobody may call."),
    )
    creditor = models.CharField(_("creditor"), max_length=120, blank=True)
    creditor_key = models.CharField(max_length=120, blank=True)
    reason = models.CharField(_("reason"), max_length=255)  # calls/block_reasons.py
    # call:ID, user:NAME, key:PREFIX, upload:user:NAME, registry:SNAPSHOT
    source = models.CharField(_("source"), max_length=64)
    registry = models.CharField(_("public registry"), max_length=24, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    created_at = models.DateTimeField(_("added"), default=clock.now)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    withdrawn_by = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = _("do-not-call entry")
        verbose_name_plural = _("do-not-call list")
        ordering = ["-pk"]
        indexes = [
            # the gate's question: all keys of a set of cases
            models.Index(fields=["key"], name="dnc_key"),
            # lists, newest first; registries hold millions
            models.Index(fields=["account", "-id"], name="dnc_account"),
            models.Index(fields=["registry", "-id"], name="dnc_registry"),
            # the entries of one registry's snapshot
            models.Index(fields=["source"], name="dnc_source"),
        ]
        permissions = [
            ("withdraw_donotcall", _("Can withdraw entries of the do-not-call list"))
        ]

    def __str__(self) -> str:
        return self.masked or self.kind

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.slot = self.slot or slot_of(
            self.kind,
            self.key,
            phone_key=self.phone_key,
            account_id=self.account_id,
            creditor_key=self.creditor_key,
            reason=self.source if self.registry else self.reason,
        )
        super().save(*args, **kwargs)


def slot_of(
    kind: str,
    key: str,
    *,
    phone_key: str = "",
    account_id: Any = None,
    creditor_key: str = "",
    reason: str,
) -> str:
    """The unique text of an entry: who, for whom, why (of a registry: which load)."""
    whose = account_id or "*"
    return f"{kind}|{key}|{phone_key}|{whose}|{creditor_key}|{reason[:64]}"


class RegistrySnapshot(models.Model):
    """One load of a public registry; its entries are `DoNotCall` rows of the source
    `registry:ID`. In force from `loaded_at`, when all of them are written."""

    registry = models.CharField(_("public registry"), max_length=24)
    country = models.CharField(_("country"), max_length=2)
    file_name = models.CharField(_("file"), max_length=255, blank=True)
    loaded_by = models.CharField(_("loaded by"), max_length=150)
    started_at = models.DateTimeField(default=clock.now)
    loaded_at = models.DateTimeField(_("loaded"), null=True)
    count = models.PositiveIntegerField(_("phones"), default=0)

    class Meta:
        verbose_name = _("load of a public registry")
        verbose_name_plural = _("loads of public registries")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["registry", "-id"], name="registry_newest")]

    def __str__(self) -> str:
        return self.registry


class ContactLedger(models.Model):
    """What was done to whom, in one account: what caps, waits and gaps count.

    One of our calls is written before it is dialed and removed only on proof that
    nothing rang; what came of it is read from its `Call`. Imported contacts (another
    dialer, people, messages) carry their own `kind` and `outcome`.
    """

    class Kind(models.TextChoices):
        ATTEMPT = "attempt", _("Attempt")
        RANG = "rang", _("It rang")
        CONVERSATION = "conversation", _("Conversation")

    # attempt|ACCOUNT|PERSON|DATE|n: two dials can't count the same contacts and both go
    id = models.CharField(primary_key=True, db_column="_id", max_length=160)
    # the same of the phone, which several persons may share
    phone_slot = models.CharField(max_length=160, unique=True)
    call_id = models.CharField(max_length=48, db_index=True)  # "" of imported ones
    account = models.ForeignKey(
        Account, models.CASCADE, verbose_name=_("account"), db_index=False
    )
    person_key = models.CharField(max_length=64)
    phone_key = models.CharField(max_length=64, blank=True)
    creditor_key = models.CharField(max_length=120, blank=True)
    debt_keys = ArrayField(models.CharField(max_length=80), default=list)
    # call, visit, sms, mail, chat …
    channel = models.CharField(_("channel"), max_length=12, default="call")
    kind = models.CharField(
        _("kind"), max_length=12, choices=Kind, default=Kind.ATTEMPT
    )
    outcome = models.CharField(_("outcome"), max_length=20, blank=True)
    source = models.CharField(_("source"), max_length=64, default="call")
    at = models.DateTimeField(_("when"), default=clock.now)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["account", "person_key", "at"], name="ledger_person"),
            models.Index(fields=["account", "phone_key", "at"], name="ledger_phone"),
        ]

    def __str__(self) -> str:
        return self.pk
