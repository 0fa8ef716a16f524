"""With which voice agent and caller id a new batch calls.

What was asked for, else the account's default, else RETELL_AGENT_ID and
RETELL_FROM_NUMBER.
"""

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from batches.models import Account, Agent, PhoneNumber


class CallerError(Exception):
    """There is no such agent or number for the account; `message` says so."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


def choose_agent(
    account: Account, retell_id: str = "", *, needed: bool
) -> Agent | None:
    """The agent a new batch starts with; raises CallerError."""
    wanted = retell_id or ("" if account.default_agent_id else settings.RETELL_AGENT_ID)
    agent = _of(account, Agent, retell_id=wanted) if wanted else account.default_agent
    if agent is None and (retell_id or needed):
        raise CallerError(
            _("The account has no voice agent %(wanted)s: run sync_retell.")
            % {"wanted": wanted}
            if wanted
            else _(
                "No voice agent: give --agent, or set the account's default or RETELL_AGENT_ID."
            )
        )
    return agent


def choose_number(
    account: Account, e164: str = "", *, needed: bool
) -> PhoneNumber | None:
    """The caller id a new batch starts with; raises CallerError."""
    wanted = e164 or ("" if account.default_number_id else settings.RETELL_FROM_NUMBER)
    number = (
        _of(account, PhoneNumber, e164=wanted) if wanted else account.default_number
    )
    if number is None and (e164 or needed):
        raise CallerError(
            _("The account has no caller id %(wanted)s: run sync_retell.")
            % {"wanted": wanted}
            if wanted
            else _(
                "No caller id: give --from-number, or set the account's default or RETELL_FROM_NUMBER."
            )
        )
    return number


def _of(account: Account, model, **which):
    """The row that this account may use, or None."""
    mine = Q(account=None) | Q(account=account)
    return model.objects.filter(mine, is_active=True, **which).first()
