"""What is remembered of a client's workbook: which column is what, and its filters."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from batches import use_cases
from batches.models.accounts import Account
from speechai_site.runtime import clock


class LayoutProfile(models.Model):
    """One layout of an account's workbooks, kept at each confirmed upload.

    A column is named by `[header without accents and case, how many before it have the
    same]`, so that a file whose columns moved is still understood. JSON columns hold
    only text and lists of it.
    """

    account = models.ForeignKey(
        Account, models.CASCADE, verbose_name=_("account"), db_index=False
    )
    use_case = models.CharField(_("use case"), max_length=32, choices=use_cases.choices)
    signature = models.CharField(max_length=64, editable=False)
    name = models.CharField(_("name"), max_length=120)
    headers = models.JSONField(default=list, editable=False)  # as they are written
    sheet = models.CharField(_("sheet"), max_length=64, blank=True, editable=False)
    # as text: "" found by itself, "0" none, else the row
    header_row = models.CharField(max_length=8, blank=True, editable=False)
    columns = models.JSONField(default=list, editable=False)  # [[logical, [column, …]]]
    variables = models.JSONField(default=list, editable=False)  # [[variable, column]]
    fixed = models.JSONField(default=list, editable=False)  # [[variable, text]]
    filters = models.JSONField(default=list, editable=False)  # [[column, test, value]]
    answers = models.JSONField(default=list, editable=False)  # [[question, answer]]
    options = models.JSONField(default=list, editable=False)  # [[option, text]]
    # of the last file that was loaded (imports/layouts.py), all text
    figures = models.JSONField(default=dict, editable=False)
    used_at = models.DateTimeField(_("last used"), default=clock.now, editable=False)
    used_by = models.CharField(_("last used by"), max_length=150, editable=False)

    class Meta:
        verbose_name = _("layout profile")
        verbose_name_plural = _("layout profiles")
        ordering = ["-used_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "use_case", "signature"], name="one_layout"
            )
        ]

    def __str__(self) -> str:
        return self.name
