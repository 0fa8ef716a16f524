"""The report of a batch, as a workbook."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from batches.models import Batch


@dataclass
class Totals:
    """What stands in the report's sheets, added up while they were written."""

    jobs: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    cost_usd: Decimal = Decimal(0)


def write_report(
    batch: Batch, target: Path | BinaryIO, *, by: str, cost: bool = False
) -> Totals:
    """Write the report of `batch` to a path or an open binary file.

    `by` names who asked (`user:NAME`, `command`), for the activity log. `cost` adds
    the columns of money paid to the provider: only for who may see them.
    """
    raise NotImplementedError
