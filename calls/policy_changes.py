"""Changes of the calling policies: proposed by one person, approved by another.

A version never changes once it is written. In the sandbox a proposal is in force at
once; in live when another person than its proposer approves it. Whoever changes what is
in force writes `RulesStamp` in the same transaction, so two at once are one after the
other.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from batches.models import Account, Batch
from calls import rules
from calls.models import Policy
from calls.policies.countries import RECORDS
from calls.policies.merge import (
    ORDERS,
    Effective,
    intersect,
    is_looser,
    strictest,
)
from calls.policies.plain import RecordError
from calls.policies.records import USE_CASES, Record, from_json, to_json
from calls.rules import Rules, kind_of
from speechai_site.runtime import audit, clock
from speechai_site.runtime.documents import collection
from speechai_site.runtime.transactions import in_transaction, session

Document = dict[str, Any]
LIMITS = (*ORDERS, "callbacks")


class ChangeRefused(ValueError):
    """Why a change of the rules is not made, as one sentence for people."""


@dataclass(frozen=True)
class Difference:
    """Codes (sentences.LABELS and `merge.is_looser`) of what a version would allow that
    is not allowed now, and the other way round."""

    loosens: tuple[str, ...]
    tightens: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """A sound record, where it stands, and the rows that are in force beside it."""

    record: Record
    account_id: Any
    batch_id: Any
    rows: list[Document]

    @property
    def kind(self) -> str:
        return kind_of(self.record, account_id=self.account_id, batch_id=self.batch_id)

    @property
    def on(self) -> date:
        """The day that it is judged by: its first, or today."""
        today = clock.now().date()
        return max(today, self.record.valid_from or today)

    @property
    def replaces(self) -> bool:
        """Whether the versions before it are of no more use: it holds from now on."""
        return self.record.valid_to is None and self.on == clock.now().date()

    def before(self) -> Rules:
        return Rules(self.rows)

    def after(self) -> Rules:
        row = {
            "kind": self.kind,
            "version": self.record.version,
            "account_id": self.account_id,
            "batch_id": self.batch_id,
            "record": json.dumps(to_json(self.record)),
        }
        kept = [r for r in self.rows if not (self.replaces and r["kind"] == self.kind)]
        return Rules([*kept, row])


# --- the verbs


def propose(
    written: Any,
    *,
    by: str,
    reason: str,
    account: Account | None = None,
    batch: Batch | None = None,
    may_loosen: bool = False,
) -> Policy:
    """The next version of its kind, from a record's JSON; its `version` is given here.

    With `account` or `batch` it is a layer and can only tighten. `may_loosen`: `by`
    holds calls.loosen_policy. Raises ChangeRefused.
    """
    reason = reason.strip()
    if not reason:
        raise ChangeRefused(_("Say why it is changed."))
    # of two at once the second one meets the first's writes, and takes the next number
    return in_transaction(
        lambda: _propose(
            _change(written, account, batch), by, reason, may_loosen=may_loosen
        )
    )


def approve(policy: Policy, *, by: str) -> Policy:
    """Put a proposal into force; the versions before it end. Raises ChangeRefused."""

    def work() -> Policy:
        row = Policy.objects.get(pk=policy.pk)
        if row.proposed_by == by:
            raise ChangeRefused(_("Another person than the proposer must approve it."))
        change = _change_of(row)
        if any(
            r["kind"] == row.kind and r["version"] > row.version for r in change.rows
        ):
            raise ChangeRefused(_("A newer version is in force: propose it again."))
        if set(_loosens(change)) - set(row.loosens):
            raise ChangeRefused(
                _(
                    "By now it would loosen more than when it was proposed: propose it again."
                )
            )
        _activate(row, change, by)
        return row

    return in_transaction(work)


def refuse(policy: Policy, *, by: str, reason: str = "") -> bool:
    """A proposal never comes into force. False: somebody decided it before."""

    def work() -> bool:
        moved = Policy.objects.filter(
            pk=policy.pk, status=Policy.Status.PROPOSED
        ).update(status=Policy.Status.REFUSED, decided_by=by, decided_at=clock.now())
        if moved:
            _record("refuse", policy, by, reason)
        return bool(moved)

    return in_transaction(work)


def retire(policy: Policy, *, by: str, reason: str, may_loosen: bool = False) -> Policy:
    """Take back what people changed: the next version says what is shipped, or nothing.

    It is a change like others, so in live somebody else approves it. What was added for
    a country that is not shipped becomes a draft, which allows nobody to be called.
    """
    if policy.status != Policy.Status.ACTIVE:
        raise ChangeRefused(_("It is not in force."))
    return propose(
        to_json(_stand_in(policy)),
        by=by,
        reason=reason,
        account=policy.account,
        batch=policy.batch,
        may_loosen=may_loosen,
    )


def difference(
    written: Any, *, account: Account | None = None, batch: Batch | None = None
) -> Difference:
    """What a record would change if it were in force. Raises ChangeRefused."""
    return _difference(_change(written, account, batch))


def difference_of(policy: Policy) -> Difference:
    """What a proposal would change as things stand now."""
    return _difference(_change_of(policy))


def rules_around(policy: Policy) -> tuple[Rules, Rules, date]:
    """The rules without and with this proposal, and the day by which it is judged."""
    change = _change_of(policy)
    return change.before(), change.after(), change.on


def read(written: Any) -> Record:
    """The record of a JSON, whatever its version. Raises ChangeRefused."""
    if isinstance(written, dict):
        written = {**written, "version": 1}
    try:
        return from_json(written)
    except RecordError as error:
        raise ChangeRefused(str(error)) from None


def record_of(policy: Policy) -> Record:
    return from_json(json.loads(policy.record))


# --- how


def _change(written: Any, account: Account | None, batch: Batch | None) -> Change:
    if batch is not None:
        account = batch.account
    change = Change(
        read(written),
        account.pk if account else None,
        batch.pk if batch else None,
        _rows_in_force(),
    )
    layer = str(change.batch_id or change.account_id or "")
    numbered = replace(change.record, version=_next_version(change.kind), layer=layer)
    return replace(change, record=numbered)


def _change_of(policy: Policy) -> Change:
    return Change(
        record_of(policy), policy.account_id, policy.batch_id, _rows_in_force()
    )


def _rows_in_force() -> list[Document]:
    active = {"status": Policy.Status.ACTIVE.value}
    return list(collection(Policy).find(active, session=session()))


def _next_version(kind: str) -> int:
    shipped = [record.version for record in RECORDS if kind_of(record) == kind]
    newest = collection(Policy).find_one(
        {"kind": kind}, {"version": 1}, sort=[("version", -1)], session=session()
    )
    return max([*shipped, newest["version"] if newest else 0], default=0) + 1


def _propose(change: Change, by: str, reason: str, *, may_loosen: bool) -> Policy:
    _refuse_looser_layer(change)
    loosens = _loosens(change)
    if loosens and not may_loosen:
        raise ChangeRefused(_("It would loosen the rules, which you may not do."))
    record = change.record
    row = Policy.objects.create(
        kind=change.kind,
        version=record.version,
        country=record.country,
        use_case=record.use_case,
        subdivision=record.subdivision,
        sector=record.sector,
        account_id=change.account_id,
        batch_id=change.batch_id,
        record=json.dumps(to_json(record), ensure_ascii=False),
        reason=reason[:500],
        loosens=list(loosens),
        proposed_by=by,
    )
    _record("propose", row, by, reason, loosens=", ".join(loosens))
    if settings.SANDBOX:
        _activate(row, change, by)
    return row


def _activate(row: Policy, change: Change, by: str) -> None:
    """From a transaction: one conditional update, and the versions before it end."""
    moved = Policy.objects.filter(pk=row.pk, status=Policy.Status.PROPOSED).update(
        status=Policy.Status.ACTIVE, decided_by=by, decided_at=clock.now()
    )
    if not moved:
        raise ChangeRefused(_("It was decided already."))
    if change.replaces:
        Policy.objects.filter(
            kind=row.kind, version__lt=row.version, status=Policy.Status.ACTIVE
        ).update(status=Policy.Status.RETIRED)
    rules.changed()
    row.refresh_from_db()
    _record("approve", row, by, row.reason, proposed_by=row.proposed_by)


def _record(verb: str, row: Policy, by: str, reason: str, **detail: Any) -> None:
    audit.record(
        f"policy.{verb}",
        row,
        by=by,
        reason=reason,
        kind=row.kind,
        version=row.version,
        **detail,
    )


def _stand_in(policy: Policy) -> Record:
    own = record_of(policy)
    if policy.account_id is None:
        shipped = [r for r in RECORDS if kind_of(r) == policy.kind]
        if shipped:
            return max(shipped, key=lambda record: record.version)
        if own.country and not own.subdivision:
            return replace(own, status="draft")
    nothing: dict[str, Any] = dict.fromkeys(LIMITS, ())
    return replace(own, status="active", valid_to=None, **nothing)


# --- what it changes


def _difference(change: Change) -> Difference:
    pairs = list(_effects(change))
    return Difference(_codes(pairs), _codes((b, a) for a, b in pairs))


def _loosens(change: Change) -> tuple[str, ...]:
    return _codes(_effects(change))


def _codes(pairs: Any) -> tuple[str, ...]:
    found = {code for before, after in pairs for code in is_looser(before, after)}
    return tuple(sorted(found))


def _effects(change: Change) -> Iterator[tuple[Effective, Effective]]:
    """What holds before and after, for everything that the record can concern."""
    before, after = change.before(), change.after()
    for where in contexts(change.record, before):
        layers = {"account_id": change.account_id, "batch_id": change.batch_id}
        yield (
            before.policy(*where, on=change.on, **layers),
            after.policy(*where, on=change.on, **layers),
        )


def contexts(
    record: Record, known: Rules
) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """(country, use case, subdivisions, sector) of all that a record takes part in."""
    everywhere = {r.country for r in known.records if r.country}
    subdivisions = (record.subdivision,) if record.subdivision else ()
    for country in [record.country] if record.country else sorted(everywhere):
        for use_case in [record.use_case] if record.use_case else USE_CASES:
            yield country, use_case, subdivisions, record.sector


def _refuse_looser_layer(change: Change) -> None:
    """A limit that would be weaker than one above it never holds: whoever writes one
    means something that a layer can't do."""
    if change.account_id is None:
        return
    above = change.account_id if change.batch_id else None
    without = Rules([r for r in change.rows if r["kind"] != change.kind])
    own = strictest([change.record])
    for where in contexts(change.record, without):
        base = without.policy(*where, on=change.on, account_id=above)
        if codes := _weaker(own, base):
            raise ChangeRefused(
                _("An account's or campaign's rules can only tighten: %(limits)s.")
                % {"limits": ", ".join(codes)}
            )


def _weaker(own: Effective, base: Effective) -> list[str]:
    found = []
    for kept in own.hours:
        windows = own.seconds_of(kept.limit)
        if any(
            intersect(windows, base.windows(day)) != windows for day in kept.limit.days
        ):
            found.append("hours")
    for name, (group, strictness) in ORDERS.items():
        for kept in getattr(own, name):
            for other in getattr(base, name):
                same = group(replace(kept, lifted=other.lifted)) == group(other)
                if same and strictness(kept.limit) > strictness(other.limit):
                    found.append(getattr(kept.limit, "code", name))
    return sorted(set(found))
