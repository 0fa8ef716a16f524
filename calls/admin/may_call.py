"""“May they be called?”: one person, one moment, every rule that has a say."""

from datetime import datetime
from typing import Any

import phonenumbers
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from batches import formats, use_cases
from batches.admin.base import account_ids, choices_of, require, sees_personal_data
from batches.admin.filters import object_id
from batches.admin.jobs import shown_name
from batches.admin.pages import page_url
from batches.admin.words import reason
from batches.models import Account, Job
from calls import what_if
from calls.admin.policy_rows import country_name, policy_of, use_case_name
from calls.policies import opening, sentences, wording
from calls.policies.areas import CALLING_CODES
from calls.policies.decisions import Check, Decision
from calls.policies.zones import subdivision_of
from calls.what_if import Question
from speechai_site.runtime import clock

DECISIONS = {
    "allow": (_("Allowed"), "success"),
    "defer": (_("Deferred"), "warning"),
    "deny": (_("Denied"), "danger"),
}


class QuestionForm(forms.Form):
    """Without a case the country and the use case say which policies are asked."""

    country = forms.ChoiceField(
        label=_("Country"),
        choices=lambda: [(code, country_name(code)) for code in CALLING_CODES],
        widget=UnfoldAdminSelectWidget,
    )
    use_case = forms.ChoiceField(
        label=_("Use case"), choices=use_cases.choices, widget=UnfoldAdminSelectWidget
    )
    account = forms.ModelChoiceField(
        Account.objects.none(),
        label=_("Account"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Its own rules count too."),
    )
    at = forms.DateTimeField(
        label=_("Moment"),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        help_text=_("By the clock where the person is."),
    )
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("It says where the person is. It is not kept."),
    )
    region = forms.CharField(
        label=_("Region"),
        required=False,
        max_length=80,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Name or code; goes before the phone."),
    )
    consent = forms.ChoiceField(
        label=_("Consent"),
        choices=list(wording.CONSENT_LEVELS.items()),
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    case = forms.CharField(
        label=_("Case"),
        required=False,
        max_length=24,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "Its id, as in the address of its page: then its account, its history of "
            "contacts and its blocks count, and of the rest only moment and phone."
        ),
    )
    accept_drafts = forms.BooleanField(
        label=_("As if drafts were accepted"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.fields["account"].queryset = choices_of(Account, request).order_by("name")
        self.fields["account"].empty_label = _("None")

    def clean_at(self) -> datetime:
        """The wall clock of the person: without a zone."""
        at: datetime = self.cleaned_data["at"]
        return timezone.localtime(at).replace(tzinfo=None)

    def clean_case(self) -> Job | None:
        wanted = self.cleaned_data["case"].strip()
        if not wanted:
            return None
        ids = account_ids(self.request)
        jobs = (
            Job.objects.all() if ids is None else Job.objects.filter(account_id__in=ids)
        )
        job = jobs.filter(pk=pk).first() if (pk := object_id(wanted)) else None
        if job is None or not job.phones:
            raise ValidationError(
                _("There is no such case with a phone."), code="unknown"
            )
        return job

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        country, text = cleaned.get("country"), cleaned.get("phone", "").strip()
        if cleaned.get("case"):
            country = cleaned["case"].account.country
        if text and country:
            cleaned["phone"] = self._e164(text, country)
        region = cleaned.get("region", "").strip()
        if region and country and not subdivision_of(country, region):
            self.add_error("region", _("The country has no such region."))
        return cleaned

    def _e164(self, text: str, country: str) -> str:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            self.add_error("phone", _("That is not a phone number."))
            return ""
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def may_call(request: HttpRequest) -> HttpResponse:
    """Ask (POST; a phone is never in an address). GET `case` fills in the case."""
    require(request, "calls.view_policy")
    initial = {
        "country": "CL",
        "use_case": "debt_collection",
        "at": timezone.localtime(clock.now()).strftime("%Y-%m-%dT%H:%M"),
        "case": request.GET.get("case", ""),
    }
    form = QuestionForm(request, request.POST or None, initial=initial)
    context: dict[str, Any] = {"title": _("May they be called?"), "form": form}
    if form.is_bound and form.is_valid():
        context["answer"] = _answer(request, form.cleaned_data)
    return TemplateResponse(
        request,
        "admin/calls/policies/may_call.html",
        admin.site.each_context(request) | context,
    )


def _answer(request: HttpRequest, given: dict[str, Any]) -> dict[str, Any]:
    job: Job | None = given["case"]
    question = Question(
        given["country"],
        given["use_case"],
        given["at"],
        given["phone"],
        given["region"],
        given["consent"] or "none",
        given["account"],
        accept_drafts=given["accept_drafts"],
    )
    answer = what_if.ask_about(job, question) if job else what_if.ask(question)
    decision, zone = answer.decision, (answer.place.zones or ("",))[0]
    words, tone = DECISIONS[decision.decision]
    shown = {
        "decision": words,
        "tone": tone,
        "reason": sentences.reason(decision, zone),
        "next": _moment(decision.next_allowed_at, zone),
        "at": _moment(answer.at, zone),
        "zones": ", ".join(answer.place.zones) or formats.EMPTY,
        "checks": [_check(check, zone) for check in decision.checks],
        "policies": [policy_of(ref) for ref in answer.policy.records],
        "others": [reason(code) for code in answer.others],
        "job": job,
    }
    if job:
        full = sees_personal_data(request)
        shown |= {
            "name": shown_name(job.name, full=full),
            "job_url": page_url("batches_job", job.pk),
            "contacts": answer.contacts,
            "use_case": use_case_name(job.batch.use_case),
        }
    return shown


def _check(check: Check, zone: str) -> dict[str, Any]:
    single = Decision(
        check.decision, check.code, check.until, check.rule, check.source, (check,)
    )
    words, tone = DECISIONS[check.decision]
    return {
        "decision": words,
        "tone": tone,
        "label": sentences.label(check.code),
        "said": sentences.reason(single, zone),
        "policy": policy_of(check.rule),
        "source": check.source or formats.EMPTY,
        "until": _moment(check.until, zone),
    }


def _moment(at: datetime | None, zone: str) -> str:
    if at is None:
        return ""
    there = opening.local(zone, at.timestamp()) if zone else at
    return date_format(there, "l j/n/Y H:i")
