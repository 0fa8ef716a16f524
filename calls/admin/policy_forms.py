"""The form that changes a policy: the common edits as fields, all the rest as JSON."""

import json
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from calls.policies import wording
from calls.policies.countries.writing import attempts_a_day, attempts_a_week
from calls.policies.countries.writing import company as company_source
from calls.policies.plain import to_plain
from calls.policies.records import COMPANY, Record, to_json
from calls.policies.records import WEEKDAYS as NAMES
from calls.policies.sentences import hours_text
from speechai_site.runtime import clock

Document = dict[str, Any]
CLOSED = pgettext_lazy("hours", "closed")
WINDOW = re.compile(r"(\d{1,2})(?::(\d\d))?\s*[-–a]\s*(\d{1,2})(?::(\d\d))?")


class PolicyForm(forms.Form):
    """`cleaned_data["record"]`: the JSON of what is proposed. Only fields that were
    changed go into it, on top of the JSON below."""

    def __init__(self, record: Record, *args: Any, layer: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record, self.layer = record, layer
        self.table = _by_day(to_json(record).get("hours", []))
        self._add_general()
        self._add_hours()
        self._add_numbers()
        self.fields["written"] = forms.CharField(
            label=_("All rules, as JSON"),
            widget=UnfoldAdminTextareaWidget(
                attrs={"rows": 18, "spellcheck": "false", "class": "sai-json"}
            ),
            initial=json.dumps(to_json(record), ensure_ascii=False, indent=2),
            help_text=_("For what has no field above. The version is given by itself."),
        )
        self.fields["reason"] = forms.CharField(
            label=_("Reason"),
            max_length=500,
            widget=UnfoldAdminTextInputWidget,
            help_text=_("It stays in the history and in the activity log."),
        )

    def _add_general(self) -> None:
        record = self.record
        if not self.layer:
            self.fields["status"] = forms.ChoiceField(
                label=_("Status"),
                choices=[
                    ("active", _("Accepted: people may be called")),
                    ("draft", _("Draft: nobody is called")),
                ],
                initial=record.status,
                widget=UnfoldAdminSelectWidget,
            )
        if any(cap.reading for cap in record.caps):
            self.fields["reading"] = forms.ChoiceField(
                label=_("Reading of what is disputed"),
                choices=list(wording.READINGS.items()),
                initial=record.reading,
                widget=UnfoldAdminSelectWidget,
                help_text=_("Strict: each call that rings counts as a contact."),
            )
        self.fields["valid_from"] = forms.DateField(
            label=_("It holds from"),
            initial=record.valid_from,
            widget=UnfoldAdminSingleDateWidget,
        )

    def _add_hours(self) -> None:
        if self.table is None:
            return
        for day, name in enumerate(NAMES):
            self.fields[f"day_{name}"] = forms.CharField(
                label=str(WEEKDAYS[day]).capitalize(),
                required=False,
                initial=_shown(self.table.get(name)),
                widget=UnfoldAdminTextInputWidget,
            )

    def _add_numbers(self) -> None:
        caps = {cap.code: cap for cap in self.record.caps}
        if self.layer:
            for made in (attempts_a_day(1, company_source()), _weekly()):
                caps.setdefault(made.code, made)
        own = {cap.code: cap.most for cap in self.record.caps}
        for code, cap in caps.items():
            said = wording.SAYERS[type(cap)](cap)
            self.fields[f"cap_{code}"] = forms.IntegerField(
                label=said.rpartition(":")[0],
                required=code in own,
                min_value=1,
                max_value=1000,
                initial=own.get(code),
                widget=UnfoldAdminIntegerFieldWidget,
                help_text="" if code in own else _("Empty: none of its own."),
            )
        if len(self.record.gaps) == 1:
            self.fields["gap"] = forms.IntegerField(
                label=_("Minutes between two phones of a person"),
                min_value=1,
                max_value=60 * 24 * 31,
                initial=self.record.gaps[0].minutes,
                widget=UnfoldAdminIntegerFieldWidget,
            )

    # --- how the template shows them

    @property
    def general(self) -> list[Any]:
        names = ("status", "reading", "valid_from")
        return [self[name] for name in names if name in self.fields]

    @property
    def hours(self) -> list[Any]:
        return [self[name] for name in self.fields if name.startswith("day_")]

    @property
    def numbers(self) -> list[Any]:
        names = [name for name in self.fields if name.startswith("cap_")]
        return [self[name] for name in (*names, "gap") if name in self.fields]

    # --- what was changed

    def clean(self) -> Document:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        try:
            written = json.loads(cleaned["written"])
        except ValueError as error:
            raise ValidationError(
                _("The JSON cannot be read: %(error)s"),
                code="json",
                params={"error": str(error)},
            ) from None
        if not isinstance(written, dict):
            raise ValidationError(_("The JSON is not a group of fields."), code="json")
        for name in self.changed_data:
            if name in ("status", "reading"):
                written[name] = cleaned[name]
            elif name == "valid_from":
                written[name] = cleaned[name].isoformat()
            elif name == "gap":
                _change(written["gaps"][0], "minutes", cleaned["gap"])
            elif name.startswith("cap_"):
                self._change_cap(written, name.removeprefix("cap_"), cleaned[name])
        if any(name.startswith("day_") for name in self.changed_data):
            self._change_hours(written)
        cleaned["record"] = written
        return cleaned

    def _change_cap(self, written: Document, code: str, most: int | None) -> None:
        caps = written.setdefault("caps", [])
        found = next((cap for cap in caps if cap.get("code") == code), None)
        if found and most:
            _change(found, "most", most)
        elif most:
            make = attempts_a_day if code == "attempts_a_day" else attempts_a_week
            caps.append(to_plain(make(most, company_source())))

    def _change_hours(self, written: Document) -> None:
        table = _by_day(written.get("hours", []))
        if table is None:
            raise ValidationError(
                _("The JSON has several entries for one day: change the hours there."),
                code="hours",
            )
        for name in NAMES:
            if f"day_{name}" not in self.changed_data:
                continue
            text = self.cleaned_data[f"day_{name}"]
            windows = _read_windows(text)
            if windows is None:
                self.add_error(
                    f"day_{name}",
                    _("Write hours such as 09:00-13:00, 15:00-19:30, or “closed”."),
                )
            elif not text.strip():
                table.pop(name, None)
            else:
                old = table.get(name)
                source = _touched(old[1]) if old else _company()
                table[name] = (windows, source)
        written["hours"] = _regrouped(table)


def _weekly() -> Any:
    return attempts_a_week(1, company_source())


def _company() -> Document:
    today = clock.now().date().isoformat()
    text = gettext("The company's rule")
    return {"text": text, "status": COMPANY, "reviewed_on": today}


def _touched(source: Document) -> Document:
    """Of a rule that somebody changed: read today, and of a law not yet by counsel."""
    found = {**source, "reviewed_on": clock.now().date().isoformat()}
    if source.get("status") != COMPANY:
        found["pending_counsel"] = "yes"
    return found


def _change(limit: Document, name: str, value: Any) -> None:
    limit[name] = value
    limit["source"] = _touched(limit.get("source", {}))


Table = dict[str, tuple[list[list[str]], Document]]


def _by_day(hours: list[Document]) -> Table | None:
    """The windows and the source of each weekday; None if a day has several."""
    table: Table = {}
    try:
        for entry in hours:
            for day in entry["days"]:
                if day in table:
                    return None
                table[day] = (entry["windows"], entry["source"])
    except (KeyError, TypeError):
        return None
    return table


def _regrouped(table: Table) -> list[Document]:
    groups: dict[str, Document] = {}
    for day in NAMES:
        if day not in table:
            continue
        windows, source = table[day]
        key = json.dumps([windows, source], sort_keys=True)
        entry = {"days": [], "windows": windows, "source": source}
        groups.setdefault(key, entry)["days"].append(day)
    return list(groups.values())


def _shown(limit: tuple[list[list[str]], Document] | None) -> str:
    if limit is None:
        return ""
    if not limit[0]:
        return str(CLOSED)
    minutes = (tuple(_minutes(clock) for clock in window) for window in limit[0])
    return hours_text(tuple(minutes)).replace("–", "-")


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _read_windows(text: str) -> list[list[str]] | None:
    """`09:00-13:00, 15-19:30` → [["09:00", "13:00"], …]; closed → []; None: unclear."""
    text = text.strip().lower()
    if text in ("", str(CLOSED).lower(), "closed", "cerrado"):
        return []
    windows = []
    for part in text.split(","):
        found = WINDOW.fullmatch(part.strip())
        if not found:
            return None
        first, last = found.group(1, 2), found.group(3, 4)
        windows.append([f"{int(h):02d}:{m or '00'}" for h, m in (first, last)])
    return windows
