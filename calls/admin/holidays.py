"""Holidays of a country and year: what is shipped, what people changed, the review."""

from datetime import date
from typing import Any

from bson import ObjectId
from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from batches import formats
from batches.admin.base import require
from batches.admin.pages import actor
from batches.imports.normalizers.regions import REGIONS
from calls import holiday_changes
from calls.admin.policy_rows import country_name
from calls.models import Holiday, HolidayYear
from calls.policies import holidays
from calls.policies.areas import CALLING_CODES
from speechai_site.runtime import audit

READ, CHANGE, LOOSEN = (
    "calls.view_holiday",
    "calls.change_holiday",
    "calls.loosen_policy",
)


class DayForm(forms.Form):
    """A day that people change."""

    day = forms.DateField(label=_("Day"), widget=UnfoldAdminSingleDateWidget)
    name = forms.CharField(
        label=_("Name"), max_length=120, widget=UnfoldAdminTextInputWidget
    )
    subdivision = forms.RegexField(
        r"^[A-Z0-9]{0,3}$",
        label=_("Region"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Its code, such as RM; empty: the whole country."),
    )
    what = forms.ChoiceField(
        label=_("What it is"),
        choices=[
            ("holiday", _("Holiday: no calls")),
            ("working", _("Working day: calls as on others")),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=255, widget=UnfoldAdminTextInputWidget
    )


def holidays_page(request: HttpRequest) -> HttpResponse:
    """GET `country` and `year`; POST `verb` set (a day), undo (`holiday`), review."""
    require(request, READ)
    today = holiday_changes.today()
    country = request.GET.get("country", "CL")
    if country not in CALLING_CODES:
        raise Http404
    years = holiday_changes.years(today)
    year = int(request.GET["year"]) if request.GET.get("year", "").isdigit() else 0
    year = year if year in years else today.year
    form = DayForm(request.POST if request.POST.get("verb") == "set" else None)
    if request.method == "POST":
        require(request, CHANGE)
        done = _act(request, country, year, form)
        if done is not None:
            return done
    context = {
        "title": _("Holidays"),
        "country": country,
        "country_name": country_name(country),
        "countries": [(code, country_name(code)) for code in CALLING_CODES],
        "year": year,
        "years": [(each, _is_known(country, each)) for each in years],
        "review": _review(country, year),
        "days": _days(country, year),
        "form": form,
        "page_url": _url(country, year),
        "may_change": request.user.has_perm(CHANGE),
    }
    return TemplateResponse(
        request,
        "admin/calls/policies/holidays.html",
        admin.site.each_context(request) | context,
    )


def _url(country: str, year: int) -> str:
    return f"{reverse('admin:holidays')}?country={country}&year={year}"


# --- changing


def _act(
    request: HttpRequest, country: str, year: int, form: DayForm
) -> HttpResponse | None:
    """None: the form is shown again with its errors."""
    by, verb = audit.actor_of(request.user), request.POST.get("verb")
    reason = request.POST.get("reason", "").strip()
    if verb == "set":
        if not form.is_valid():
            return None
        year = _set(request, country, form.cleaned_data, by)
    elif not reason:
        messages.error(request, _("Say why it is changed."))
    elif verb == "undo":
        _undo(request, country, reason, by)
    elif verb == "review":
        if holiday_changes.review(country, year, by=by, reason=reason):
            messages.success(request, _("The year is reviewed: its holidays hold."))
    else:
        return HttpResponseBadRequest()
    return redirect(_url(country, year))


def _set(request: HttpRequest, country: str, given: dict[str, Any], by: str) -> int:
    is_holiday = given["what"] == "holiday"
    if not is_holiday:
        require(request, LOOSEN)
    holiday_changes.set_day(
        country,
        given["day"],
        name=given["name"],
        is_holiday=is_holiday,
        by=by,
        reason=given["reason"],
        subdivision=given["subdivision"],
    )
    messages.success(request, _("It holds from the next call on."))
    return given["day"].year


def _undo(request: HttpRequest, country: str, reason: str, by: str) -> None:
    wanted = request.POST.get("holiday", "")
    if not ObjectId.is_valid(wanted):
        raise Http404
    row = Holiday.objects.filter(pk=ObjectId(wanted), country=country).first()
    if row is None:
        raise Http404
    if row.is_holiday:
        require(request, LOOSEN)
    if holiday_changes.undo(row, by=by, reason=reason):
        messages.success(request, _("What is shipped holds again for that day."))


# --- what is shown


def _is_known(country: str, year: int) -> bool:
    if year in holidays.REVIEWED_YEARS:
        return True
    return HolidayYear.objects.filter(country=country, year=year).exists()


def _review(country: str, year: int) -> dict[str, Any]:
    row = HolidayYear.objects.filter(country=country, year=year).first()
    if row:
        said = gettext("Reviewed by %(who)s on %(when)s.") % {
            "who": actor(row.reviewed_by),
            "when": formats.moment(row.reviewed_at),
        }
        return {"known": True, "said": said}
    if year in holidays.REVIEWED_YEARS:
        return {"known": True, "said": gettext("Reviewed by us against the decrees.")}
    return {"known": False, "said": ""}


def _days(country: str, year: int) -> list[dict[str, Any]]:
    """Every day by date, the shipped ones with what people made of them."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    changed = {
        (row.subdivision, row.day): row
        for row in Holiday.objects.filter(country=country, day__range=(first, last))
    }
    shown = []
    for (day, name), places in _shipped(country, year).items():
        whole = "" in places
        row = changed.pop(("", day), None) if whole else None
        if row is None and len(places) == 1:
            row = changed.pop((places[0], day), None)
        shown.append(_day(country, day, name, [] if whole else places, row))
    for (subdivision, day), row in changed.items():
        places = [subdivision] if subdivision else []
        shown.append(_day(country, day, row.name, places, row, shipped=False))
    return sorted(shown, key=lambda each: (each["day"], each["where"]))


def _shipped(country: str, year: int) -> dict[tuple[date, str], list[str]]:
    """(day, name) → subdivisions; "" among them: the whole country."""
    whole = holidays.proposed(country, "", year)
    found: dict[tuple[date, str], list[str]] = {each: [""] for each in whole.items()}
    for place in holidays.subdivisions(country):
        for day, name in holidays.proposed(country, place, year).items():
            if day not in whole:
                found.setdefault((day, name), []).append(place)
    return found


def _day(
    country: str,
    day: date,
    name: str,
    places: list[str],
    row: Holiday | None,
    *,
    shipped: bool = True,
) -> dict[str, Any]:
    state = (gettext("Shipped"), "")
    if row is not None and row.is_holiday:
        state = (gettext("Added"), "info")
    elif row is not None:
        state = (gettext("Working day"), "warning")
    return {
        "day": day,
        "date": date_format(day, "l j \\d\\e F") if day else "",
        "name": row.name if row else name,
        "was": name if row and row.name != name else "",
        "where": ", ".join(_region(country, place) for place in places),
        "subdivision": places[0] if len(places) == 1 else "",
        "single": len(places) < 2,
        "state": state,
        "row": row,
        "shipped": shipped,
        "off": row is not None and not row.is_holiday,
    }


def _region(country: str, place: str) -> str:
    code = f"{country}-{place}"
    return REGIONS[code][0] if code in REGIONS else place
