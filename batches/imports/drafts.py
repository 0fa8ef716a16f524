"""An upload that is being prepared: its file, and what was decided of it step by step.

It lives under the token of `batches/imports/pending.py`, as plain text and lists, and
belongs to one person. No password is ever part of it.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from batches import callers, use_cases
from batches.imports import importer, layouts, pending
from batches.imports.books import Book
from batches.imports.filters import RowFilter
from batches.imports.layouts import Drift, Layout
from batches.imports.look import Look, look
from batches.imports.problems import WorkbookError
from batches.imports.questions import Answers, DuplicatePolicy, Question
from batches.imports.reader import open_book
from batches.imports.script import needed_variables
from batches.models import Account, Agent, Batch, LayoutProfile, PhoneNumber, Upload
from batches.use_cases.base import UseCase
from speechai_site.runtime import clock

BLANK: dict[str, Any] = {
    "sheet": "",
    "header_row": None,  # found by itself; else Excel's number, 0 for none
    "options": {},
    "answers": {},
    "duplicates": {},
    "fixed": [],
    "layout": {},
    "profile": "",
    "drift": {},
    "look": [],
    "preview": [],
    "refusal": "",
    "read_as": "",  # what `preview` and `refusal` were read by
    "asked": [],  # questions, answered ones too
    "problems": [],  # why the last step did not go as it was asked for
    "goes_on": False,  # whether the person asked for the next step
    "sheet_seen": False,
    "columns_seen": False,
    "again_seen": False,
    "locked": False,  # nothing of it can be looked at before somebody gives its password
}


@dataclass
class Draft:
    """`said` is what is kept; everything else is made of it."""

    kept: pending.Pending
    account: Account
    said: dict[str, Any]
    book: Book | None = None  # while it is open

    @classmethod
    def of(cls, kept: pending.Pending, account: Account) -> "Draft":
        """What is kept, of an account that was asked for."""
        return cls(kept, account, BLANK | kept.choices)

    @property
    def token(self) -> str:
        return self.kept.token

    @property
    def user_id(self) -> Any:
        return self.kept.user_id

    @property
    def file_name(self) -> str:
        return self.kept.file_name

    @cached_property
    def content(self) -> bytes:
        return self.kept.content()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """What is looked at and read meanwhile is unpacked once. Raises WorkbookError."""
        with open_book(self.content) as book:
            self.book = book
            try:
                yield
            finally:
                self.book = None

    @property
    def use_case(self) -> UseCase:
        return use_cases.get(self.said["use_case"])

    @property
    def look(self) -> Look:
        return Look(**_dict(self.said["look"]))

    @property
    def preview(self) -> dict[str, Any]:
        """What the last reading found (`importer.Preview` as plain values); empty when
        the file was refused: `said["refusal"]` says why."""
        return _dict(self.said["preview"])

    @property
    def layout(self) -> Layout:
        said = self.said["layout"]
        return Layout(
            columns=dict(said.get("columns", [])),
            variables=dict(said.get("variables", [])),
            filters=[RowFilter(*one) for one in said.get("filters", [])],
        )

    @layout.setter
    def layout(self, layout: Layout) -> None:
        self.said["layout"] = {
            "columns": [[name, list(at)] for name, at in layout.columns.items()],
            "variables": [[name, place] for name, place in layout.variables.items()],
            "filters": [[one.place, one.test, one.value] for one in layout.filters],
        }

    @property
    def drift(self) -> Drift:
        return Drift(**self.said["drift"])

    @property
    def profile(self) -> LayoutProfile | None:
        return self.chosen(LayoutProfile, "profile")

    @property
    def batch(self) -> Batch | None:
        return self.chosen(Batch, "batch")

    @property
    def agent(self) -> Agent | None:
        """The one that will call: the campaign's, the chosen one or the account's."""
        if self.batch:
            return self.batch.agent
        chosen = self.chosen(Agent, "agent")
        return chosen or callers.choose_agent(self.account, needed=False)

    @property
    def number(self) -> PhoneNumber | None:
        chosen = self.chosen(PhoneNumber, "number")
        return chosen or callers.choose_number(self.account, needed=False)

    def chosen(self, model: type, field: str) -> Any:
        pk = self.said.get(field)
        return model.objects.filter(pk=pk).first() if pk else None

    @property
    def answers(self) -> Answers:
        """All that was decided, as the importer takes it."""
        layout = self.layout
        return Answers(
            sheet=self.said["sheet"],
            header_row=self.said["header_row"],
            columns=layout.columns,
            filters=layout.filters,
            variables=layout.variables,
            fixed=dict(self.said["fixed"]),
            duplicates=DuplicatePolicy(**self.said["duplicates"]),
            **self.said["answers"],
        )

    @property
    def is_stale(self) -> bool:
        """Whether another sheet or row was decided than `look` is of."""
        place = self.said["sheet"], self.said["header_row"]
        if not self.said["look"]:
            return True
        seen = self.look
        return place != (seen.sheet, seen.header_row)

    def look_again(self) -> None:
        """Look at the sheet and row that were decided, or found; what a profile of the
        account says of such a file is taken over. Raises WorkbookError."""
        where = Answers(sheet=self.said["sheet"], header_row=self.said["header_row"])
        seen = look(
            self.book or self.content, self.use_case, self.account.country, where
        )
        if self.said["header_row"] is None:
            seen = self._where_a_profile_says(seen)
        self.said |= {"preview": [], "refusal": "", "read_as": ""}
        self.said["look"] = _plain(asdict(seen))
        self.said |= {"sheet": seen.sheet, "header_row": seen.header_row}
        self._take_profile(seen)

    def _where_a_profile_says(self, seen: Look) -> Look:
        """Where the layout that was found is unknown: as in a known one of another
        sheet, without header, or with it in a row that nobody would recognise."""
        use_case = self.use_case
        if layouts.find(self.account, use_case.name, seen.headers):
            return seen
        mine = LayoutProfile.objects.filter(
            account=self.account, use_case=use_case.name
        )
        places = dict.fromkeys(mine.values_list("sheet", "header_row"))
        for sheet, row in places:
            where = Answers(
                sheet=sheet if sheet in seen.sheets else seen.sheet,
                header_row=int(row or 0),
            )
            try:
                source = self.book or self.content
                other = look(source, use_case, self.account.country, where)
            except WorkbookError:
                continue
            if mine.filter(signature=layouts.signature(other.headers)).exists():
                return other
        return seen

    def _take_profile(self, seen: Look) -> None:
        profile = layouts.find(self.account, self.said["use_case"], seen.headers)
        names = [column.name for column in self.use_case.columns]
        self.said |= {"profile": "", "drift": {}}
        if profile is None:
            found = {name: list(seen.columns.get(name, [])) for name in names}
            self.layout = Layout(columns=found)
            return
        drift = layouts.drift_of(profile, seen.headers)
        layout = layouts.applied(profile, seen.headers)
        if drift.missing or drift.new:
            layout = layouts.with_synonyms(layout, seen.columns)
        layout.columns = {name: layout.columns.get(name, []) for name in names}
        self.layout = layout
        duplicates = [
            [k[11:], v] for k, v in profile.answers if k[:11] == "duplicates_"
        ]
        answers = [pair for pair in profile.answers if pair[0] in layouts.REMEMBERED]
        self.said |= {
            "profile": str(profile.pk),
            "drift": asdict(drift),
            "answers": dict(answers),
            "duplicates": _policy(dict(duplicates)),
            "fixed": [list(pair) for pair in profile.fixed],
            "options": dict(profile.options),
        }

    @property
    def is_unread(self) -> bool:
        """Whether the file was never read as it is decided now."""
        return self.said["read_as"] != self._reading()

    def _reading(self) -> str:
        """What a reading of this file goes by, as a digest."""
        day = clock.now().astimezone(ZoneInfo(self.account.time_zone)).date()
        told = [
            self.answers.as_json(),
            self.said["options"],
            self.said["batch"],
            list(needed_variables(self.agent)),
            day.isoformat(),
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def read(self, **how: Any) -> None:
        """Read the whole file as it was decided; keep what it holds, or the refusal.
        `how`: who watches and who helps `importer.preview`; raises what `on_rows` raises
        to stop it."""
        self.said["read_as"] = self._reading()
        try:
            seen = importer.preview(
                self.book or self.content,
                self.account,
                self.said["use_case"],
                self.said["options"],
                self.answers,
                batch=self.batch,
                script=needed_variables(self.agent),
                **how,
            )
        except WorkbookError as error:
            self.said |= {"preview": [], "refusal": error.message}
        else:
            self.said |= {"preview": _plain(asdict(seen)), "refusal": ""}
            self._keep_questions(seen.questions)

    def _keep_questions(self, questions: list[Question]) -> None:
        """An answered question is not asked any more by the reading; the page goes on
        showing it, so that the answer can be changed."""
        kept = {(q.code, q.column): q for q in map(question_of, self.said["asked"])}
        kept |= {(q.code, q.column): q for q in questions}
        self.said["asked"] = [_plain(asdict(question)) for question in kept.values()]

    @property
    def is_known(self) -> bool:
        """Whether the file is of a known layout and leaves nothing to be asked."""
        drifted = self.said["drift"]
        if not self.said["profile"] or drifted["missing"] or drifted["new"]:
            return False
        return bool(self.preview) and not self.open_questions and not self.unfed

    @property
    def open_questions(self) -> list[Question]:
        """Questions with choices that nobody answered, as the last reading has them."""
        asked = [question_of(q) for q in self.preview.get("questions", [])]
        return [q for q in asked if q.answer and not self.said["answers"].get(q.answer)]

    @property
    def unfed(self) -> list[str]:
        """Variables of the script that no case has."""
        counts, jobs = dict(self.preview.get("unfed", [])), self.preview.get("jobs")
        return [name for name, count in counts.items() if jobs and count == jobs]

    @property
    def same_file(self) -> Upload | None:
        """The account's last upload of the same bytes."""
        same = Upload.objects.filter(account=self.account, sha256=self.said["sha256"])
        return same.filter(status=Upload.Status.STORED).order_by("-pk").first()

    def save(self) -> bool:
        """Keep what was decided; False when another imports, reads or dropped it."""
        return pending.decide(self.token, self.user_id, self.said)


def question_of(pairs: list[Any]) -> Question:
    """A kept question."""
    return Question(**dict(pairs))


def _policy(said: dict[str, str]) -> dict[str, Any]:
    return {k: int(v) if k == "days" else v for k, v in said.items()}


def _plain(value: Any) -> Any:
    """A value as MongoDB can keep it: amounts as text, keys without dots."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return [[key, _plain(item)] for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _dict(pairs: list[Any]) -> dict[str, Any]:
    """A kept dataclass; its own dictionaries are given back as well."""
    found = dict(pairs)
    if isinstance(found.get("columns"), list):
        found["columns"] = dict(found["columns"])
    return found
