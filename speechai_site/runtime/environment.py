"""Sandbox and live never mix: one check, called before anything can dial. In live
nobody is dialed until an administrator has armed it (`calls/arming.py` asks for what).
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from pymongo.errors import PyMongoError

from speechai_site.runtime import clock, fences, keys
from speechai_site.runtime.documents import collection
from speechai_site.runtime.models import Environment
from speechai_site.runtime.transactions import session

ROW = {"_id": "environment"}
SANDBOX_KEY = "key_sandbox"


class EnvironmentMismatch(RuntimeError):
    """The process must stop; the text is one sentence for the operator."""


def mode() -> str:
    """`sandbox` or `live`: live is whatever Retell address is not loopback."""
    return "sandbox" if settings.SANDBOX else "live"


def start_refusal() -> str | None:
    """Why live may not even start; None in the sandbox. Starting arms nothing."""
    if settings.SANDBOX:
        return None
    if settings.RETELL_API_KEY == SANDBOX_KEY:
        return _(
            "RETELL_BASE_URL is %(url)s (live), but RETELL_API_KEY is the sandbox's: "
            "set the key of the Retell workspace."
        ) % {"url": settings.RETELL_BASE_URL}
    if not settings.LOOKUP_KEY:
        return _("LOOKUP_KEY is required in live: see .env.example.")
    return None


def verify_environment(org_id: str = "") -> None:
    """Stop this process unless database, mode, lookup key and organisation agree.

    The first call on an empty database records them. `org_id` is Retell's, when
    known. Raises EnvironmentMismatch with one sentence; an unreachable database is
    one as well.
    """
    if refusal := start_refusal():
        raise EnvironmentMismatch(refusal)
    try:
        found = _recorded(org_id)
    except PyMongoError as error:
        raise EnvironmentMismatch(
            _(
                "MongoDB does not answer (%(error)s): start `make run`, or set "
                "MONGODB_URI to a running replica set."
            )
            % {"error": type(error).__name__}
        ) from None
    if found["mode"] != mode():
        raise EnvironmentMismatch(
            _(
                "Database %(database)s belongs to %(its)s, but RETELL_BASE_URL is "
                "%(url)s (%(mode)s): use another MONGODB_NAME or another key."
            )
            % {
                "database": settings.MONGODB_NAME,
                "its": found["mode"],
                "url": settings.RETELL_BASE_URL,
                "mode": mode(),
            }
        )
    if found["lookup_fingerprint"] != keys.fingerprint():
        raise EnvironmentMismatch(
            _(
                "LOOKUP_KEY is not the one this database was made with: do-not-call "
                "entries would no longer match. Set the former LOOKUP_KEY."
            )
        )
    if org_id and found["org_id"] != org_id:
        raise EnvironmentMismatch(
            _(
                "RETELL_API_KEY belongs to the Retell organisation %(org)s, this "
                "database to %(its)s: use another MONGODB_NAME or key."
            )
            % {"org": org_id, "its": found["org_id"]}
        )


def _recorded(org_id: str) -> dict:
    """The one Environment row, made when missing; learns the organisation once."""
    rows = connection.database[Environment._meta.db_table]
    fresh = Environment(mode=mode(), lookup_fingerprint=keys.fingerprint())
    columns = {f.column: getattr(fresh, f.attname) for f in Environment._meta.fields}
    del columns["_id"]
    rows.update_one(ROW, {"$setOnInsert": columns}, upsert=True)
    if org_id:
        rows.update_one({**ROW, "org_id": ""}, {"$set": {"org_id": org_id}})
    return rows.find_one(ROW)


# --- armed --------------------------------------------------------------------------


def state() -> dict[str, Any]:
    """The Environment row (inside a transaction: of its snapshot); {} when missing."""
    return collection(Environment).find_one(ROW, session=session()) or {}


def may_dial() -> bool:
    """Whether cases may be dialed: always in the sandbox, in live once it is armed."""
    return settings.SANDBOX or bool(state().get("armed_at"))


def arm(*, by: str, shown: dict[str, str]) -> bool:
    """Let live dial. False: it was armed already, or this is no live database.

    Only `calls/arming.py` calls it, which asks for the conditions.
    """
    changes = {"armed_at": clock.wall(), "armed_by": by, "armed_with": shown}
    where = {**ROW, "mode": "live", "armed_at": None}
    return _change(where, changes)


def disarm(*, by: str) -> bool:
    """Let live dial no more: when this returns, no call of a case can be sent that was
    not `sending` already. False: it was not armed."""
    changes = {"armed_at": None, "disarmed_at": clock.wall(), "disarmed_by": by}
    done = _change({**ROW, "armed_at": {"$ne": None}}, changes)
    fences.close()
    return done


def remember_webhook(fingerprint: str) -> None:
    """A message of Retell's was verified with the key of this fingerprint."""
    values = {
        "webhook_fingerprint": fingerprint,
        "webhook_checked_at": clock.wall(),
    }
    _change(ROW, values)


def webhook_checked_at() -> datetime | None:
    """When the present webhook key last verified a message; None: it never did."""
    found = state()
    present = keys.key_fingerprint(settings.RETELL_WEBHOOK_KEY)
    if found.get("webhook_fingerprint") != present:
        return None
    return found.get("webhook_checked_at")


def _change(where: dict[str, Any], values: dict[str, Any]) -> bool:
    rows = collection(Environment)
    done = rows.update_one(where, {"$set": values}, session=session())
    return bool(done.matched_count)
