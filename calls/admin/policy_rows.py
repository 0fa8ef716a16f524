"""Calling policies as the screens show them: what is shipped and what people changed."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from batches import formats, use_cases
from batches.admin.base import account_ids, choices_of
from batches.admin.pages import actor
from batches.imports.normalizers.regions import REGIONS
from batches.models import Account, Batch
from calls import policy_changes
from calls.models import Policy
from calls.policies import sentences, wording
from calls.policies.countries import RECORDS
from calls.policies.records import Record
from calls.rules import current, kind_of
from speechai_site.runtime import clock

STATUS_COLOURS = {
    Policy.Status.PROPOSED: "warning",
    Policy.Status.ACTIVE: "success",
    Policy.Status.REFUSED: "danger",
    Policy.Status.RETIRED: "",
}
# What `merge.is_looser` names and no rule has as its own code.
CODES: dict[str, str | Promise] = {
    "hours": _("Hours in which calls may start"),
    "margin": _("Margin before the closing time"),
    "consent": _("Consent of the person"),
    "registry": _("Public registries"),
    "caller_id": _("Number that is shown"),
    "phone_kinds": _("Kinds of phones that are not called"),
    "disclosures": _("Obligatory notices"),
    "debt_dates": _("Debts whose limit date is past"),
    "keeping": _("How long things are kept"),
    "gap": _("Time between two phones of a person"),
    "policy_draft": _("A draft that is accepted"),
    "unknown_policy": _("Where nobody was called for want of rules"),
}


@dataclass(frozen=True)
class Kind:
    """`Policy.kind`, taken apart."""

    country: str
    subdivision: str
    use_case: str
    sector: str
    account_id: str
    batch_id: str

    @classmethod
    def read(cls, text: str) -> "Kind":
        parts = text.split("|")
        layers = parts[4:]
        if len(parts) != 6 or not all(not p or ObjectId.is_valid(p) for p in layers):
            raise Http404
        return cls(*parts)

    @property
    def text(self) -> str:
        return "|".join(
            (
                self.country,
                self.subdivision,
                self.use_case,
                self.sector,
                self.account_id,
                self.batch_id,
            )
        )

    @property
    def is_layer(self) -> bool:
        return bool(self.account_id or self.batch_id)

    @property
    def title(self) -> str:
        place = country_name(self.country)
        if self.subdivision:
            code = f"{self.country}-{self.subdivision}"
            place += f", {REGIONS[code][0] if code in REGIONS else self.subdivision}"
        return " · ".join(
            filter(
                None, (place, use_case_name(self.use_case), sector_name(self.sector))
            )
        )


@dataclass(frozen=True)
class Version:
    """One version of a kind. `row` is None for one that is shipped."""

    record: Record
    row: Policy | None

    @property
    def state(self) -> tuple[str, str]:
        """Words and colour."""
        if self.row is None:
            return gettext("Shipped"), "info"
        status = Policy.Status(self.row.status)
        return str(status.label), STATUS_COLOURS[status]

    @property
    def holds(self) -> bool:
        return self.row is None or self.row.status == Policy.Status.ACTIVE


def url_of(kind: str, page: str = "policy", **more: str) -> str:
    """Address of a kind's page, or of the form that changes it."""
    return f"{reverse(f'admin:{page}')}?{urlencode({'kind': kind, **more})}"


def country_name(code: str) -> str:
    if not code:
        return gettext("All countries")
    return str(dict(Account.Country.choices).get(code, code))


def use_case_name(code: str) -> str:
    if not code:
        return gettext("All campaigns")
    return str(dict(use_cases.choices()).get(code, code))


def sector_name(code: str) -> str:
    return code.replace("_", " ").capitalize()


def code_name(code: str) -> str:
    """A code of `is_looser` in words: a cap or wait by what it limits."""
    if code in CODES:
        return str(CODES[code])
    for record in current().records:
        for limit in (*record.caps, *record.cooldowns):
            if limit.code == code:
                said = wording.SAYERS[type(limit)](limit).rstrip(".")
                return said.rpartition(":")[0] if limit in record.caps else said
    return sentences.label(code)


def policy_of(ref: str) -> dict[str, str]:
    """The policy that a decision names (`Record.ref`): in words, and its page."""
    rules = current()
    record = next((r for r in rules.records if r.ref == ref), None)
    layer = None
    for layer_id, own in rules.layers.items():
        if found := next((r for r in own if r.ref == ref), None):
            record, layer = found, layer_id
    if record is None:
        return {"name": ref, "url": ""}
    batch = Batch.objects.filter(pk=layer).first() if layer else None
    account = Account.objects.filter(pk=layer).first() if layer else None
    if batch is not None:
        account = batch.account
    kind = kind_of(
        record,
        account_id=account.pk if account else None,
        batch_id=batch.pk if batch else None,
    )
    named = (str(batch or account or ""), Kind.read(kind).title)
    words = {"name": " · ".join(filter(None, named)), "version": record.version}
    name = gettext("%(name)s, version %(version)s") % words
    return {"name": name, "url": url_of(kind)}


def visible(request: HttpRequest) -> Any:
    """The rows that this person may see: everybody's, and their accounts' layers."""
    rows = Policy.objects.all()
    ids = account_ids(request)
    if ids is None:
        return rows
    return rows.filter(account_id__isnull=True) | rows.filter(account_id__in=ids)


def versions(request: HttpRequest, kind: str) -> list[Version]:
    """Newest first; empty if there is no such kind, or not for this person."""
    rows = visible(request).filter(kind=kind)
    found = [Version(policy_changes.record_of(row), row) for row in rows]
    found += [Version(r, None) for r in RECORDS if kind_of(r) == kind]
    return sorted(found, key=lambda each: each.record.version, reverse=True)


def in_force(found: list[Version], today: date) -> Version | None:
    """Of the versions of a kind (newest first), the one that holds."""
    held = [each for each in found if each.holds and each.record.in_force(today)]
    return held[0] if held else None


def shelf(request: HttpRequest) -> dict[str, list[Version]]:
    """All kinds with their versions that hold or wait, newest first."""
    found: dict[str, list[Version]] = {}
    for record in RECORDS:
        found.setdefault(kind_of(record), []).append(Version(record, None))
    statuses = [Policy.Status.ACTIVE, Policy.Status.PROPOSED]
    for row in visible(request).filter(status__in=statuses):
        version = Version(policy_changes.record_of(row), row)
        found.setdefault(row.kind, []).append(version)
    for each in found.values():
        each.sort(key=lambda version: version.record.version, reverse=True)
    return found


def list_row(kind: str, found: list[Version], today: date) -> dict[str, Any]:
    """One line of the list."""
    held = in_force(found, today)
    shown = held or found[0]
    lines = wording.lines(shown.record)
    parts = Kind.read(kind)
    return {
        "kind": kind,
        "parts": parts,
        "use_case": use_case_name(parts.use_case),
        "where": parts.title,
        "url": url_of(kind),
        "state": record_state(shown.record) if held else (gettext("Not in force"), ""),
        "version": shown.record.version,
        "changed": shown.row is not None,
        "reviewed": formats_day(reviewed(lines)),
        "pending_counsel": sum(line.pending_counsel for line in lines),
        "rules": len(lines),
        "waiting": sum(
            v.row is not None and v.row.status == Policy.Status.PROPOSED for v in found
        ),
    }


def record_state(record: Record) -> tuple[str, str]:
    if record.status == "draft":
        return gettext("Draft"), "warning"
    return str(Policy.Status.ACTIVE.label), "success"


def reviewed(lines: list[wording.Line]) -> date | None:
    """When the rules were last read, of the one that was read the longest ago."""
    days = [line.reviewed_on for line in lines if line.reviewed_on]
    return min(days, default=None)


def formats_day(day: date | None) -> str:
    return day.strftime("%d-%m-%Y") if day else formats.EMPTY


def grouped(lines: list[wording.Line]) -> list[tuple[str, list[wording.Line]]]:
    groups: dict[str, list[wording.Line]] = {}
    for line in lines:
        groups.setdefault(line.group, []).append(line)
    return list(groups.items())


def history(found: list[Version]) -> list[dict[str, Any]]:
    """All versions, each with what it says otherwise than the one before it."""
    rows = []
    for at, version in enumerate(found):
        before = found[at + 1] if at + 1 < len(found) else None
        gone, new = [], []
        if before:
            gone, new = wording.changes(before.record, version.record)
        rows.append(
            {
                "version": version.record.version,
                "state": version.state,
                "gone": gone,
                "new": new,
                "compared": before.record.version if before else None,
                "row": version.row,
                **_people(version.row),
            }
        )
    return rows


def _people(row: Policy | None) -> dict[str, str]:
    if row is None:
        return {"proposed": "", "decided": "", "reason": ""}
    decided = ""
    if row.decided_at:
        decided = f"{actor(row.decided_by)}, {formats.moment(row.decided_at)}"
    return {
        "proposed": f"{actor(row.proposed_by)}, {formats.moment(row.proposed_at)}",
        "decided": decided,
        "reason": row.reason,
    }


def proposal(row: Policy, held: Version | None) -> dict[str, Any]:
    """A version that waits: what it changes, from what holds now."""
    record = policy_changes.record_of(row)
    gone, new = wording.changes(held.record, record) if held else ([], [])
    return {
        "row": row,
        "version": row.version,
        "gone": gone,
        "new": new or ([] if held else [line.text for line in wording.lines(record)]),
        **effect(policy_changes.difference_of(row)),
        **_people(row),
    }


def effect(difference: policy_changes.Difference) -> dict[str, list[str]]:
    return {
        "loosens": [code_name(code) for code in difference.loosens],
        "tightens": [code_name(code) for code in difference.tightens],
    }


def layer_of(request: HttpRequest, kind: Kind) -> tuple[Account | None, Batch | None]:
    """The account and campaign of a layer's kind; 404 if they are not this person's."""
    account = batch = None
    if kind.account_id:
        mine = choices_of(Account, request)
        account = mine.filter(pk=ObjectId(kind.account_id)).first()
        if account is None:
            raise Http404
    if kind.batch_id:
        batch = Batch.objects.filter(
            pk=ObjectId(kind.batch_id), account=account
        ).first()
        if batch is None:
            raise Http404
    return account, batch


def today() -> date:
    return clock.now().date()
