"""Lists of a million rows: newest first, page by page, nothing counted."""

from typing import Any, ClassVar

from bson.errors import InvalidId
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from batches.admin.base import Listing, SpeechAdmin


class UncountedPaginator(Paginator):
    """Counting a million rows costs more than showing fifty of them."""

    template_name = "admin/keyset.html"
    count = 0


class KeysetListing(Listing):
    """Newest first; a page is named by the row it goes on from, not by a number.

    `?p=ID` shows what is older than that row, `?p=-ID` what is newer. Its cost does
    not grow with the table, and rows that arrive meanwhile shift nothing.
    """

    def get_results(self, request: HttpRequest) -> None:
        size = self.list_per_page
        cursor = request.GET.get(PAGE_VAR, "")
        rows, self.has_newer, self.has_older = self._page(cursor, size)
        self.result_list = rows
        self.newer_url = self._url(f"-{rows[0].pk}") if rows else ""
        self.older_url = self._url(f"{rows[-1].pk}") if rows else ""
        self.newest_url = self.get_query_string(remove=[PAGE_VAR])
        self.result_count = self.full_result_count = len(rows)
        self.show_full_result_count = False
        self.show_admin_actions = bool(rows)
        self.can_show_all = self.multi_page = False
        self.paginator = UncountedPaginator(rows, size)
        self.model_admin.prepare(request, rows)

    def _page(self, cursor: str, size: int) -> tuple[list[Any], bool, bool]:
        to_python = self.model._meta.pk.to_python
        try:
            newer = cursor.startswith("-")
            place = to_python(cursor.lstrip("-")) if cursor else None
        except (ValidationError, ValueError, InvalidId):
            place = None
        listed = self.queryset.defer(*self.model_admin.list_leaves_out)
        if place is None:
            rows = list(listed[: size + 1])
            return rows[:size], False, len(rows) > size
        if newer:
            rows = list(listed.filter(pk__gt=place).order_by("pk")[: size + 1])
            return rows[:size][::-1], len(rows) > size, True
        rows = list(listed.filter(pk__lt=place)[: size + 1])
        return rows[:size], True, len(rows) > size

    def _url(self, cursor: str) -> str:
        return self.get_query_string({PAGE_VAR: cursor})

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[str]:
        return ["-pk"]


class KeysetAdmin(SpeechAdmin):
    """A list that may hold millions of rows."""

    sortable_by = ()
    list_leaves_out: ClassVar[tuple[str, ...]] = ()  # large columns, not read for it

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeysetListing
