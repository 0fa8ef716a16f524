"""What every screen of the admin shares: accounts kept apart, acts recorded."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin import ShowFacets
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from batches.models import Account, Agent, Batch, PhoneNumber
from speechai_site.runtime import audit


def sees_personal_data(request: HttpRequest) -> bool:
    """Whether this person reads names, phones, documents and speech in full."""
    return request.user.has_perm("reports.see_personal_data")


def sees_cost(request: HttpRequest) -> bool:
    return request.user.has_perm("reports.see_cost")


def account_ids(request: HttpRequest) -> list[Any] | None:
    """Ids of the accounts this person may see; None: all. Asked once a request."""
    if request.user.is_superuser:
        return None
    if not hasattr(request, "_account_ids"):
        visible = Account.objects.visible_to(request.user)
        request._account_ids = list(visible.values_list("pk", flat=True))
    return request._account_ids


class Listing(ChangeList):
    """A list whose admin prepares each page's rows once (names, masks)."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count  # else the heading says "of"
        self.model_admin.prepare(request, self.result_list)


class SpeechAdmin(ModelAdmin):
    """Base of all screens: only changed columns are written, acts are recorded."""

    list_select_related = ()
    list_fullwidth = True
    list_per_page = 50
    show_full_result_count = False
    compressed_fields = True
    warn_unsaved_form = True
    show_facets = ShowFacets.NEVER  # a count for each choice of each filter

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Fill in what the columns of one page show, in a query or two."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Listing

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the filters on offer: a free look-up would scan a million rows and
        guess at what a mask hides."""
        offered = (
            getattr(item, "parameter_name", item)
            for item in self.get_list_filter(request)
        )
        return any(lookup in (name, f"{name}__exact") for name in offered)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        raise Http404

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        for icon in ("add", "change", "delete", "view"):
            if field and hasattr(field.widget, f"can_{icon}_related"):
                setattr(field.widget, f"can_{icon}_related", False)
        return field

    def save_model(
        self, request: HttpRequest, obj: models.Model, form: ModelForm, change: Any
    ) -> None:
        """Write the changed columns only: the rest may have moved on meanwhile."""
        if not change:
            obj.save()
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=[n for n in form.changed_data if n in columns])

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        self._record(request, "add", obj)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        changed = [
            name
            for part in message
            for name in (part.get("changed") or {}).get("fields", [])
        ]
        self._record(request, "change", obj, fields=", ".join(map(str, changed)))

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> None:
        for obj in queryset:
            self._record(request, "delete", obj)

    def _record(self, request: HttpRequest, verb: str, obj: Any, **detail: Any) -> None:
        account = obj.pk if isinstance(obj, Account) else ""
        audit.record(
            f"{obj._meta.model_name}.{verb}",
            obj,
            by=audit.actor_of(request.user),
            account_id=account,
            **detail,
        )


class AccountScopedAdmin(SpeechAdmin):
    """Rows of one account are never seen from another.

    `account_field` is the column that names the account. `shared_rows`: a row without
    an account belongs to everybody, and only a superuser changes it.
    """

    account_field: ClassVar[str] = "account_id"
    shared_rows: ClassVar[bool] = False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        ids = account_ids(request)
        if ids is None:
            return rows
        mine = Q(**{f"{self.account_field}__in": ids})
        if self.shared_rows:
            mine |= Q(**{f"{self.account_field}__isnull": True})
        return rows.filter(mine)

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> Any:
        kwargs.setdefault("queryset", choices_of(db_field.related_model, request))
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.related_model is Account and self.shared_rows:
            field.required = not request.user.is_superuser
        return field

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_alter(
            request, obj
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_alter(
            request, obj
        )

    def _may_alter(self, request: HttpRequest, obj: Any) -> bool:
        """Unfold asks with an id instead of a row: that counts as any row."""
        if not isinstance(obj, models.Model) or request.user.is_superuser:
            return True
        return getattr(obj, self.account_field) is not None


def choices_of(model: type[models.Model], request: HttpRequest) -> QuerySet:
    """The rows of `model` that this person may choose."""
    rows = model._default_manager.all()
    ids = account_ids(request)
    if ids is None:
        return rows
    if model is Account:
        return rows.filter(pk__in=ids)
    if model in (Agent, PhoneNumber):
        return rows.filter(Q(account_id__in=ids) | Q(account_id__isnull=True))
    return rows.filter(account_id__in=ids) if model is Batch else rows


class ReadOnly:
    """Rows that the machine makes: looked at, never typed."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def require(request: HttpRequest, *permissions: str) -> None:
    """Raise PermissionDenied unless the person holds all of them."""
    if not request.user.has_perms(permissions):
        raise PermissionDenied
