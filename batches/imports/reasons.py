"""The two columns that an error workbook has in front of the rows as they were: when
it comes back corrected, they are not data."""

from dataclasses import replace
from functools import cache

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from batches.imports.books import Sheet
from batches.imports.normalizers.text import is_blank, squash, text_of

COUNT = 2


def headers() -> list[str]:
    """Which column is wrong, and why: their headers in the active language."""
    return [_("Column"), _("Why")]


def without(sheet: Sheet) -> Sheet:
    """The sheet as it was before it was reported; any other sheet as it is."""
    first = next((row for row in sheet.rows() if not all(map(is_blank, row))), [])
    front = tuple(squash(text_of(cell)) for cell in first[:COUNT])
    if sheet.left or front not in _known():
        return sheet
    return replace(
        sheet,
        width=sheet.width - COUNT,
        left=COUNT,
        rows=lambda: (row[COUNT:] for row in sheet.rows()),
        merged=[span for span in sheet.merged if span[0][1] >= COUNT],
        corrects=True,
    )


@cache
def _known() -> frozenset[tuple[str, ...]]:
    known = set()
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            known.add(tuple(map(squash, headers())))
    return frozenset(known)
