"""Sandbox and live never mix: one check, called before anything can dial."""

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from pymongo.errors import PyMongoError

from speechai_site.runtime import keys
from speechai_site.runtime.models import Environment


class EnvironmentMismatch(RuntimeError):
    """The process must stop; the text is one sentence for the operator."""


def mode() -> str:
    """`sandbox` or `live`: live is whatever Retell address is not loopback."""
    return "sandbox" if settings.SANDBOX else "live"


def live_refusal() -> str | None:
    """Why live may not start; None in the sandbox."""
    if settings.SANDBOX:
        return None
    return _(
        "RETELL_BASE_URL is %(url)s (live), and live dialing is refused until the "
        "calling policies have landed: unset RETELL_API_KEY and RETELL_BASE_URL "
        "to work in the sandbox."
    ) % {"url": settings.RETELL_BASE_URL}


def verify_environment(org_id: str = "") -> None:
    """Stop this process unless database, mode, lookup key and organisation agree.

    The first call on an empty database records them. `org_id` is Retell's, when
    known. Raises EnvironmentMismatch with one sentence; an unreachable database is
    one as well.
    """
    if refusal := live_refusal():
        raise EnvironmentMismatch(refusal)
    if not settings.LOOKUP_KEY:
        raise EnvironmentMismatch("LOOKUP_KEY is required in live: see .env.example.")
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
    rows.update_one(
        {"_id": "environment"},
        {
            "$setOnInsert": {
                "mode": fresh.mode,
                "org_id": "",
                "lookup_fingerprint": fresh.lookup_fingerprint,
                "created_at": fresh.created_at,
            }
        },
        upsert=True,
    )
    if org_id:
        rows.update_one(
            {"_id": "environment", "org_id": ""}, {"$set": {"org_id": org_id}}
        )
    return rows.find_one({"_id": "environment"})
