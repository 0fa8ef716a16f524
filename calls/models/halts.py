"""Calling that a person has stopped: everything, an account, a region."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models import Account
from speechai_site.runtime import clock


class Halt(models.Model):
    """While it is not lifted, the gate refuses what it covers; see `calls/halts.py`.

    `account` empty: every account. `place` empty: every case, else those with it among
    `Job.places`, a region's code or a folded name. `key` says what it covers, and is empty once lifted: a second one of
    the same kind can't be inserted.
    """

    key = models.CharField(max_length=160, null=True, blank=True, unique=True)
    account = models.ForeignKey(
        Account, models.CASCADE, verbose_name=_("account"), null=True, db_index=False
    )
    place = models.CharField(_("place"), max_length=80, blank=True)
    # of a place: cases of which nobody knows where they are stop too
    unknown_too = models.BooleanField(default=True)
    # calls that are live are hung up as well
    hang_up = models.BooleanField(default=False)
    reason = models.CharField(_("reason"), max_length=64, blank=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField(default=clock.now)
    lifted_by = models.CharField(max_length=150, blank=True)
    lifted_at = models.DateTimeField(null=True)
    # its cases were put back after it was lifted
    returned = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("stop")
        verbose_name_plural = _("stops")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["returned"], name="halt_open")]

    def __str__(self) -> str:
        return str(self.pk)
