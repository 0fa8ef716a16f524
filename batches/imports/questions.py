"""What only a person can decide about a workbook: questions, and their answers.

Nothing is guessed meanwhile: what a question leaves open is reported row by row. The
answers are given to the next reading of the file, or come from a remembered layout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from batches.imports.filters import RowFilter

QUESTIONS = {
    "amount_convention": _("Are decimals written with a comma or with a point?"),
    "amount_unit": _("Are the amounts units, thousands or millions?"),
    "amount_fraction": _("There are amounts with decimals. Are they right?"),
    "date_order": _("Is the day before the month, or the month before the day?"),
    "dates_swapped": _(
        "Some dates were turned around when the file was opened: those up to the 12th "
        "have day and month in each other's place. Are they swapped or right?"
    ),
    "phone_kind": _("Are these phones mobiles or landlines?"),
    "document_digit": _("Are these documents written without their check digit?"),
    "hidden_rows": _("There are hidden or filtered rows. Are they read too?"),
    "hidden_sheets": _("There are hidden sheets, which are not read."),
    "rows_truncated": _("The sheet is full to its last row: the file may be cut."),
    "macros": _("The workbook has macros, which are not run."),
}
# The field of Answers that a question is answered with, and the values it takes.
_ANSWERED_BY: dict[str, tuple[str, tuple[str, ...]]] = {
    "amount_convention": ("amounts", (",", ".")),
    "amount_unit": ("unit", ("1", "1000", "1000000")),
    "date_order": ("dates", ("dm", "md")),
    "dates_swapped": ("real_dates", ("swapped", "right")),
    "phone_kind": ("phones", ("mobile", "landline")),
    "document_digit": ("documents", ("without_digit",)),
    "hidden_rows": ("hidden_rows", ("keep", "skip")),
}
EXAMPLES = 5


@dataclass
class Question:
    """Something to ask before the import, or, without choices, to look at.

    `examples` are (row, cell) as a person reads them; they are persons' data.
    """

    code: str
    column: str = ""
    count: int = 0
    examples: list[tuple[int, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The question for people, in the active language."""
        return str(QUESTIONS[self.code])

    @property
    def answer(self) -> str:
        """The field of Answers that answers it; empty when nothing is to be chosen."""
        return _ANSWERED_BY.get(self.code, ("", ()))[0]

    @property
    def choices(self) -> tuple[str, ...]:
        return _ANSWERED_BY.get(self.code, ("", ()))[1]

    def add(self, row: int, value: str) -> None:
        """Count one more cell; the first EXAMPLES are shown."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append((row, value[:60]))

    def join(self, later: "Question") -> None:
        """Count what was seen in rows that follow."""
        self.column = later.column or self.column
        self.count += later.count
        self.examples += later.examples[: EXAMPLES - len(self.examples)]


class Noticing:
    """What reads rows and remembers something of them: of `NOTICED`, the names of its
    counts (int) and questions, parts of the rows can be noticed apart and joined."""

    NOTICED: tuple[str, ...] = ()

    def noticed(self) -> list[Any]:
        """What was seen so far."""
        return [getattr(self, name) for name in self.NOTICED]

    def notice(self, noticed: list[Any]) -> None:
        """Add what another one noticed in the rows that follow."""
        for name, seen in zip(self.NOTICED, noticed, strict=True):
            own = getattr(self, name)
            if isinstance(own, Question):
                own.join(seen)
            else:
                setattr(self, name, own + seen)


@dataclass(frozen=True)
class DuplicatePolicy:
    """What counts as a duplicate, and what is done: `batches/imports/duplicates.py`.

    `by`: case (person and creditor), person, phone, debt. `scope`: open (campaigns of
    the account), batch, days (that many), file. `act`: allow, skip, merge (join it to
    its case in the campaign, `joining.py`). `repeated`, of a debt that stands twice in the file: sum, merge.
    """

    by: str = "case"
    scope: str = "open"
    days: int = 30
    act: str = "allow"
    repeated: str = "sum"


@dataclass(frozen=True)
class Answers:
    """What was decided about a file; empty: find out, or ask.

    `header_row` is Excel's number, 0 where there is none; `columns` gives logical
    columns their places among the headers, from 0, none to one that is not there.
    `variables` gives variables of the agent the places that feed them, `fixed` the text
    that every case takes where it has none of its own. `amounts` is the decimal mark of
    text, `dates` the order of day and month in it. `call_kinds`: of the kinds that are
    not called by default (work, reference, guarantor), those that are. A password is
    used and forgotten.
    """

    sheet: str = ""
    header_row: int | None = None
    columns: Mapping[str, Sequence[int]] = field(default_factory=dict)
    hidden_rows: str = ""
    amounts: str = ""
    unit: str = ""
    dates: str = ""
    real_dates: str = ""
    phones: str = ""
    documents: str = ""
    call_kinds: frozenset[str] = frozenset()
    filters: Sequence[RowFilter] = ()
    variables: Mapping[str, int] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    duplicates: DuplicatePolicy = DuplicatePolicy()
    password: str = field(default="", repr=False)

    @property
    def chosen_variables(self) -> frozenset[str]:
        """The agent's variables that a column or a fixed text feeds."""
        return frozenset(self.variables) | frozenset(self.fixed)

    def as_json(self) -> dict[str, Any]:
        """As a JSON column keeps it: all that was decided, but the password."""
        told = {key: value for key, value in vars(self).items() if value}
        told.pop("password", None)
        told["header_row"] = self.header_row
        told["columns"] = [[name, list(at)] for name, at in self.columns.items()]
        told["call_kinds"] = sorted(self.call_kinds)
        told["filters"] = [[one.place, one.test, one.value] for one in self.filters]
        told["variables"] = [list(pair) for pair in self.variables.items()]
        told["fixed"] = [list(pair) for pair in self.fixed.items()]
        return told | {"duplicates": asdict(self.duplicates)}

    @classmethod
    def from_json(cls, told: Mapping[str, Any] | None) -> "Answers":
        """What `as_json` gave; nothing: that of an upload of long ago."""
        if not told:
            return NO_ANSWERS
        return cls(
            **{
                **told,
                "columns": dict(told["columns"]),
                "call_kinds": frozenset(told["call_kinds"]),
                "filters": tuple(RowFilter(*one) for one in told["filters"]),
                "variables": dict(told["variables"]),
                "fixed": dict(told["fixed"]),
                "duplicates": DuplicatePolicy(**told["duplicates"]),
            }
        )


NO_ANSWERS = Answers()
