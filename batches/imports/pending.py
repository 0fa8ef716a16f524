"""Workbooks that somebody looked at and has not confirmed yet: drafts of uploads, and
files and lists that are to change a campaign.

The steps of a page find the file and what was decided so far under a token. They
hold persons' data, so they belong to one user, are removed when they are
imported or turned down, and otherwise after KEPT. While a worker reads one
(`working.py`) nobody else changes or imports it.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import gridfs
from django.db import connection
from pymongo import ReturnDocument
from pymongo.collection import Collection

from speechai_site.runtime import clock
from speechai_site.runtime.documents import AWARE
from speechai_site.runtime.transactions import session

KEPT = timedelta(hours=2)
BUCKET = "pending_uploads"


@dataclass(frozen=True)
class Pending:
    """A kept workbook. `choices` are plain values, as they were given: what MongoDB can
    keep, without dots in keys. `work`: what a worker is to do with it, or does, or why
    that cannot be done: see `begin_work`."""

    token: str
    file_name: str
    user_id: Any
    choices: dict[str, Any]
    size: int  # bytes
    work: dict[str, Any] | None = None

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
            "work": None,
        },
    )
    return token


def find(token: str, user_id: Any) -> Pending | None:
    """What this user kept under `token`, or what it became: see `end_as`. None when it
    is another's or too old."""
    mine = {"_id": token, "metadata.user_id": user_id, **_fresh()}
    stored = _rows().find_one(mine)
    if stored and (became := stored["metadata"].get("became")):
        stored = _rows().find_one(mine | {"_id": became})
    return _pending(stored) if stored else None


def of_user(user_id: Any) -> list[Pending]:
    """All that this user keeps, the newest first, but what is or was imported."""
    mine = {"metadata.user_id": user_id, "metadata.claimed": False, **_fresh()}
    return [_pending(row) for row in _rows().find(mine).sort("metadata.kept_wall", -1)]


def decide(token: str, user_id: Any, choices: Mapping[str, Any]) -> bool:
    """Keep what was decided meanwhile, instead of what was; False when it is gone,
    being read by a worker, or being imported."""
    return _set(_idle(token, user_id), choices=dict(choices))


def claim(token: str) -> bool:
    """Whether this caller is the one who imports it: a second click is not."""
    idle = {"_id": token, "metadata.claimed": False, "metadata.work": None}
    return _set(idle, claimed=True)


def unclaim(token: str) -> None:
    """It was not imported after all, and can be tried again."""
    _set({"_id": token, "metadata.claimed": True}, claimed=False)


def drop(token: str) -> None:
    """Remove it; nothing happens when it is gone already."""
    try:
        _files().delete(token)
    except gridfs.NoFile:
        pass


def drop_expired() -> None:
    """Remove what nobody confirmed in time, but what a worker has to do."""
    old = {"metadata.kept_wall": {"$lt": clock.wall() - KEPT}, "$nor": [_AT_WORK]}
    for stored in _rows().find(old, {"_id": 1}):
        drop(stored["_id"])


# --- what a worker does with it -----------------------------------------------------


def begin_work(
    token: str, user_id: Any, choices: Mapping[str, Any], work: Mapping[str, Any]
) -> bool:
    """Keep what was decided, and that a worker has to go on; False as in `decide`.

    `work` are plain values of the caller's: `id`, another one each time, and what else
    it needs. To it belong `queued_wall`, `started_wall` (None: it waits), `attempts`,
    `part`, `done` and `total` (0: not known), which tell how far it is, `begun`: it
    can't be cancelled any more, and `refusal`: why it can't be done.
    """
    told = {
        "queued_wall": clock.wall(),
        "started_wall": None,
        "attempts": 0,
        "part": "",
        "done": 0,
        "total": 0,
        "begun": False,
        "refusal": "",
        **work,
    }
    idle = _idle(token, user_id)
    return _set(idle, choices=dict(choices), work=told, kept_wall=clock.wall())


def start_work(token: str) -> Pending | None:
    """The workbook, when there is something to be done with it."""
    update = {
        "$set": {"metadata.work.started_wall": clock.wall()},
        "$inc": {"metadata.work.attempts": 1},
    }
    waits = {"_id": token, **_AT_WORK}
    stored = _rows().find_one_and_update(
        waits, update, return_document=ReturnDocument.AFTER
    )
    return _pending(stored) if stored else None


def tell_work(token: str, work_id: str, **told: Any) -> bool:
    """Write something of this very work, in the running transaction, if any; False when
    it was ended or cancelled."""
    return _set(_of(token, work_id), **{f"work.{k}": v for k, v in told.items()})


def end_work(token: str, work_id: str, choices: Mapping[str, Any]) -> bool:
    """It was done, or given up: `choices` are what is known now. False when it had
    ended, or was cancelled, before."""
    return _set(_of(token, work_id), choices=dict(choices), work=None)


def end_as(token: str, work_id: str, became: str) -> bool:
    """It was done, and goes on as another workbook, which `find` gives instead. False as
    in `end_work`."""
    if not _set(_of(token, work_id), became=became, work=None, claimed=True):
        return False
    _drop_content(token)
    return True


def give_up_work(token: str, work_id: str, choices: Mapping[str, Any]) -> bool:
    """The same, unless it has begun what can't be left half done."""
    where = {**_of(token, work_id), "metadata.work.begun": False}
    return _set(where, choices=dict(choices), work=None)


def finish_work(token: str, work_id: str, choices: Mapping[str, Any]) -> bool:
    """It was done, and nothing follows: only `choices` are kept, to be told."""
    told = {"choices": dict(choices), "work": None, "claimed": True}
    if not _set(_of(token, work_id), **told, kept_wall=clock.wall()):
        return False
    _drop_content(token)
    return True


def refuse_work(token: str, work_id: str, why: str) -> bool:
    """Nothing can be done with the file: nothing of it is kept but this sentence."""
    if not tell_work(token, work_id, refusal=why):
        return False
    _drop_content(token)
    _set({"_id": token}, **{"choices.look": [], "choices.preview": []})
    return True


def drop_work(token: str, work_id: str) -> bool:
    """Remove the workbook while this work is under way; False when it has ended."""
    where = {**_of(token, work_id), "metadata.work.begun": False}
    if not _set(where, claimed=True, work=None):
        return False
    drop(token)
    return True


def at_work() -> Iterator[Pending]:
    """All that a worker has to do something with."""
    return map(_pending, _rows().find(_AT_WORK))


_AT_WORK = {"metadata.work.id": {"$exists": True}, "metadata.work.refusal": ""}


def _drop_content(token: str) -> None:
    connection.database[f"{BUCKET}.chunks"].delete_many({"files_id": token})


def _of(token: str, work_id: str) -> dict[str, Any]:
    return {"_id": token, "metadata.work.id": work_id, "metadata.work.refusal": ""}


def _idle(token: str, user_id: Any) -> dict[str, Any]:
    return {
        "_id": token,
        "metadata.user_id": user_id,
        "metadata.claimed": False,
        "metadata.work": None,
    }


def _fresh() -> dict[str, Any]:
    return {"metadata.kept_wall": {"$gte": clock.wall() - KEPT}}


def _set(where: Mapping[str, Any], **told: Any) -> bool:
    update = {"$set": {f"metadata.{key}": value for key, value in told.items()}}
    return _rows().update_one(where, update, session=session()).matched_count == 1


def _drop_content(token: str) -> None:
    connection.database[f"{BUCKET}.chunks"].delete_many({"files_id": token})


def _pending(stored: Mapping[str, Any]) -> Pending:
    told = stored["metadata"]
    return Pending(
        stored["_id"],
        stored["filename"],
        told["user_id"],
        told["choices"],
        stored["length"],
        told.get("work"),
    )


def _rows() -> Collection:
    return connection.database[f"{BUCKET}.files"].with_options(codec_options=AWARE)


def _files() -> gridfs.GridFSBucket:
    return gridfs.GridFSBucket(connection.database, bucket_name=BUCKET)
