"""A row as a write leaves it."""

from dataclasses import dataclass
from datetime import datetime

from service.db.database import Result
from service.records.shapes import whole_text
from service.records.times import moment_of


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is after the write: its id, its JSON, when it changed (naive UTC), and the keys that were dropped."""

    id: int
    data: bytes
    changed: datetime
    ignored: tuple[str, ...] = ()


def rows_of(result: Result) -> list[Row]:
    """The rows that a get.sql gives, or a statement that gives the same of what it wrote."""
    return [
        Row(int(row_id or 0), whole_text(data, result.warnings), moment_of(changed))
        for row_id, changed, _, data in result.rows
    ]
