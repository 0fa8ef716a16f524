"""Frozen dataclasses ↔ plain JSON (text, whole numbers, lists, dicts), both ways without
loss. A field says by its kind how it is written, and what is wrong in one sentence."""

import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from typing import Any, TypeVar

from django.utils.translation import gettext as _

T = TypeVar("T")


class RecordError(ValueError):
    """What is wrong with a record, as one sentence for the person who edits it."""


@dataclass(frozen=True)
class Kind:
    """`read(value, where)` raises RecordError; `write` is its inverse."""

    read: Callable[[Any, str], Any]
    write: Callable[[Any], Any]


def of_kind(kind: Kind, default: Any = MISSING) -> Any:
    """A field of a dataclass. With a default it may be left out of the JSON."""
    return field(default=default, metadata={"kind": kind})


def wrong(where: str, problem: str) -> RecordError:
    return RecordError(
        _("%(where)s: %(problem)s") % {"where": where, "problem": problem}
    )


def text(pattern: str = r"(?s).*", example: str = "") -> Kind:
    def read(value: Any, where: str) -> str:
        if not isinstance(value, str):
            raise wrong(where, _("text is expected."))
        if not re.fullmatch(pattern, value):
            raise wrong(
                where,
                _("something like “%(example)s” is expected.") % {"example": example},
            )
        return value

    return Kind(read, str)


def choice(*options: str) -> Kind:
    def read(value: Any, where: str) -> str:
        if value not in options:
            listed = ", ".join(option or "“”" for option in options)
            raise wrong(
                where, _("one of %(options)s is expected.") % {"options": listed}
            )
        return value

    return Kind(read, str)


def number(least: int, most: int) -> Kind:
    def read(value: Any, where: str) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            bounds = {"least": least, "most": most}
            raise wrong(
                where,
                _("a whole number from %(least)s to %(most)s is expected.") % bounds,
            )
        return value

    return Kind(read, int)


def _read_day(value: Any, where: str) -> date | None:
    if value == "":
        return None
    try:
        # only the long form: others would be written differently than they were read
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            return date.fromisoformat(value)
    except (TypeError, ValueError):
        pass
    raise wrong(where, _("a date such as 2026-11-24 is expected."))


DAY = Kind(_read_day, lambda day: day.isoformat() if day else "")
_YES_NO = choice("yes", "no")
YES_NO = Kind(
    lambda value, where: _YES_NO.read(value, where) == "yes",
    lambda value: "yes" if value else "no",
)


def listed(kind: Kind) -> Kind:
    def read(value: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise wrong(where, _("a list is expected."))
        return tuple(
            kind.read(item, f"{where} {n}") for n, item in enumerate(value, start=1)
        )

    return Kind(read, lambda items: [kind.write(item) for item in items])


def one(cls: type) -> Kind:
    return Kind(lambda value, where: from_plain(cls, value, where), to_plain)


def to_plain(value: Any) -> dict[str, Any]:
    """The JSON of a dataclass; what has its default value is left out."""
    written = {}
    for each in fields(value):
        own = getattr(value, each.name)
        if each.default is MISSING or own != each.default:
            written[each.name] = each.metadata["kind"].write(own)
    return written


def from_plain(cls: type[T], value: Any, where: str = "") -> T:
    """The dataclass that this JSON writes; raises RecordError with its first fault."""
    if not isinstance(value, dict):
        raise wrong(where or cls.__name__, _("a group of fields is expected."))
    known = {each.name: each for each in fields(cls)}  # type: ignore[arg-type]
    for name in value:
        if name not in known:
            raise wrong(_at(where, str(name)), _("there is no such field."))
    read = {}
    for name, each in known.items():
        if name in value:
            read[name] = each.metadata["kind"].read(value[name], _at(where, name))
        elif each.default is MISSING:
            raise wrong(_at(where, name), _("this field is missing."))
    made = cls(**read)
    if fault := getattr(made, "fault", lambda: "")():
        raise wrong(where or _("record"), fault)
    return made


def _at(where: str, name: str) -> str:
    return f"{where} / {name}" if where else name
