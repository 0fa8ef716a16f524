"""Passwords are not guessed: after MOST wrong ones for a name nobody gets in by it, not
with the right one either, until WAIT has passed without a new try.

Counted by name alone: an address says little behind a proxy, and many have many. Who
knows a colleague's name can keep them out for WAIT; who is signed in stays so.
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm

from speechai_site.runtime import clock, keys
from speechai_site.runtime.documents import collection
from speechai_site.runtime.models import User, WrongPasswords

MOST = 10
WAIT = timedelta(minutes=15)
LOCKED: Promise = _("Too many wrong passwords for this user. Try again in 15 minutes.")


def is_locked(username: str) -> bool:
    """Whether the right password would be refused, too."""
    row = {"_id": _key(username), "tries": {"$gte": MOST}}
    still = {"until_wall": {"$gt": clock.wall()}}
    return collection(WrongPasswords).find_one(row | still, {"_id": 1}) is not None


class LimitedBackend(ModelBackend):
    """Django's own, which counts each try before it looks at the password, so that many
    at once are no way around."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **others: Any,
    ) -> User | None:
        if not username or password is None:
            return None
        if _count(username) > MOST:
            raise PermissionDenied
        user = super().authenticate(request, username, password, **others)
        if user is not None:
            collection(WrongPasswords).delete_one({"_id": _key(username)})
        return user


class LoginForm(AuthenticationForm):
    def get_invalid_login_error(self) -> ValidationError:
        if is_locked(self.cleaned_data.get("username", "")):
            return ValidationError(LOCKED, code="locked")
        return super().get_invalid_login_error()


def _count(username: str) -> int:
    """The tries for this name until now, this one included. A locked name's wait is
    not made longer by those who go on trying."""
    now = clock.wall()
    is_over = {"$lte": [{"$ifNull": ["$until_wall", now]}, now]}
    tries = {"$cond": [is_over, 1, {"$add": ["$tries", 1]}]}
    waits = {"$and": [{"$not": [is_over]}, {"$gt": ["$tries", MOST]}]}
    row = collection(WrongPasswords).find_one_and_update(
        {"_id": _key(username)},
        [
            {
                "$set": {
                    "tries": tries,
                    "until_wall": {"$cond": [waits, "$until_wall", now + WAIT]},
                }
            }
        ],
        upsert=True,
        return_document=True,
    )
    return row["tries"]


def _key(username: str) -> str:
    return keys.lookup_key("login", username.casefold())
