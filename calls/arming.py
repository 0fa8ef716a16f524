"""What live needs before it may dial, and the act of arming it.

The conditions are read again in the transaction that arms. Whatever changes afterwards
is the gate's: a country whose policy is withdrawn is denied there, call by call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches import formats, use_cases
from batches.models import Account, Batch
from batches.states import OPEN_BATCH
from calls import rules
from calls.models import StaffCall, StaffPhone
from calls.policies.sentences import LABELS
from calls.states import CallStatus
from speechai_site.runtime import audit, clock, environment, passwords
from speechai_site.runtime.models import Environment, User
from speechai_site.runtime.transactions import in_transaction

# A test call proves the way to Retell for so long (wall).
TEST_IS_FRESH = timedelta(hours=24)
WORD = gettext_lazy("ARM")


class Refused(Exception):
    """Live was not armed or disarmed; the text is one sentence for the person."""


@dataclass(frozen=True)
class Condition:
    """`missing`: one sentence that says what is missing; empty when it is met.
    `proof`: what is written down when live is armed; `met`: the same for people."""

    code: str
    title: str | Promise
    missing: str
    met: str = ""
    proof: str = ""


def conditions() -> list[Condition]:
    """What must hold, in the order in which a person would see to it."""
    return [check() for check in CONDITIONS]


def arm(user: User, *, word: str, password: str, request: HttpRequest | None) -> None:
    """Let this live installation dial. Raises Refused, with the first reason."""
    _confirm(user, word, password, request)
    arm_confirmed(by=audit.actor_of(user))


def arm_confirmed(*, by: str) -> None:
    """Once the person has confirmed. Of many at once one arms. Raises Refused."""
    if not in_transaction(lambda: _arm(by)):
        raise Refused(_("Live dialing is armed already."))


def disarm(*, by: str) -> None:
    """When this returns, no call of a case can be sent any more. Raises Refused."""
    if not environment.disarm(by=by):
        raise Refused(_("Live dialing is not armed."))
    audit.record("live.disarm", Environment.objects.get(), by=by)


def _confirm(user: User, word: str, password: str, request: HttpRequest | None) -> None:
    if settings.SANDBOX:
        raise Refused(_("In test mode there is nothing to arm: no real phone rings."))
    if not user.is_active or not user.has_perm("runtime.arm_live"):
        raise Refused(_("Only an administrator arms live dialing."))
    if word.strip().upper() != str(WORD):
        raise Refused(_("To confirm, type %(word)s.") % {"word": WORD})
    known = authenticate(request, username=user.get_username(), password=password)
    if known is None and passwords.is_locked(user.get_username()):
        raise Refused(str(passwords.LOCKED))
    if known is None or known.pk != user.pk:
        raise Refused(_("The password is wrong."))


def _arm(by: str) -> bool:
    """Inside a transaction: on record, or not armed."""
    found = conditions()
    for condition in found:
        if condition.missing:
            raise Refused(condition.missing)
    shown = {condition.code: condition.proof for condition in found}
    if not environment.arm(by=by, shown=shown):
        return False
    audit.record("live.arm", Environment.objects.get(), by=by, **shown)
    return True


# --- the conditions -----------------------------------------------------------------


def _policies() -> Condition:
    title = gettext_lazy("A calling policy in force for each campaign's country")
    asked = _asked()
    if not asked:
        return Condition("policy", title, _("There is no active account yet."))
    current, today, refs = rules.current(), clock.now().date(), set()
    for account, names in asked:
        found = {
            name: current.policy(account.country, name, on=today, account_id=account.pk)
            for name in names
        }
        in_force = {policy.ref for policy in found.values() if not policy.refusal}
        if not in_force:
            name = names[0]
            return Condition("policy", title, _no_policy(account, name, found[name]))
        refs |= in_force
    proof = ", ".join(sorted(refs))
    return Condition("policy", title, "", proof, proof)


def _asked() -> list[tuple[Account, list[str]]]:
    """Accounts, and use cases of which one at least must be allowed: each that has a
    campaign; while there is no campaign, any that an active account could begin."""
    batches = Batch.objects.filter(status__in=list(OPEN_BATCH))
    pairs = set(batches.values_list("account_id", "use_case"))
    accounts = {account.pk: account for account in Account.objects.all()}
    if pairs:
        return [(accounts[pk], [use_case]) for pk, use_case in sorted(pairs)]
    every = [name for name, _label in use_cases.choices()]
    active = (a for a in accounts.values() if a.status == Account.Status.ACTIVE)
    return [(account, every) for account in active]


def _no_policy(account: Account, use_case: str, policy: Any) -> str:
    names = dict(use_cases.choices())
    return _("%(account)s, %(use_case)s, %(country)s: %(why)s.") % {
        "account": account.name,
        "use_case": names.get(use_case, use_case),
        "country": account.get_country_display(),
        "why": str(LABELS.get(policy.refusal, policy.refusal)).rstrip("."),
    }


def _webhook() -> Condition:
    title = gettext_lazy("Retell's webhooks, verified with the present key")
    at = environment.webhook_checked_at()
    if at is None:
        return Condition(
            "webhook",
            title,
            _(
                "No webhook has been verified with RETELL_WEBHOOK_KEY yet: make a test "
                "call, and see that PUBLIC_URL reaches this program."
            ),
        )
    met = _("last one on %(at)s") % {"at": formats.moment(at)}
    return Condition("webhook", title, "", met, at.isoformat())


def _test_call() -> Condition:
    title = gettext_lazy("An answered test call of the last 24 hours")
    answered = StaffCall.objects.filter(
        kind=StaffCall.Kind.TEST,
        ended_wall__gte=clock.wall() - TEST_IS_FRESH,
        status=CallStatus.ENDED,
        outcome="conversation",
    )
    verified = StaffPhone.objects.filter(verified_at__isnull=False)
    call = (
        answered.filter(phone_id__in=list(verified.values_list("pk", flat=True)))
        .order_by("-ended_wall")
        .first()
    )
    if call is None:
        return Condition(
            "test_call",
            title,
            _("No test call to a verified staff phone was answered lately: make one."),
        )
    met = _("ended on %(at)s") % {"at": formats.moment(call.ended_wall)}
    return Condition("test_call", title, "", met, call.pk)


CONDITIONS: list[Callable[[], Condition]] = [_policies, _webhook, _test_call]


def status() -> dict[str, Any]:
    """`{mode, armed, armed_at, armed_by, disarmed_at, disarmed_by, conditions: [{code,
    met, sentence}]}`; times in ISO 8601."""
    row = environment.state()

    def iso(name: str) -> str | None:
        return row[name].isoformat() if row.get(name) else None

    armed = bool(row.get("armed_at"))
    return {
        "mode": environment.mode(),
        "armed": armed,
        "armed_at": iso("armed_at"),
        "armed_by": row.get("armed_by") or "" if armed else "",
        "disarmed_at": iso("disarmed_at"),
        "disarmed_by": row.get("disarmed_by") or "",
        "conditions": [
            {"code": c.code, "met": not c.missing, "sentence": c.missing or c.met}
            for c in conditions()
        ],
    }
