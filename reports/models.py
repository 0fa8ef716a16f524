"""Permissions that belong to reading results; tables come with their features."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Report(models.Model):
    """No table: the holder of the permissions on reports."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [
            ("export_report", _("Can download reports")),
            ("see_personal_data", _("Sees personal data in full")),
            ("see_cost", _("Sees what calls cost")),
        ]

    def __str__(self) -> str:
        return ""
