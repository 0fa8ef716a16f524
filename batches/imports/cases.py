"""The rows of a workbook grouped into cases: one person, one subject."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from itertools import chain, islice
from typing import Any

from batches.imports.columns import Column
from batches.imports.helpers import ALONE, Helpers
from batches.imports.normalizers import countries
from batches.imports.normalizers.countries import Country
from batches.imports.problems import WorkbookError
from batches.imports.questions import NO_ANSWERS, Answers, Question
from batches.imports.reader import Cells, Table, open_table
from batches.imports.rows import RowError, RowForm, RowReader
from batches.imports.sniffer import Source
from batches.use_cases.base import Context, Row, Subject, UseCase
from speechai_site.runtime import keys

# Bytes of one case as it is held; a document of MongoDB may have 16 MB.
MAX_CASE_SIZE = 3_000_000
# Rows that one process reads at a time, and between two calls of who watches.
CHUNK = 1500
# What a row costs beside its other columns, roughly.
_ROW_SIZE = 300


Line = tuple[int, Cells]  # the number of a row, and its cells
# Takes how many rows were read, and how many there may be (0: not known).
OnRows = Callable[[int, int], object]


def _unwatched(_read: int, _expected: int) -> None:
    pass


@dataclass(slots=True)
class Case:
    """The rows of one person and one subject, in file order.

    They are held packed, and `rows` unpacks them each time: who needs them twice keeps
    them.
    """

    document: str  # empty: the first phone tells who it is
    phone: str
    subject_key: str
    form: RowForm
    packed: list[bytes] = field(default_factory=list)
    has_phone: bool = False
    size: int = 0
    debts: set[tuple[Any, Any]] | None = None

    @property
    def rows(self) -> list[Row]:
        return [self.form.row(packed) for packed in self.packed]

    @property
    def row_count(self) -> int:
        return len(self.packed)

    def phones(self) -> list[str]:
        """Every number once: mobiles first, then landlines, in file order."""
        return phones_of(self.rows)

    def stands_already(self, packed: bytes) -> bool:
        """Whether an earlier row is about the same debt: its operation and part."""
        if self.debts is None:
            if not self.packed:
                return False  # most cases have one row, and need no set
            self.debts = {_debt_of(other) for other in self.rows}
        debt = _debt_of(self.form.row(packed))
        stands = bool(debt[0]) and debt in self.debts
        self.debts.add(debt)
        return stands

    def add(self, packed: bytes, *, has_phone: bool) -> None:
        """One more row; raises WorkbookError when there are too many."""
        self.packed.append(packed)
        self.has_phone = self.has_phone or has_phone
        self.size += len(packed) + _ROW_SIZE
        if self.size > MAX_CASE_SIZE:
            number = self.form.row(packed).number
            raise WorkbookError("case_too_large", row=number)

    def carried(self) -> tuple[Any, ...]:
        """As plain values, for `Cases.case_of`."""
        return (self.document, self.phone, self.subject_key, self.packed)

    def person_key(self, account_id: Any) -> str:
        """The key of the person, in every account for who has a document."""
        return keys.person_key(self.document, account_id, self.phone)


def name_of(rows: Sequence[Row]) -> str:
    """The first name that a row gives."""
    return next((row.values.name for row in rows if row.values.name), "")


def phones_of(rows: Sequence[Row]) -> list[str]:
    """Every number once: mobiles first, then landlines, in file order."""
    parts = chain.from_iterable(zip(*[row.phones for row in rows], strict=True))
    return list(dict.fromkeys(chain.from_iterable(parts)))


@dataclass
class Cases:
    """What a workbook says, checked completely; nothing is stored yet."""

    use_case: UseCase
    context: Context
    sheet: str
    header_row: int
    headers: list[str]
    columns: dict[str, str]  # logical column → the header it was found under
    other_sheets: list[str]
    unread: list[str]  # columns that fit several headers and are not read
    reader: RowReader
    hidden_rows: int | None  # None: this kind of file does not tell
    answers: Answers
    filtered: list[int] = field(default_factory=list)  # rows left out, by filter
    repeated: int = 0  # rows whose debt stands in an earlier row
    known: int = 0  # cases that are there already (`duplicates.settle`)
    joined: int = 0  # cases that join one of the campaign (`joining.take_out`)
    joined_rows: int = 0
    corrects: bool = False  # these are corrected rows of an error workbook
    cases: list[Case] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    rows: int = 0
    warning_count: int = 0
    total_amount: Decimal = Decimal(0)

    def without_rows(self) -> "Cases":
        """What there is to know of the file beside its rows; it can be pickled."""
        nothing = {"cases": [], "errors": [], "questions": []}
        return replace(self, reader=self.reader.fresh(), **nothing)

    def case_of(self, carried: tuple[Any, ...]) -> Case:
        """What `Case.carried` gave, in another process."""
        document, phone, subject_key, packed = carried
        return Case(document, phone, subject_key, self.reader.form, packed)

    @property
    def contacts(self) -> int:
        """Distinct persons."""
        return len({case.document or case.phone for case in self.cases})

    def describe(self, rows: Sequence[Row]) -> Subject:
        """What the rows of a case are about. Variables that they leave empty take the
        column or the fixed text that was chosen for them."""
        subject = self.use_case.describe(rows, self.context)
        chosen = self.reader.variables_of(rows) | dict(self.answers.fixed)
        for name, text in chosen.items():
            if text and not subject.variables.get(name):
                subject.variables[name] = text
        return subject

    @property
    def over(self) -> int:
        """Cases whose last day has passed: they end without a call."""
        use_case, context = self.use_case, self.context
        days = (use_case.last_day(case.rows, context) for case in self.cases)
        return sum(day is not None and day < context.today for day in days)

    @property
    def without_phone(self) -> int:
        """Cases that nobody can call."""
        return sum(not case.has_phone for case in self.cases)


def read_cases(
    source: Source,
    account: Any,
    use_case: UseCase,
    options: Mapping[str, Any],
    today: Any,
    answers: Answers = NO_ANSWERS,
    on_rows: OnRows = _unwatched,
    helpers: Helpers = ALONE,
) -> Cases:
    """Read, normalise and group a whole workbook; raises WorkbookError, and whatever
    `on_rows` raises to stop it.

    Every row below the header that holds something is in exactly one case or is one
    of the errors. What a column leaves open is not read: the file is read once more
    without it, and `questions` tell.
    """
    context = Context(
        account.name, today, use_case.clean_options(options), account.country
    )
    read = partial(_read, source, use_case, context, answers, on_rows, helpers)
    found = read()
    if strict := found.reader.to_be_strict():
        first = found
        found = read(strict, first.reader)
        found.questions = first.questions
    return found


def _read(
    source: Source,
    use_case: UseCase,
    context: Context,
    answers: Answers,
    on_rows: OnRows,
    helpers: Helpers,
    strict: frozenset[int] = frozenset(),
    first: RowReader | None = None,
) -> Cases:
    columns, needed = columns_for(use_case, context.country)
    with open_table(source, columns, needed, answers) as table:
        reader = RowReader(table, use_case, context.country, answers, strict)
        if first:
            reader.stop(first.turned_around())
        found = Cases(
            use_case=use_case,
            context=context,
            sheet=table.sheet,
            header_row=table.header_row,
            headers=table.headers,
            columns={name: table.header_of(name) for name in table.match.places},
            other_sheets=table.other_sheets,
            unread=list(table.match.ambiguous),
            reader=reader,
            hidden_rows=None,
            answers=answers,
            corrects=table.corrects,
        )
        _gather(found, table, on_rows, helpers)
    return found


def columns_for(
    use_case: UseCase, country: str
) -> tuple[list[Column], Sequence[Sequence[str]]]:
    """The columns of a use case as an account's country names them, and the groups of
    which one is needed."""
    there = countries.get(country)
    columns = [_named_there(column, there) for column in use_case.columns]
    needed = use_case.needed
    if not there.document_needed:
        needed = [group for group in needed if tuple(group) != ("document",)]
    return columns, needed


def _named_there(column: Column, country: Country) -> Column:
    """A column as people of a country are told to write it."""
    if column.kind != "document" or country.document_title in ("", "RUT"):
        return column
    return replace(column, headers=(country.document_title, *column.headers))


def _gather(found: Cases, table: Table, on_rows: OnRows, helpers: Helpers) -> None:
    """Read the rows and group them."""
    groups: dict[tuple[str, str, str], Case] = {}
    chunks = _watched_chunks(table, on_rows)
    for read in helpers.share(_read_lines, found.without_rows(), chunks):
        found.reader.notice(read.noticed)
        found.rows += len(read.rows) + len(read.errors)
        found.errors += read.errors
        found.warning_count += read.warning_count
        found.total_amount += read.total_amount
        for row in read.rows:
            _join(found, groups, *row)
    found.cases = list(groups.values())
    found.errors.sort(key=lambda error: error.row)
    found.hidden_rows, found.filtered = table.hidden_rows, table.filtered
    found.questions = table.questions() + found.reader.questions()


def _watched_chunks(table: Table, on_rows: OnRows) -> Iterator[list[Line]]:
    expected = max(0, table.height - table.header_row)
    read = 0
    while chunk := list(islice(table.rows, CHUNK)):
        on_rows(read, expected)
        yield chunk
        read += len(chunk)


@dataclass
class _Read:
    """A chunk of rows that were read. Of those that are sound: the key of their case,
    the row, whether it has a phone, and its cells if they may be needed."""

    rows: list[tuple[tuple[str, str, str], bytes, bool, Cells | None]]
    errors: list[RowError]
    warning_count: int
    total_amount: Decimal
    noticed: list[Any]  # by the reader


def _read_lines(bare: Cases, chunk: list[Line]) -> _Read:
    """Depends on nothing else."""
    reader, use_case, context = bare.reader.fresh(), bare.use_case, bare.context
    form, shifted = reader.form, reader.table.shifted
    checks = type(use_case).problem_of is not UseCase.problem_of
    keeps_cells = bare.answers.duplicates.repeated == "merge"
    read = _Read([], [], 0, Decimal(0), [])
    for number, cells in chunk:
        if number in shifted:
            read.errors.append(reader.refuse(number, cells, "", "row_shifted"))
            continue
        row = reader.read(number, cells)
        if isinstance(row, RowError):
            read.errors.append(row)
            continue
        if checks and (problem := use_case.problem_of(row.values, context)):
            read.errors.append(reader.refuse(number, cells, *problem))
            continue
        first_phone = _first_phone(row)
        document = getattr(row.values, "document", None) or ""
        if not document and not first_phone:
            read.errors.append(reader.refuse(number, cells, "", "person_unknown"))
            continue
        key = (
            document,
            "" if document else first_phone,
            use_case.subject_key(row.values, context),
        )
        kept = cells if keeps_cells else None
        read.rows.append((key, form.packed(row), bool(first_phone), kept))
        read.warning_count += len(row.warnings)
        read.total_amount += use_case.amount_of(row.values)
    read.noticed = reader.noticed()
    return read


def _join(
    found: Cases,
    groups: dict[tuple[str, str, str], Case],
    key: tuple[str, str, str],
    packed: bytes,
    has_phone: bool,  # noqa: FBT001 a part of what was read
    cells: Cells | None,
) -> None:
    """A row to the others of its case."""
    case = groups.get(key) or groups.setdefault(key, Case(*key, found.reader.form))
    if case.stands_already(packed):
        found.repeated += 1
        if cells is not None:
            row = case.form.row(packed)
            error = found.reader.refuse(row.number, cells, "", "debt_repeated")
            found.errors.append(error)
            found.warning_count -= len(row.warnings)
            found.total_amount -= found.use_case.amount_of(row.values)
            return
    case.add(packed, has_phone=has_phone)


def _debt_of(row: Row) -> tuple[Any, Any]:
    return (
        getattr(row.values, "operation", None),
        getattr(row.values, "installment", None),
    )


def _first_phone(row: Row) -> str:
    return next((number for kind in row.phones for number in kind), "")
