"""A campaign: who is called, with what, how often, and how far it has come."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from batches import states, stopping, use_cases
from batches.models.accounts import Account, Agent, PhoneNumber
from speechai_site.runtime import audit, clock
from speechai_site.runtime.transactions import in_transaction

# Checks before a start. Each takes the batch and returns sentences; higher apps
# append theirs in `ready()`.
PREFLIGHT: list[Any] = []
# What follows a stop at once; each takes the batch. The clock process repeats it.
ON_STOP_NOW: list[Any] = []


class Batch(models.Model):
    """A campaign that lives for days, fed by uploads. Arrows: `batches/states.py`."""

    Status = states.BatchStatus

    account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("account"), db_index=False
    )
    name = models.CharField(_("name"), max_length=120)
    use_case = models.CharField(_("use case"), max_length=32, choices=use_cases.choices)
    status = models.CharField(
        _("status"), max_length=12, choices=Status, default=Status.DRAFT, editable=False
    )
    agent = models.ForeignKey(
        Agent, models.PROTECT, verbose_name=_("voice agent"), null=True, blank=True
    )
    number = models.ForeignKey(
        PhoneNumber, models.PROTECT, verbose_name=_("caller id"), null=True, blank=True
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"),
        choices=[(1, _("Normal")), (2, _("High")), (3, _("Urgent"))],
        default=1,
    )
    max_attempts = models.PositiveSmallIntegerField(
        _("attempts per case"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
    )
    retry_days = models.PositiveSmallIntegerField(
        _("days between attempts"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )
    max_concurrent_calls = models.PositiveIntegerField(
        _("simultaneous calls"), null=True, blank=True
    )
    ring_seconds = models.PositiveSmallIntegerField(
        _("seconds of ringing"),
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(60)],
    )
    max_call_seconds = models.PositiveSmallIntegerField(
        _("longest call, in seconds"),
        default=300,
        validators=[MinValueValidator(60), MaxValueValidator(3600)],
    )
    starts_at = models.DateTimeField(_("not before"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    # whom it calls first (imports/ordering.py); empty: as in its files
    order_by = models.CharField(
        _("order of calling"), max_length=140, blank=True, editable=False
    )
    rows = models.PositiveIntegerField(_("rows"), default=0, editable=False)
    row_errors = models.PositiveIntegerField(
        _("rows reported"), default=0, editable=False
    )
    total_amount = models.DecimalField(
        _("total amount"),
        max_digits=24,
        decimal_places=6,
        default=Decimal(0),
        editable=False,
    )
    # {"jobs": {status: n}, "calls": {status: n}, "outcomes": {class: n},
    #  "cost_usd": text, "notices": {"direct": n, "complete": n}}; rebuilt by calls/reconcile.py, never the truth
    counters = models.JSONField(default=dict, editable=False)
    counters_dirty = models.BooleanField(default=False, editable=False)
    # `total_amount` is not what its cases owe now (imports/totals.py); how often what
    # stored cases owe was changed
    total_dirty = models.BooleanField(default=False, editable=False)
    amount_changes = models.PositiveIntegerField(default=0, editable=False)
    # its live calls are to be hung up, until there are none (calls/hangups.py)
    hang_up = models.BooleanField(default=False, editable=False)
    pause_reason = models.CharField(
        _("why paused"), max_length=64, blank=True, editable=False
    )
    # a stop is under way, since then (wall): nothing of it is sent from now on
    stopping_wall = models.DateTimeField(null=True, editable=False)
    # uploads begun; a start and an upload at the same moment meet here
    loads = models.PositiveIntegerField(default=0, editable=False)
    created_by = models.CharField(_("made by"), max_length=150, editable=False)
    created_at = models.DateTimeField(_("made"), default=clock.now, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    completed_at = models.DateTimeField(_("completed"), null=True, editable=False)
    history = models.JSONField(default=list, editable=False)

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["account", "-id"], name="batch_account"),
            models.Index(fields=["status", "priority"], name="batch_status"),
            models.Index(fields=["counters_dirty"], name="batch_dirty"),
            models.Index(fields=["total_dirty"], name="batch_total_dirty"),
            models.Index(fields=["hang_up"], name="batch_hang_up"),
        ]
        permissions = [
            ("control_batch", _("Can start, pause, resume and cancel campaigns"))
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for thing in (self.agent, self.number):
            if thing and thing.account_id not in (None, self.account_id):
                raise ValidationError(_("The agent or number is another account's."))
        if self.starts_at and self.expires_at and self.starts_at >= self.expires_at:
            raise ValidationError(_("It would expire before it starts."))

    def obstacles(self) -> list[str]:
        """Why this batch can't start now, one sentence each; empty when it can."""
        found = []
        if self.account.status != Account.Status.ACTIVE:
            found.append(_("The account is suspended."))
        if not self.agent_id:
            found.append(
                _("It has no voice agent: choose one, or set RETELL_AGENT_ID.")
            )
        elif not self.agent.is_active:
            found.append(_("Its voice agent may not be used."))
        if not self.number_id:
            found.append(
                _("It has no caller id: choose one, or set RETELL_FROM_NUMBER.")
            )
        elif not self.number.is_active:
            found.append(_("Its caller id may not be used."))
        if not self.rows:
            found.append(_("It has no rows: upload a workbook first."))
        if self.expires_at and self.expires_at <= clock.now():
            found.append(_("Its expiry has passed."))
        if self.is_loading():
            found.append(_("A workbook is still being loaded into it."))
        for check in PREFLIGHT:
            found.extend(check(self))
        return [str(sentence) for sentence in found]

    def is_loading(self) -> bool:
        """Whether a workbook is still being loaded into it."""
        return self.uploads.filter(status__in=states.LOADING).exists()

    def start(self, *, by: str) -> bool:
        """Draft → running. False when it was not a draft. Raises ValidationError."""
        if obstacles := self.obstacles():
            raise ValidationError(obstacles)
        return self._change(
            self.Status.RUNNING,
            by=by,
            action="start",
            only_from=[self.Status.DRAFT],
            started_at=clock.now(),
        )

    def pause(self, *, by: str, reason: str = "", as_read: bool = False) -> bool:
        """Running → paused: nothing more of it is sent that was not `sending` when this
        was committed. Live calls go on.

        `as_read`: not if its status changed, there and back, since it was read.
        """
        return self._change(
            self.Status.PAUSED,
            by=by,
            action="pause",
            reason=reason,
            as_read=as_read,
            pause_reason=reason,
        )

    def resume(self, *, by: str) -> bool:
        """Paused → running."""
        if obstacles := self.obstacles():
            raise ValidationError(obstacles)
        return self._change(
            self.Status.RUNNING,
            by=by,
            action="resume",
            only_from=[self.Status.PAUSED],
            pause_reason="",
        )

    def cancel(self, *, by: str, reason: str = "") -> bool:
        """End it for good: what waits is cancelled, live calls finish."""
        return self._end(self.Status.CANCELLED, by=by, reason=reason)

    def stop_now(self, *, by: str, reason: str = "") -> bool:
        """Cancel it and hang up its live calls; of an ended one, hang up what is left.

        The wish is stored with the cancellation: a call whose fate is unknown at that
        moment is hung up when it becomes known.
        """
        stopped = self._end(
            self.Status.CANCELLED,
            by=by,
            action="stop_now",
            reason=reason or "stop_now",
            hang_up=True,
        )
        if not stopped:
            ended = (self.Status.CANCELLED, self.Status.EXPIRED, self.Status.COMPLETED)
            rows = Batch.objects.filter(pk=self.pk, status__in=ended)
            stopped = bool(rows.update(hang_up=True))
            self.refresh_from_db()
            if stopped:
                audit.record("batch.stop_now", self, by=by, reason=reason)
        if stopped:
            for act in ON_STOP_NOW:
                act(self)
        return stopped

    def expire(self, *, by: str) -> bool:
        """Its time is over: what waits becomes expired."""
        return self._end(self.Status.EXPIRED, by=by, reason="batch_expired")

    def complete(self, *, by: str) -> bool:
        """Running → completed, when nothing of it waits or rings."""
        return self._change(
            self.Status.COMPLETED,
            by=by,
            action="complete",
            only_from=[self.Status.RUNNING],
            completed_at=clock.now(),
        )

    def _end(
        self, status: str, *, by: str, reason: str, action: str = "", **values: Any
    ) -> bool:
        ended = self._change(
            status,
            by=by,
            action=action or status,
            reason=reason,
            completed_at=clock.now(),
            **values,
        )
        if ended:
            self.end_jobs(by=by)
        return ended

    def end_jobs(self, *, by: str) -> None:
        """Give the jobs of an ended batch its status: those that wait now, those
        whose call is live when it ends. Safe to repeat (the clock process does)."""
        from batches.models.jobs import Job

        to = self.status
        states.JOB.move(
            {"batch_id": self.pk},
            to,
            only_from=[states.JobStatus.QUEUED],
            by=by,
            reason=f"batch_{to}",
            status_reason=f"batch_{to}",
            next_attempt_at=None,
            finished_at=clock.now(),
        )
        Job.objects.filter(
            batch_id=self.pk,
            status__in=[states.JobStatus.CLAIMED, states.JobStatus.CALLING],
        ).update(stop_requested=to, stop_reason="")

    def _change(
        self,
        to: str,
        *,
        by: str,
        action: str,
        reason: str = "",
        as_read: bool = False,
        **values: Any,
    ) -> bool:
        where = {"_id": self.pk, **({"history": self.history} if as_read else {})}

        def move(also: Mapping[str, Any], **further: Any) -> int:
            return states.BATCH.move(
                {**where, **also},
                to,
                by=by,
                reason=reason,
                counters_dirty=True,
                **values,
                **further,
            )

        if to == self.Status.RUNNING:
            # in one transaction: no upload begins between the look and the change
            changed = in_transaction(lambda: 0 if self.is_loading() else move({}))
        else:
            before = values.get("only_from") or states.BATCH.sources(to)
            changed = stopping.stop(
                {**where, "status": {"$in": list(before)}},
                lambda mark: move({"stopping_wall": mark}, stopping_wall=None),
            )
        if changed:
            self.refresh_from_db()
            if not by.startswith("clock"):
                audit.record(f"batch.{action}", self, by=by, reason=reason)
        return bool(changed)
