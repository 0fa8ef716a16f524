"""Readers of a whole column: they read its cells and notice what only the column shows.

A cell such as 1.500 or 05/03/2025 follows the account's country, unless another cell
of its column shows another convention: then it is not read (`strict`) and there is a
question.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from batches.imports.normalizers import dates, numbers
from batches.imports.normalizers.countries import Country
from batches.imports.normalizers.text import Cell, tidy
from batches.imports.problems import Unreadable
from batches.imports.questions import Answers, Noticing, Question


class Where:
    """The number of the row at hand, which all columns of a table share."""

    row = 0


class ColumnReader(Noticing):
    """Reads the cells of one column; none of them when it is `stopped`."""

    stopped = False

    def __init__(
        self,
        header: str,
        country: Country,
        answers: Answers,
        where: Where,
        *,
        strict: bool,
    ) -> None:
        self.where = where
        self.header = header
        self.country = country
        self.answers = answers
        self.strict = strict

    def __call__(self, cell: Cell) -> object:
        raise NotImplementedError

    def must_be_strict(self) -> bool:
        """Whether cells were read by a convention that the column does not keep to."""
        return False

    def questions(self) -> list[Question]:
        return []


class AmountColumn(ColumnReader):
    """Amounts: thousands, decimals, units and fractions of cents."""

    NOTICED = ("own", "dependent", "other", "units", "fractions")

    def __init__(
        self,
        header: str,
        country: Country,
        answers: Answers,
        where: Where,
        *,
        strict: bool,
    ) -> None:
        super().__init__(header, country, answers, where, strict=strict)
        self.decimal = answers.amounts or country.decimal
        self.unit = Decimal(answers.unit) if answers.unit else None
        self.currencies = country.currencies
        self.has_no_cents = country.code == "CL"
        self.other_money = numbers.has_other_money(header, country.currencies)
        has_unit = numbers.has_unit(header) and not answers.unit
        self.stopped = self.other_money or has_unit
        self.own = self.dependent = 0
        self.other = Question("amount_convention", header)
        self.units = Question("amount_unit", header)
        self.fractions = Question("amount_fraction", header)

    def __call__(self, cell: Cell) -> Decimal:
        if self.stopped:
            self._stop(cell)
        if isinstance(cell, str) and not cell.isdigit():
            self._notice(cell)
        amount = numbers.read_amount(cell, self.decimal, self.currencies)
        if self.has_no_cents and amount != int(amount):
            self.fractions.add(self.where.row, str(cell))
        return amount * self.unit if self.unit else amount

    def _stop(self, cell: Cell) -> None:
        """A column whose header says that its numbers are not the country's money."""
        if self.other_money:
            raise Unreadable("amount_currency")
        self.units.add(self.where.row, str(cell))
        raise Unreadable("amount_unit")

    def _notice(self, text: str) -> None:
        mark = numbers.marks_of(text, self.country.currencies)
        if mark == "?":
            thousands = "." if self.decimal == "," else ","
            if thousands in text:
                self.dependent += 1
                if self.strict:
                    raise Unreadable("amount_ambiguous")
            else:
                self.other.add(self.where.row, text)
        elif mark == self.decimal:
            self.own += 1
        elif mark:
            self.other.add(self.where.row, text)

    def must_be_strict(self) -> bool:
        return bool(self.other.count and self.dependent and not self.answers.amounts)

    def questions(self) -> list[Question]:
        asked = [q for q in (self.units, self.fractions) if q.count]
        depends = self.dependent or any(
            not _has_one_reading(value) for _row, value in self.other.examples
        )
        if self.other.count and depends and not self.answers.amounts:
            asked.append(self.other)
        return asked


def _has_one_reading(text: str) -> bool:
    """Whether a text with the other decimal mark is read all the same (1234.56)."""
    return text.count(".") + text.count(",") == 1 and numbers.marks_of(text) != "?"


class DateColumn(ColumnReader):
    """Dates: the order of day and month, and real dates that Excel turned around."""

    NOTICED = ("real", "real_sure", "text_sure", "dependent", "other", "swapped")

    def __init__(
        self,
        header: str,
        country: Country,
        answers: Answers,
        where: Where,
        *,
        strict: bool,
    ) -> None:
        super().__init__(header, country, answers, where, strict=strict)
        self.since_1904 = False
        order = answers.dates or ("dm" if country.day_first else "md")
        self.order, self.day_first = order, order == "dm"
        self.real = self.real_sure = self.text_sure = self.dependent = 0
        self.other = Question("date_order", header)
        self.swapped = Question("dates_swapped", header)

    def __call__(self, cell: Cell) -> date:
        if self.stopped:
            raise Unreadable("date_swapped")
        if isinstance(cell, str):
            self._notice(cell)
        elif isinstance(cell, date):
            self.real += 1
            if cell.day > 12:
                self.real_sure += 1
            elif cell.day != cell.month:
                self.swapped.add(self.where.row, cell.isoformat()[:10])
        return dates.read_date(
            cell,
            self.day_first,
            swapped=self.answers.real_dates == "swapped",
            since_1904=self.since_1904,
        )

    def _notice(self, text: str) -> None:
        order = dates.orders_of(text)
        if order == "?":
            self.dependent += 1
            if self.strict:
                raise Unreadable("date_ambiguous")
        elif order == self.order:
            self.text_sure += 1
        elif order:
            self.other.add(self.where.row, text)

    def must_be_strict(self) -> bool:
        mixed = self.other.count and self.dependent and not self.answers.dates
        return bool(mixed or self.was_turned_around())

    def was_turned_around(self) -> bool:
        """Where Excel reads the month first it makes real, swapped dates of the days
        up to 12 and leaves the others as text: that mix is the proof."""
        proof = self.swapped.count and not self.real_sure and self.text_sure
        return bool(proof and not self.answers.real_dates)

    def questions(self) -> list[Question]:
        asked = [self.swapped] if self.was_turned_around() else []
        if self.other.count and not self.answers.dates:
            asked.append(self.other)
        return asked


class DocumentColumn(ColumnReader):
    """Documents: whether a whole column was typed without check digits."""

    NOTICED = ("whole", "failed")

    def __init__(
        self,
        header: str,
        country: Country,
        answers: Answers,
        where: Where,
        *,
        strict: bool,
    ) -> None:
        super().__init__(header, country, answers, where, strict=strict)
        self.whole = 0
        self.failed = Question("document_digit", header)
        self.read: Callable[[Cell], str] = country.read_document
        if country.without_digit and answers.documents == "without_digit":
            self.read = country.without_digit

    def __call__(self, cell: Cell) -> str:
        try:
            document = self.read(cell)
        except Unreadable as error:
            if error.code == "document_check_digit":
                if isinstance(cell, str) and "-" in tidy(cell):
                    self.whole += 1
                else:
                    self.failed.add(self.where.row, str(cell))
            raise
        self.whole += 1
        return document

    def questions(self) -> list[Question]:
        """One in eleven numbers without a check digit seems to have one."""
        many = self.failed.count >= 3 and self.failed.count >= 4 * self.whole
        can = self.country.without_digit and not self.answers.documents
        return [self.failed] if many and can else []


COLUMN_READERS: dict[str, type[ColumnReader]] = {
    "amount": AmountColumn,
    "date": DateColumn,
    "document": DocumentColumn,
}
