"""Workbooks that somebody looked at and has not confirmed yet: drafts of uploads.

The steps of the wizard find the file and what was decided so far under a token. They
hold persons' data, so they belong to one user, are removed when they are
imported or turned down, and otherwise after KEPT.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

import gridfs
from django.db import connection

from speechai_site.runtime import clock

KEPT = timedelta(hours=2)
BUCKET = "pending_uploads"


@dataclass(frozen=True)
class Pending:
    """A kept workbook. `choices` are plain values, as they were given: what MongoDB can
    keep, without dots in keys."""

    token: str
    file_name: str
    choices: dict[str, Any]

    def content(self) -> bytes:
        return _files().open_download_stream(self.token).read()


def keep(
    content: bytes,
    *,
    file_name: str,
    user_id: Any,
    choices: Mapping[str, Any],
) -> str:
    """Keep a workbook for `user_id` alone; the token by which they find it again."""
    drop_expired()
    token = secrets.token_urlsafe(24)
    _files().upload_from_stream_with_id(
        token,
        file_name,
        content,
        metadata={
            "user_id": user_id,
            "claimed": False,
            "kept_wall": clock.wall(),
            "choices": dict(choices),
        },
    )
    return token


def find(token: str, user_id: Any) -> Pending | None:
    """What this user kept under `token`; None when it is another's or too old."""
    for stored in _files().find({"_id": token, "metadata.user_id": user_id}):
        told = stored.metadata
        if told["kept_wall"].replace(tzinfo=UTC) < clock.wall() - KEPT:
            return None
        return Pending(token, stored.filename, told["choices"])
    return None


def decide(token: str, user_id: Any, choices: Mapping[str, Any]) -> bool:
    """Keep what was decided meanwhile, instead of what was; False when it is gone, or
    being imported."""
    files = connection.database[f"{BUCKET}.files"]
    mine = {"_id": token, "metadata.user_id": user_id, "metadata.claimed": False}
    kept = files.update_one(mine, {"$set": {"metadata.choices": dict(choices)}})
    return kept.matched_count == 1


def claim(token: str) -> bool:
    """Whether this caller is the one who imports it: a second click is not."""
    return _mark(token, was=False, becomes=True)


def unclaim(token: str) -> None:
    """It was not imported after all, and can be tried again."""
    _mark(token, was=True, becomes=False)


def _mark(token: str, *, was: bool, becomes: bool) -> bool:
    files = connection.database[f"{BUCKET}.files"]
    marked = files.update_one(
        {"_id": token, "metadata.claimed": was}, {"$set": {"metadata.claimed": becomes}}
    )
    return marked.modified_count == 1


def drop(token: str) -> None:
    """Remove it; nothing happens when it is gone already."""
    try:
        _files().delete(token)
    except gridfs.NoFile:
        pass


def drop_expired() -> None:
    """Remove what nobody confirmed in time."""
    old = {"metadata.kept_wall": {"$lt": clock.wall() - KEPT}}
    for stored in _files().find(old):
        drop(stored._id)


def _files() -> gridfs.GridFSBucket:
    return gridfs.GridFSBucket(connection.database, bucket_name=BUCKET)
