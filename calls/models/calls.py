"""Attempts, what Retell said of them, and what was achieved."""

import secrets
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from batches.models import Account, Batch, Job
from calls import states
from speechai_site.runtime import clock


def new_call_id() -> str:
    """A call's id: grows with time, can't be guessed. It is also the idempotency key."""
    milliseconds = int(clock.wall().timestamp() * 1000)
    return f"att_{milliseconds:012x}{secrets.token_hex(10)}"


class Call(models.Model):
    """One attempt, written before dialing. Arrows: `calls/states.py`.

    `id` is Retell's idempotency key and `metadata.attempt_id`. Times named `_wall`
    guard against double dialing; the others are business time.
    """

    Status = states.CallStatus

    id = models.CharField(
        primary_key=True, db_column="_id", max_length=48, default=new_call_id
    )
    account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("account"), db_index=False
    )
    batch = models.ForeignKey(
        Batch, models.CASCADE, verbose_name=_("campaign"), db_index=False
    )
    job = models.ForeignKey(Job, models.CASCADE, verbose_name=_("case"), db_index=False)
    status = models.CharField(
        _("status"), max_length=16, choices=Status, default=Status.PLANNED
    )
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    name = models.CharField(_("name"), max_length=200, blank=True)
    to_number = models.CharField(_("phone"), max_length=16)
    to_key = models.CharField(max_length=64)
    person_key = models.CharField(max_length=64)
    from_number = models.CharField(_("caller id"), max_length=16)
    agent_id = models.CharField(_("voice agent"), max_length=64)
    agent_version = models.PositiveIntegerField(_("version"), default=0)
    retell_id = models.CharField(
        _("Retell id"), max_length=64, null=True, blank=True, unique=True
    )
    round_id = models.CharField(max_length=40, blank=True)
    # the notices that the agent was given (calls/policies/disclosures.py); "": none
    disclosure_version = models.CharField(_("notices"), max_length=64, blank=True)
    # the policy records that allowed it at the dial, and the contacts that were counted
    policy = models.CharField(_("policy"), max_length=200, blank=True)
    contacts_counted = models.PositiveSmallIntegerField(default=0)
    # --- sending (wall)
    planned_wall = models.DateTimeField(default=clock.wall)
    lease_until_wall = models.DateTimeField(null=True)
    lease_token = models.CharField(max_length=40, blank=True)
    first_sent_wall = models.DateTimeField(null=True)
    sends = models.PositiveSmallIntegerField(default=0)
    next_check_wall = models.DateTimeField(null=True)
    # when Retell was last asked to hang up (calls/hangups.py)
    told_to_stop_wall = models.DateTimeField(null=True)
    error_code = models.CharField(_("provider's error"), max_length=64, blank=True)
    # --- the result (business time)
    planned_at = models.DateTimeField(_("prepared"), default=clock.now)
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True)
    reason = models.CharField(_("disconnection reason"), max_length=64, blank=True)
    outcome = models.CharField(_("outcome"), max_length=16, blank=True)
    cost_usd = models.DecimalField(
        _("cost (USD)"), max_digits=14, decimal_places=6, null=True
    )
    analyzed = models.BooleanField(default=False)
    ended_wall = models.DateTimeField(null=True)
    # the job's next step was taken: "" no, "reason" on the reason alone, "analysis"
    settled = models.CharField(max_length=10, blank=True)
    # --- the analysis (operations.md, section 2)
    in_voicemail = models.BooleanField(null=True)
    contact = models.CharField(_("contact"), max_length=16, blank=True)
    identity_verified = models.BooleanField(_("identity verified"), null=True)
    disposition = models.CharField(_("disposition"), max_length=40, blank=True)
    promise_date = models.DateField(_("promised date"), null=True)
    promise_amount = models.DecimalField(
        _("promised amount"), max_digits=20, decimal_places=6, null=True
    )
    callback_at = models.DateTimeField(_("callback"), null=True)
    wants_no_calls = models.BooleanField(_("asked not to be called"), default=False)
    summary = models.TextField(_("summary"), blank=True)
    sentiment = models.CharField(_("sentiment"), max_length=16, blank=True)
    # all notices said, identity before the debt; None: not a reviewed conversation
    notices_complete = models.BooleanField(_("notices complete"), null=True)
    history = models.JSONField(default=list)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["batch", "-id"], name="call_batch"),
            models.Index(fields=["account", "-id"], name="call_account"),
            models.Index(fields=["job", "-id"], name="call_job"),
            # a caller id's calls of a day
            models.Index(fields=["from_number", "planned_at"], name="call_number"),
            models.Index(fields=["status", "next_check_wall"], name="call_check"),
            # a lease matters until the reply: later moves leave this index alone
            models.Index(
                fields=["status", "lease_until_wall"],
                name="call_lease",
                condition=models.Q(
                    status__in=[str(status) for status in states.LEASED]
                ),
            ),
            # must stay empty: a call that was placed and that no policy allowed
            models.Index(
                fields=["planned_at"],
                name="call_undecided",
                condition=models.Q(
                    policy="", status__in=[str(status) for status in states.PLACED]
                ),
            ),
            models.Index(
                fields=["account", "planned_at", "outcome", "status", "cost_usd"],
                name="call_day",
            ),
        ]

    def __str__(self) -> str:
        return self.pk

    @property
    def is_open(self) -> bool:
        return self.status in states.OPEN


class CallDetail(models.Model):
    """What is large: read on a call's own page only, never by a list."""

    call_id = models.CharField(primary_key=True, db_column="_id", max_length=48)
    request = models.TextField(blank=True)  # the exact bytes that were sent
    reply = models.TextField(blank=True)  # Retell's last full object, as text
    reply_rank = models.PositiveSmallIntegerField(default=0)  # see results.RANKS
    transcript = models.TextField(_("transcript"), blank=True)
    recording_url = models.TextField(_("recording"), blank=True)

    def __str__(self) -> str:
        return self.pk


class WebhookEvent(models.Model):
    """One webhook as it came: raw bytes, stored before it is answered."""

    key = models.CharField(max_length=160, unique=True)
    event = models.CharField(max_length=40)
    body = models.BinaryField()
    received_wall = models.DateTimeField(default=clock.wall)
    applied_wall = models.DateTimeField(null=True)
    result = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        indexes = [
            # what waits has no result yet; what was applied leaves the index
            models.Index(
                fields=["result", "id"],
                name="webhook_waiting",
                condition=models.Q(result=""),
            )
        ]

    def __str__(self) -> str:
        return self.event


class Promise(models.Model):
    """A promise to pay, with a life of its own. `id` is the call's."""

    class Status(models.TextChoices):
        CURRENT = "current", _("Current")
        REPLACED = "replaced", _("Replaced")
        REVIEW = "review", _("In review")
        PAID = "paid", _("Paid")

    call_id = models.CharField(primary_key=True, db_column="_id", max_length=48)
    account = models.ForeignKey(Account, models.PROTECT, verbose_name=_("account"))
    batch = models.ForeignKey(Batch, models.CASCADE, verbose_name=_("campaign"))
    job = models.ForeignKey(Job, models.CASCADE, verbose_name=_("case"))
    due_date = models.DateField(_("promised date"), null=True)
    amount = models.DecimalField(
        _("promised amount"), max_digits=20, decimal_places=6, null=True
    )
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.CURRENT
    )
    made_at = models.DateTimeField(_("made"), default=clock.now)

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.pk

    @classmethod
    def problem(cls, promise: dict[str, Any], job: dict[str, Any]) -> str:
        """Why a promise needs a person's look: a code, or empty when it is sound.

        Sound: date ≥ today and ≤ the latest accepted, 0 < amount ≤ debt.
        """
        due, amount = promise["due_date"], promise["amount"]
        if due is None:
            return "promise_without_date"
        if due < promise["today"] or (job["max_date"] and due > job["max_date"]):
            return "promise_date_outside"
        if amount is not None and not 0 < amount <= job["amount"]:
            return "promise_amount_outside"
        return ""
