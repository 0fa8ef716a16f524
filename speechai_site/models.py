"""What belongs to the site as a whole: keys of integrations."""

import hashlib
import hmac
import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models import Account
from speechai_site.runtime import clock


class ApiKey(models.Model):
    """An integration's key: a public prefix to find it by, and a keyed digest."""

    class Scope(models.TextChoices):
        READ = "read", _("Read")
        DO_NOT_CALL = "do_not_call", _("Change the do-not-call list")

    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("begins with"), max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    account = models.ForeignKey(Account, models.CASCADE, verbose_name=_("account"))
    scopes = models.JSONField(_("scopes"), default=list)
    is_active = models.BooleanField(_("valid"), default=True)
    created_at = models.DateTimeField(_("made"), default=clock.wall)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"

    @classmethod
    def issue(
        cls, account: Account, name: str, scopes: list[str]
    ) -> tuple["ApiKey", str]:
        """A new key and its text, which is shown once and never stored."""
        prefix = "sai_" + secrets.token_hex(4)
        text = f"{prefix}_{secrets.token_urlsafe(32)}"
        key = cls.objects.create(
            account=account,
            name=name,
            scopes=scopes,
            prefix=prefix,
            digest=_digest(text),
        )
        return key, text

    @classmethod
    def find(cls, text: str) -> "ApiKey | None":
        """The valid key behind `text`, compared in constant time."""
        prefix = "_".join(text.split("_")[:2])
        key = cls.objects.filter(prefix=prefix, is_active=True).first()
        if key and hmac.compare_digest(key.digest, _digest(text)):
            return key
        return None


def _digest(text: str) -> str:
    return hmac.new(
        settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256
    ).hexdigest()
