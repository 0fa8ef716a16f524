"""Layouts that are remembered: finding the one of a file, and what drifted since.

A column is known by its header without accents and case, and by how many before it
have the same: `["telefono", 0]`, `["telefono", 1]`.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.db import IntegrityError

from batches.imports.books import Book
from batches.imports.filters import RowFilter
from batches.imports.look import look
from batches.imports.normalizers.text import squash
from batches.imports.problems import WorkbookError
from batches.imports.questions import Answers
from batches.imports.sniffer import Source
from batches.models import Account, LayoutProfile, Upload
from batches.use_cases.base import UseCase
from speechai_site.runtime import clock

# Answers that hold for the next file of a layout as well. That dates were turned around
# is a mishap of one file.
REMEMBERED = ("amounts", "unit", "dates", "phones", "documents", "hidden_rows")
# A file with less than this share of a profile's headers is another layout.
ALIKE = 0.5
# A total or mean that changed by so much is a decimal point that moved: ten times, in
# a portfolio that also shrank or grew a little.
JUMP = Decimal(8)
Key = tuple[str, int]


@dataclass
class Layout:
    """What was decided about a file's columns, by their places among its headers."""

    columns: dict[str, list[int]] = field(default_factory=dict)
    variables: dict[str, int] = field(default_factory=dict)
    filters: list[RowFilter] = field(default_factory=list)


@dataclass
class Drift:
    """What changed since the profile was kept. `missing` and `new` are headers as they
    are written; `used`: those of the missing that mean something."""

    missing: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)


def keys_of(headers: Sequence[str]) -> list[Key]:
    """The key of each header, in their order."""
    seen: Counter[str] = Counter()
    keys = []
    for header in headers:
        plain = squash(header) or header
        keys.append((plain, seen[plain]))
        seen[plain] += 1
    return keys


def signature(headers: Sequence[str]) -> str:
    """The same for the same headers in any order."""
    lines = "\n".join(sorted(f"{plain} {nth}" for plain, nth in keys_of(headers)))
    return hashlib.sha256(lines.encode()).hexdigest()


def find(
    account: Account, use_case: str, headers: Sequence[str]
) -> LayoutProfile | None:
    """The account's profile of exactly these headers, else the one most alike."""
    mine = list(LayoutProfile.objects.filter(account=account, use_case=use_case))
    wanted = signature(headers)
    own = set(keys_of(headers))
    best, share = None, ALIKE
    for profile in mine:
        if profile.signature == wanted:
            return profile
        theirs = set(keys_of(profile.headers))
        alike = len(own & theirs) / max(len(theirs), 1)
        if alike >= share and (best is None or alike > share):
            best, share = profile, alike
    return best


def applied(profile: LayoutProfile, headers: Sequence[str]) -> Layout:
    """What a profile says of a file: of columns that are not there it says nothing."""
    places = {key: place for place, key in enumerate(keys_of(headers))}
    found = Layout()
    for name, keys in profile.columns:
        here = [places[_key(key)] for key in keys if _key(key) in places]
        found.columns[name] = here
    for name, key in profile.variables:
        if _key(key) in places:
            found.variables[name] = places[_key(key)]
    for key, test, value in profile.filters:
        if _key(key) in places:
            found.filters.append(RowFilter(places[_key(key)], test, value))
    return found


def drift_of(profile: LayoutProfile, headers: Sequence[str]) -> Drift:
    """What is missing and what is new against the profile's file."""
    own, theirs = keys_of(headers), keys_of(profile.headers)
    used = {_key(key) for _name, keys in profile.columns for key in keys}
    used |= {_key(key) for _name, key in profile.variables}
    used |= {_key(key) for key, _test, _value in profile.filters}
    gone = [
        (key, h)
        for key, h in zip(theirs, profile.headers, strict=True)
        if key not in set(own)
    ]
    return Drift(
        missing=[header for _k, header in gone],
        new=[h for key, h in zip(own, headers, strict=True) if key not in set(theirs)],
        used=[header for key, header in gone if key in used],
    )


def told(
    source: Source | Book, account: Account, use_case: UseCase, answers: Answers
) -> Answers:
    """What the account's profile of such a file says, where `answers` say nothing; of a
    file without profile, just those. Raises WorkbookError, too when the file lacks what
    the profile goes by."""
    where = Answers(sheet=answers.sheet, header_row=answers.header_row)
    seen = look(source, use_case, account.country, where)
    profile = find(account, use_case.name, seen.headers)
    if profile is None:
        return answers
    drift = drift_of(profile, seen.headers)
    if drift.used:
        raise WorkbookError("layout_drifted", columns=", ".join(drift.used))
    layout = applied(profile, seen.headers)
    if drift.missing or drift.new:
        layout = with_synonyms(layout, seen.columns)
    remembered = {
        name: value
        for name, value in profile.answers
        if name in REMEMBERED and not getattr(answers, name)
    }
    names = [column.name for column in use_case.columns]
    return replace(
        answers,
        sheet=seen.sheet,
        header_row=seen.header_row,
        columns={name: layout.columns.get(name, []) for name in names},
        filters=layout.filters,
        variables=layout.variables,
        fixed=dict(profile.fixed),
        **remembered,
    )


def with_synonyms(layout: Layout, found: Mapping[str, Sequence[int]]) -> Layout:
    """A layout in which columns that lost their place take one found by its header."""
    taken = {place for places in layout.columns.values() for place in places}
    for name, places in found.items():
        free = [place for place in places if place not in taken]
        if free and not layout.columns.get(name):
            layout.columns[name] = free
            taken.update(free)
    return layout


def figures_of(seen: Mapping[str, Any]) -> dict[str, str]:
    """What the next file of a layout is compared with, all text."""
    cases, total = int(seen["jobs"]), Decimal(seen["total_amount"])
    mean = (total / cases).quantize(Decimal("0.01")) if cases else Decimal(0)
    return {
        "rows": str(seen["rows"]),
        "cases": str(cases),
        "total": str(total),
        "mean": str(mean),
        "phones": str(seen["phones"]),
    }


def jumped(now: Mapping[str, str], last: Mapping[str, str]) -> bool:
    """Whether the total or the mean is some ten times, or a tenth, of the last one's."""
    for name in ("total", "mean"):
        own, other = Decimal(now.get(name, "0")), Decimal(last.get(name, "0"))
        if own > 0 and other > 0 and not 1 / JUMP < own / other < JUMP:
            return True
    return False


def remember(
    account: Account,
    use_case: str,
    headers: Sequence[str],
    layout: Layout,
    *,
    by: str,
    name: str,
    **values: Any,
) -> LayoutProfile:
    """Keep the layout of a confirmed file; `values` are columns of the model. The name
    of one that is known stays."""
    keys = [list(key) for key in keys_of(headers)]
    kept = {
        "headers": list(headers),
        "columns": [
            [column, [keys[place] for place in places]]
            for column, places in layout.columns.items()
        ],
        "variables": [[var, keys[place]] for var, place in layout.variables.items()],
        "filters": [[keys[one.place], one.test, one.value] for one in layout.filters],
        "used_at": clock.now(),
        "used_by": by,
        **values,
    }
    own = {"account": account, "use_case": use_case, "signature": signature(headers)}
    same = LayoutProfile.objects.filter(**own)
    if not same.update(**kept):
        try:
            LayoutProfile.objects.create(name=name[:120], **own, **kept)
        except IntegrityError:  # somebody else kept it meanwhile
            same.update(**kept)
    return same.get()


def tell(profile_id: Any, figures: Mapping[str, str], upload: Upload) -> None:
    """Keep what an upload of this layout held, and when that was."""
    about = {"file_name": upload.file_name, "at": upload.created_at.isoformat()}
    LayoutProfile.objects.filter(pk=profile_id).update(figures={**figures, **about})


def _key(stored: Sequence[Any]) -> Key:
    return str(stored[0]), int(stored[1])
