"""Uploading a workbook, step 3: what each column is, which rows are left out, and what
only a person can decide."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from batches import formats
from batches.admin.progress import number
from batches.admin.upload_draft import Busy, Gone, find_draft, next_page, sent_away
from batches.admin.upload_words import CHOICES, HIDDEN_UNDECIDED, UNDECIDED
from batches.admin.words import COLUMNS, variable
from batches.imports import drafting
from batches.imports.drafts import Draft, question_of
from batches.imports.duplicates import ACTS, BY, REPEATED, SCOPES
from batches.imports.filters import NO_VALUE_ASKED, TESTS, RowFilter
from batches.imports.layouts import Layout
from batches.imports.problems import WorkbookError
from batches.imports.questions import DuplicatePolicy
from batches.imports.script import needed_variables

FILTERS = 6  # that can be given
EMPTY_FILTERS = 2  # offered beside those that are there
VARIABLE = "var:"  # begins the choice of a variable of the script
DUPLICATE_CHOICES = {"by": BY, "scope": SCOPES, "act": ACTS, "repeated": REPEATED}
_LONGEST = 300


def columns(request: HttpRequest, token: str, model_admin: Any) -> HttpResponse:
    """POST `act` count comes back with the figures, next goes on to the review."""
    try:
        draft = find_draft(request, token)
        if request.method == "POST":
            _decide(request, draft)
            uncounted = {"preview": [], "refusal": "", "read_as": ""}
            if not drafting.do(draft, "columns", draft.said | uncounted):
                raise Busy(token)
            if draft.said["columns_seen"]:
                return next_page(draft)
    except Gone as gone:
        return sent_away(request, gone)
    return TemplateResponse(
        request,
        "admin/batches/upload/columns.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Columns and rows"),
            "opts": model_admin.opts,
            "draft": draft,
            "problems": draft.said["problems"],
            "step": 3,
            **_shown(draft),
        },
    )


# --- what was posted ----------------------------------------------------------------


def _decide(request: HttpRequest, draft: Draft) -> None:
    """Take over what was posted, and what is wrong with it. A count is always made
    anew, since cases may have come meanwhile that these repeat."""
    said, problems = request.POST, []
    layout = _mapping(said, draft, problems)
    layout.filters = _filters(said, draft, problems)
    draft.layout = layout
    draft.said["answers"] = _answers(said, draft)
    draft.said["duplicates"] = _duplicates(said, problems)
    draft.said["options"] = _options(said, draft, problems)
    names = needed_variables(draft.agent)
    texts = ((name, said.get(f"fixed_{n}", "")) for n, name in enumerate(names))
    draft.said["fixed"] = [
        [name, " ".join(text.split())[:_LONGEST]]
        for name, text in texts
        if text.strip()
    ]
    goes_on = said.get("act") == "next"
    draft.said |= {"problems": problems, "goes_on": goes_on, "columns_seen": False}
    if not goes_on:
        draft.said["read_as"] = ""


def _mapping(said: Any, draft: Draft, problems: list[str]) -> Layout:
    headers = draft.look.headers
    known = {column.name: column for column in draft.use_case.columns}
    script = needed_variables(draft.agent)
    layout = Layout(columns={name: [] for name in known})
    for place, header in enumerate(headers):
        chosen = said.get(f"column_{place}", "")
        if chosen in known:
            layout.columns[chosen].append(place)
        elif chosen.startswith(VARIABLE) and chosen[len(VARIABLE) :] in script:
            layout.variables[chosen[len(VARIABLE) :]] = place
        elif chosen:
            problems.append(gettext("%(header)s: choose again.") % {"header": header})
    for name, places in layout.columns.items():
        if len(places) > 1 and not known[name].many:
            problems.append(
                gettext("Only one column can be %(wanted)s; %(columns)s are now.")
                % {
                    "wanted": COLUMNS.get(name, name),
                    "columns": ", ".join(headers[place] for place in places),
                }
            )
            layout.columns[name] = places[:1]
    return layout


def _filters(said: Any, draft: Draft, problems: list[str]) -> list[RowFilter]:
    found, width = [], len(draft.look.headers)
    for slot in range(FILTERS):
        place, test = said.get(f"filter_{slot}", ""), said.get(f"test_{slot}", "")
        if not place.isdecimal() or int(place) >= width or test not in TESTS:
            continue
        value = said.get(f"value_{slot}", "").strip()[:_LONGEST]
        if test in NO_VALUE_ASKED:
            value = ""
        elif not value:
            problems.append(gettext("Write a value for each filter, or remove it."))
            continue
        found.append(RowFilter(int(place), test, value))
    return found


def _answers(said: Any, draft: Draft) -> dict[str, str]:
    """What the questions were answered with; an answer that was not shown stays."""
    answers = dict(draft.said["answers"])
    for field, words in CHOICES.items():
        if (given := said.get(f"answer_{field}")) is not None:
            answers[field] = given if given in words else ""
    return {field: value for field, value in answers.items() if value}


def _duplicates(said: Any, problems: list[str]) -> dict[str, Any]:
    policy = {
        field: given
        for field, words in DUPLICATE_CHOICES.items()
        if (given := said.get(f"duplicates_{field}", "")) in words
    }
    if policy.get("scope") == "days":
        days = said.get("duplicates_days", "")
        if not days.isdecimal() or not 1 <= int(days) <= 365:
            problems.append(gettext("Days of the duplicates: from 1 to 365."))
            return policy | {"days": 30}
        policy["days"] = int(days)
    return policy


def _options(said: Any, draft: Draft, problems: list[str]) -> dict[str, str]:
    names = [option.name for option in draft.use_case.options]
    given = {name: said.get(f"option_{name}", "").strip()[:2000] for name in names}
    options = {name: text for name, text in given.items() if text}
    try:
        draft.use_case.clean_options(options)
    except WorkbookError as error:
        problems.append(error.message)
        return draft.said["options"]
    return options


# --- what is shown ------------------------------------------------------------------


def _shown(draft: Draft) -> dict[str, Any]:
    seen, preview = draft.look, draft.preview
    script = needed_variables(draft.agent)
    return {
        "headers": _headers(draft, script),
        "choices": [
            (c.name, COLUMNS.get(c.name, c.name)) for c in draft.use_case.columns
        ],
        "script": [(VARIABLE + name, variable(name)) for name in script],
        "alarm": _alarm(draft),
        "filters": _filters_shown(draft),
        "tests": TESTS.items(),
        "named": list(enumerate(seen.headers)),
        "kept": number(preview["rows"]) if preview else "",
        "total": formats.money(Decimal(preview["total_amount"])) if preview else "",
        "questions": _questions(draft),
        "options": [
            (option, draft.said["options"].get(option.name, ""))
            for option in draft.use_case.options
        ],
        "fixed": _fixed(draft, script),
        "unfed": [variable(name) for name in draft.unfed],
        "duplicates": _duplicates_shown(draft),
        "days": draft.said["duplicates"].get("days", 30),
        "found": number(preview["duplicates"]) if preview else "",
    }


def _headers(draft: Draft, script: Any) -> list[dict[str, Any]]:
    """Each column of the file, with what it is."""
    layout, seen = draft.layout, draft.look
    chosen = {p: name for name, places in layout.columns.items() for p in places}
    chosen |= {
        p: VARIABLE + name for name, p in layout.variables.items() if name in script
    }
    new = set(draft.said["drift"].get("new", []))
    return [
        {
            "place": place,
            "header": header,
            "value": seen.values[place],
            "chosen": chosen.get(place, ""),
            "is_new": header in new,
        }
        for place, header in enumerate(seen.headers)
    ]


def _alarm(draft: Draft) -> dict[str, Any] | None:
    """What drifted since the last file of this layout."""
    profile = draft.profile
    if profile is None or not (draft.drift.missing or draft.drift.new):
        return None
    drift, when = draft.drift, formats.when(profile.used_at)
    others = [header for header in drift.missing if header not in drift.used]
    return {
        "missing": [
            gettext("“%(header)s” is missing; it was there %(when)s.")
            % {"header": header, "when": when}
            for header in drift.used
        ],
        "others": others,
        "new": drift.new,
        "profile": profile,
        "when": when,
    }


def _filters_shown(draft: Draft) -> list[dict[str, Any]]:
    filters = draft.layout.filters
    counts = draft.preview.get("filtered", [])
    shown = [
        {
            "slot": slot,
            "place": one.place,
            "test": one.test,
            "value": one.value,
            "count": number(counts[slot]) if slot < len(counts) else "",
        }
        for slot, one in enumerate(filters)
    ]
    last = min(len(filters) + EMPTY_FILTERS, FILTERS)
    return shown + [{"slot": slot} for slot in range(len(filters), last)]


def _questions(draft: Draft) -> list[dict[str, Any]]:
    """Each answer that is asked for once, whatever the number of columns that ask."""
    shown: dict[str, dict[str, Any]] = {}
    for question in map(question_of, draft.said["asked"]):
        one = shown.setdefault(
            question.answer or question.code,
            {
                "field": question.answer,
                "text": question.text,
                "columns": [],
                "count": number(question.count),
                "examples": [],
                "choices": CHOICES.get(question.answer, {}).items(),
                "chosen": draft.said["answers"].get(question.answer, ""),
                "undecided": HIDDEN_UNDECIDED
                if question.answer == "hidden_rows"
                else UNDECIDED,
            },
        )
        one["columns"] += [question.column] if question.column else []
        one["examples"] += [text for _row, text in question.examples]
    return list(shown.values())


def _fixed(draft: Draft, script: Any) -> list[dict[str, Any]]:
    """The variables that no case has, and those that have a fixed text."""
    texts, lacking = dict(draft.said["fixed"]), set(draft.unfed)
    partly = dict(draft.preview.get("unfed", []))
    return [
        {
            "slot": slot,
            "name": name,
            "label": variable(name),
            "text": texts.get(name, ""),
            "lacking": name in lacking,
            "empty": number(partly.get(name, 0)),
        }
        for slot, name in enumerate(script)
        if name in texts or name in partly
    ]


def _duplicates_shown(draft: Draft) -> list[tuple[str, Any, list[Any], str]]:
    said = asdict(DuplicatePolicy(**draft.said["duplicates"]))
    labels = {
        "by": _("What counts as a duplicate"),
        "scope": _("Where it is looked for"),
        "act": _("What is done with them"),
        "repeated": _("A debt that stands twice in the file"),
    }
    has_operation = any(c.name == "operation" for c in draft.use_case.columns)
    return [
        (field, labels[field], list(words.items()), said[field])
        for field, words in DUPLICATE_CHOICES.items()
        if has_operation or field != "repeated"
    ]
