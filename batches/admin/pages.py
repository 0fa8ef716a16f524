"""What a page about one row is made of; higher apps add their part to these lists."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from batches import formats
from batches.admin.words import reason
from batches.models import Account, Batch, Job, Upload


@dataclass(frozen=True)
class Link:
    """A way on from a page. `url` is complete."""

    label: str | Promise
    url: str
    icon: str


@dataclass(frozen=True)
class Card:
    """One figure of a summary."""

    label: str | Promise
    value: str
    hint: str | Promise = ""
    tone: str = ""


@dataclass(frozen=True)
class Panel:
    """A titled part of a page: a template and what it is rendered with."""

    title: str | Promise
    template: str
    context: dict[str, Any]


@dataclass(frozen=True)
class Notice:
    """Something that a person should know before anything else. `url`: where to see
    more of it, under the words `link`."""

    tone: str
    icon: str
    title: str | Promise
    text: str | Promise
    url: str = ""
    link: str | Promise = ""


# Each takes (request, row) and returns a list; `calls` and `reports` append theirs.
ACCOUNT_NOTICES: list[Callable[[HttpRequest, Account], list[Notice]]] = []
BATCH_CARDS: list[Callable[[HttpRequest, Batch], list[Card]]] = []
BATCH_LINKS: list[Callable[[HttpRequest, Batch], list[Link]]] = []
BATCH_NOTICES: list[Callable[[HttpRequest, Batch], list[Notice]]] = []
BATCH_PANELS: list[Callable[[HttpRequest, Batch], list[Panel]]] = []
UPLOAD_PANELS: list[Callable[[HttpRequest, Upload], list[Panel]]] = []
JOB_PANELS: list[Callable[[HttpRequest, Job], list[Panel]]] = []


def gather(
    makers: list[Callable[..., list[Any]]], request: HttpRequest, row: Any
) -> list[Any]:
    return [part for maker in makers for part in maker(request, row)]


def list_url(model: str, **filters: Any) -> str:
    """Address of a list, such as `batches_job`, with filters on."""
    query = "&".join(f"{key}={value}" for key, value in filters.items())
    return reverse(f"admin:{model}_changelist") + (f"?{query}" if query else "")


def page_url(model: str, pk: Any) -> str:
    """Address of a row's page."""
    return reverse(f"admin:{model}_change", args=[pk])


def actor(by: str) -> str:
    """Who did it, for people: a user's name, a key, or the machine."""
    kind, _colon, name = by.partition(":")
    return {"user": name, "key": f"API {name}"}.get(kind) or str(_("system"))


def history_of(row: Any, label_of: Callable[[str], Any]) -> list[dict[str, Any]]:
    """A row's status changes, newest first, ready to be shown.

    Two in a row that are called the same (a claimed case, its call) are one.
    """
    shown: list[dict[str, Any]] = []
    for entry in row.history:
        line = {
            "label": label_of(entry["to"]),
            "at": formats.moment(datetime.fromisoformat(entry["at"])),
            "by": actor(entry["by"]),
            "reason": reason(entry["reason"]),
        }
        if not shown or line["reason"] or shown[-1]["label"] != line["label"]:
            shown.append(line)
    return shown[::-1]
