"""Filters that stand on an index and offer only what the person may see."""

from collections.abc import Mapping
from typing import Any, ClassVar

from bson import ObjectId
from bson.errors import InvalidId
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from batches.admin.base import account_ids
from batches.models import Account, Batch

BATCHES_OFFERED = 20


class AccountFilter(SimpleListFilter):
    """Shown to who sees more than one account."""

    title = _("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        accounts = Account.objects.visible_to(request.user)
        found = [(str(pk), name) for pk, name in accounts.values_list("pk", "name")]
        return found if len(found) > 1 or self.value() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return _chosen(self, queryset, "account_id")


class BatchFilter(SimpleListFilter):
    """The newest campaigns, and the one that a link asked for."""

    title = _("campaign")
    parameter_name = "batch"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        batches = Batch.objects.order_by("-pk")
        if (ids := account_ids(request)) is not None:
            batches = batches.filter(account_id__in=ids)
        found = list(batches.values_list("pk", "name")[:BATCHES_OFFERED])
        asked = object_id(self.value())
        if asked and asked not in dict(found):
            found += batches.filter(pk=asked).values_list("pk", "name")
        return [(str(pk), name) for pk, name in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return _chosen(self, queryset, "batch_id")


class CodeFilter(SimpleListFilter):
    """A column of short codes, named by `parameter_name`; `words` says them."""

    words: ClassVar[Mapping[str, Any]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(self.words.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value()
        return queryset.filter(**{self.parameter_name: value}) if value else queryset


class StatusFilter(CodeFilter):
    """The statuses of the list's model."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return model_admin.model.Status.choices


def object_id(text: str | None) -> ObjectId | None:
    """`text` as an id; None when it is none."""
    try:
        return ObjectId(text) if text else None
    except InvalidId:
        return None


def _chosen(chosen: SimpleListFilter, queryset: QuerySet, column: str) -> QuerySet:
    if chosen.value() is None:
        return queryset
    if chosen.value() not in dict(chosen.lookup_choices):
        return queryset.none()
    return queryset.filter(**{column: object_id(chosen.value())})
