"""What a golden workbook is, and what is expected of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from batches.imports.questions import NO_ANSWERS, Answers


@dataclass(frozen=True)
class Job:
    """A job as expected. `person`: its document, or the phone that tells who it is."""

    person: str
    rows: Sequence[int]
    amount: str = "0"
    phones: Sequence[str] = ()


@dataclass(frozen=True)
class Golden:
    """One file. `errors` are (row, code); `warnings` (row, code) of rows that are part
    of a job; `refused`: the code of the sentence for the whole file."""

    name: str
    build: Callable[[], bytes]
    jobs: Sequence[Job] = ()
    errors: Sequence[tuple[int, str]] = ()
    warnings: Sequence[tuple[int, str]] = ()
    questions: Sequence[str] = ()
    refused: str = ""
    hidden_rows: int | None = 0
    use_case: str = "debt_collection"
    country: str = "CL"
    options: dict[str, Any] = field(default_factory=dict)
    answers: Answers = NO_ANSWERS
