"""The clients, who may see them, and what they call with."""

from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from speechai_site.runtime import clock

E164 = RegexValidator(r"^\+[1-9]\d{6,14}$", _("Write it as +56912345678."))


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, user: Any) -> "AccountQuerySet":
        """Administrators see every account; others those they are a member of."""
        if user.is_superuser:
            return self
        ids = Membership.objects.filter(user_id=user.pk).values_list(
            "account_id", flat=True
        )
        return self.filter(pk__in=list(ids))


class Account(models.Model):
    """A client (mandante) on whose behalf people are called."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")

    class Country(models.TextChoices):
        CHILE = "CL", _("Chile")
        ARGENTINA = "AR", _("Argentina")
        MEXICO = "MX", _("Mexico")
        COLOMBIA = "CO", _("Colombia")
        PERU = "PE", _("Peru")
        SPAIN = "ES", _("Spain")
        UNITED_STATES = "US", _("United States")
        BRAZIL = "BR", _("Brazil")

    class Sector(models.TextChoices):
        """Of the creditor, where a policy is another for it."""

        NONE = "", _("Any")
        RETAIL_FINANCE = "retail_financiero", _("Retail finance")

    class Plan(models.TextChoices):
        UNLIMITED = "unlimited", _("Unlimited")
        MINUTES = "minutes_based", _("By minutes")
        CREDIT = "credit_based", _("By credit")

    slug = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=120)
    country = models.CharField(_("country"), max_length=2, choices=Country)
    time_zone = models.CharField(_("time zone"), max_length=64)
    sector = models.CharField(
        _("creditor's sector"),
        max_length=40,
        choices=Sector,
        blank=True,
        help_text=_("Some calling policies are another for it."),
    )
    plan = models.CharField(
        _("plan"), max_length=20, choices=Plan, default=Plan.UNLIMITED
    )
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.ACTIVE
    )
    max_concurrent_calls = models.PositiveIntegerField(
        _("simultaneous calls"), default=20, validators=[MinValueValidator(1)]
    )
    max_calls_per_day = models.PositiveIntegerField(
        _("calls per day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Of all its campaigns together. Empty: no limit."),
    )
    callback_slots = models.PositiveIntegerField(
        _("places kept for callbacks"),
        default=2,
        help_text=_(
            "That many of the simultaneous calls stay free while callbacks are "
            "coming due."
        ),
    )
    default_agent = models.ForeignKey(
        "Agent",
        models.SET_NULL,
        verbose_name=_("default agent"),
        null=True,
        blank=True,
        related_name="+",
    )
    default_number = models.ForeignKey(
        "PhoneNumber",
        models.SET_NULL,
        verbose_name=_("default caller id"),
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(default=clock.wall, editable=False)

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person may see and work on an account; what they may do is their role's."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name=_("user"),
        related_name="memberships",
    )
    account = models.ForeignKey(
        Account,
        models.CASCADE,
        verbose_name=_("account"),
        related_name="memberships",
    )

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["user", "account"], name="one_membership")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.account_id}"


class Agent(models.Model):
    """A Retell voice agent at a pinned version. `account` empty: everybody's."""

    retell_id = models.CharField(_("Retell id"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=120)
    version = models.PositiveIntegerField(
        _("pinned version"),
        default=0,
        help_text=_("Calls use this version, whatever is published at Retell."),
    )
    published_version = models.PositiveIntegerField(
        _("published version"), null=True, blank=True
    )
    variables = models.JSONField(_("variables of its script"), default=list, blank=True)
    is_active = models.BooleanField(_("may be used"), default=True)
    account = models.ForeignKey(
        Account,
        models.CASCADE,
        verbose_name=_("account"),
        null=True,
        blank=True,
        help_text=_("Empty: every account may use it."),
    )
    synced_at = models.DateTimeField(_("read from Retell"), null=True, blank=True)

    class Meta:
        verbose_name = _("voice agent")
        verbose_name_plural = _("voice agents")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} (v{self.version})"


class PhoneNumber(models.Model):
    """A caller id: its telephony path and how fast it may dial."""

    class Path(models.TextChoices):
        TWILIO = "retell-twilio", "Twilio"
        TELNYX = "retell-telnyx", "Telnyx"
        CUSTOM = "custom", "SIP"

    # Retell's documentation, "concurrency": calls per second by telephony path
    CALLS_PER_SECOND = {Path.TWILIO: 1, Path.TELNYX: 1, Path.CUSTOM: 1}

    e164 = models.CharField(_("number"), max_length=16, unique=True, validators=[E164])
    nickname = models.CharField(_("name"), max_length=120, blank=True)
    path = models.CharField(
        _("telephony path"), max_length=20, choices=Path, default=Path.CUSTOM
    )
    calls_per_second = models.PositiveIntegerField(
        _("calls per second"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_(
            "What Retell allows on the telephony path. Caller ids on one path share "
            "it: the lowest of theirs counts."
        ),
    )
    max_concurrent_calls = models.PositiveIntegerField(
        _("simultaneous calls"), null=True, blank=True
    )
    max_calls_per_day = models.PositiveIntegerField(
        _("calls per day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Of all campaigns that show it. Empty: no limit."),
    )
    is_active = models.BooleanField(_("may be used"), default=True)
    account = models.ForeignKey(
        Account,
        models.CASCADE,
        verbose_name=_("account"),
        null=True,
        blank=True,
        help_text=_("Empty: every account may use it."),
    )
    synced_at = models.DateTimeField(_("read from Retell"), null=True, blank=True)

    class Meta:
        verbose_name = _("caller id")
        verbose_name_plural = _("caller ids")
        ordering = ["e164"]

    def __str__(self) -> str:
        return f"{self.e164} {self.nickname}".strip()
