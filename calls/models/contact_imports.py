"""Contacts that others made (another dialer, people, messages), as they came in files."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models import Account
from speechai_site.runtime import clock


class ContactImport(models.Model):
    """One file of outside contacts; its rows are in `ContactLedger`.

    Written by `calls/outside_contacts.py`, when all of them are stored.
    """

    # account|sha256: the same file again is the same import
    slot = models.CharField(max_length=100, unique=True)
    account = models.ForeignKey(
        Account, models.CASCADE, verbose_name=_("account"), db_index=False
    )
    file_name = models.CharField(_("file"), max_length=255, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    added = models.PositiveIntegerField(_("contacts added"), default=0)
    reaches = models.DateTimeField(_("reaches until"))  # its last contact
    imported_by = models.CharField(_("imported by"), max_length=150)
    imported_at = models.DateTimeField(_("imported"), default=clock.now)

    class Meta:
        verbose_name = _("import of outside contacts")
        verbose_name_plural = _("outside contacts")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["account", "-imported_at"], name="contact_import")
        ]

    def __str__(self) -> str:
        return self.file_name
