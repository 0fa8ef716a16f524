"""What was paid, as the client's files say it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models.accounts import Account
from speechai_site.runtime import clock


class Payment(models.Model):
    """One payment of a debt, written once and never changed.

    `document` and `operation` say of which debts; at least one of them is there.
    """

    # account, document, operation, day, amount and medium: the same payment in two
    # files is one
    slot = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("account"), db_index=False
    )
    document_key = models.CharField(max_length=64, blank=True)
    operation = models.CharField(_("operation"), max_length=120, blank=True)
    paid_on = models.DateField(_("paid on"), null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=20, decimal_places=6)
    medium = models.CharField(_("medium"), max_length=120, blank=True)
    creditor_key = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=64)  # SHA-256 of the file, or who sent it
    loaded_by = models.CharField(_("loaded by"), max_length=150)
    loaded_at = models.DateTimeField(_("loaded"), default=clock.now)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["account", "-id"], name="payment_account"),
            models.Index(fields=["account", "document_key"], name="payment_document"),
            models.Index(fields=["account", "operation"], name="payment_operation"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
