"""What people should know of the calling rules before they stop campaigns."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from batches import formats
from batches.admin.base import account_ids
from batches.admin.pages import Notice, page_url
from batches.models import Account, Batch
from batches.states import OPEN_BATCH
from calls import registries, rules
from calls.policies import effective
from calls.policies.records import Record, Source
from speechai_site.runtime import clock

REVIEW_DAYS = 365
# The newest open campaigns are looked at; no more of anything are named.
LOOKED_AT, MOST_NAMED = 200, 5
REFUSALS = ("policy_draft", "unknown_policy")


class Asked(NamedTuple):
    """What open campaigns are called under."""

    country: str
    use_case: str
    sector: str


def answers_for_rules(request: HttpRequest) -> bool:
    """Administrators and auditors."""
    return request.user.has_perm("runtime.view_auditentry")


def notices(request: HttpRequest) -> list[Notice]:
    """For the home page, about the campaigns that this person may see."""
    asked = _open_campaigns(request)
    now = rules.current()
    today = clock.now().date()
    found = _refused(now, asked, today)
    if answers_for_rules(request):
        records = list(_records(now, asked, today))
        found += _unreviewed(records, today) + _stale_registries(request, records)
    return found


def _open_campaigns(request: HttpRequest) -> dict[Asked, list[Batch]]:
    batches = Batch.objects.filter(status__in=OPEN_BATCH)
    if (ids := account_ids(request)) is not None:
        batches = batches.filter(account_id__in=ids)
    newest = list(batches.order_by("-pk")[:LOOKED_AT])
    accounts = Account.objects.in_bulk({batch.account_id for batch in newest})
    found: dict[Asked, list[Batch]] = {}
    for batch in newest:
        account = accounts[batch.account_id]
        asked = Asked(account.country, batch.use_case, account.sector)
        found.setdefault(asked, []).append(batch)
    return found


def _refused(
    now: rules.Rules, asked: dict[Asked, list[Batch]], today: date
) -> list[Notice]:
    """Campaigns of which nobody is called until somebody accepts the rules."""
    waiting = [
        batch
        for (country, use_case, sector), batches in asked.items()
        for batch in batches
        if now.policy(
            *(country, use_case, (), sector),
            on=today,
            account_id=batch.account_id,
            batch_id=batch.pk,
        ).refusal
        in REFUSALS
    ]
    if not waiting:
        return []
    return [
        Notice(
            "danger",
            "gavel",
            _("Campaigns without calling rules in force"),
            _("Nobody of %(campaigns)s is called until an administrator accepts them.")
            % {"campaigns": _named(batch.name for batch in waiting)},
            page_url("batches_batch", waiting[0].pk),
            _("See the campaign"),
        )
    ]


def _records(now: rules.Rules, asked: Iterable[Asked], today: date) -> Iterator[Record]:
    """Those in force for what is called, of whole countries and their regions."""
    for country, use_case, sector in asked:
        regions = {r.subdivision for r in now.records if r.country == country}
        found = effective.choose(
            now.records, country, use_case, tuple(regions), sector, today
        )
        yield from (record for record in found if record.status == "active")


def _unreviewed(records: list[Record], today: date) -> list[Notice]:
    oldest = today - timedelta(days=REVIEW_DAYS)
    late = sorted(
        {
            record.ref
            for record in records
            for source in _sources(record)
            if _is_late(source, oldest)
        }
    )
    if not late:
        return []
    return [
        Notice(
            "warning",
            "event_busy",
            _("Calling rules to be reviewed"),
            _("Nobody has reviewed them for a year: %(rules)s.")
            % {"rules": _named(late)},
        )
    ]


def _is_late(source: Source, oldest: date) -> bool:
    if source.reviewed_on is None:
        return not source.is_company
    return source.reviewed_on < oldest


def _sources(record: Record) -> Iterator[Source]:
    for value in vars(record).values():
        for limit in value if isinstance(value, tuple) else ():
            yield limit.source


def _stale_registries(request: HttpRequest, records: list[Record]) -> list[Notice]:
    """Registries that are older than a rule in force accepts: their calls wait."""
    found = []
    for country in sorted({record.country for record in records}):
        looks = registries.looks(country)
        ages: dict[str, int] = {}
        for record in records:
            for rule in record.registries if record.country == country else ():
                ages[rule.name] = min(
                    rule.max_age_days, ages.get(rule.name, rule.max_age_days)
                )
        for name, days in sorted(ages.items()):
            look = looks.get(name)
            asked_at = look and look.asked_at
            if not asked_at or asked_at + timedelta(days=days) <= clock.now():
                found.append(_stale(request, name, days, asked_at))
    return found


def _stale(
    request: HttpRequest, name: str, days: int, asked_at: datetime | None
) -> Notice:
    may_load = account_ids(request) is None
    return Notice(
        "warning",
        "sync_problem",
        _("Public registry to be loaded: %(registry)s") % {"registry": name},
        ngettext(
            "Last loaded: %(moment)s; the rule accepts %(days)s day. Who has to be "
            "looked up in it is not called until it is loaded.",
            "Last loaded: %(moment)s; the rule accepts %(days)s days. Who has to be "
            "looked up in it is not called until it is loaded.",
            days,
        )
        % {
            "moment": formats.moment(asked_at) if asked_at else _("never"),
            "days": days,
        },
        reverse("admin:calls_donotcall_registry") if may_load else "",
        _("Public registries") if may_load else "",
    )


def _named(names: Iterable[str]) -> str:
    shown = list(names)
    rest = [_("others")] if len(shown) > MOST_NAMED else []
    return ", ".join([*shown[:MOST_NAMED], *rest])
