"""What can be wrong with what was asked of the records, said without a word of HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.resources.resource import Reference


class RecordsError(Exception):
    """The records cannot give or do what was asked."""


class RowMissing(RecordsError):
    """There is no row with this id."""


class PageTooLarge(RecordsError):
    """The page does not fit into one answer of the database."""


class DeltasGone(RecordsError):
    """Deletions from before `deltas_from` are not known any more."""

    def __init__(self, deltas_from: datetime) -> None:
        super().__init__(deltas_from.isoformat())
        self.deltas_from = deltas_from


class Stale(RecordsError):
    """The row is not as the writer believes it to be (If-Match)."""


class KeyReused(RecordsError):
    """The Idempotency-Key came before with another body."""


class Forbidden(RecordsError):
    """Only an Administrador may change these fields."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = tuple(fields)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of one row: `row` is its index from 0, `reason` a key of service.http.reasons."""

    row: int
    field: str
    reason: str
    context: Mapping[str, Any]


class InvalidRows(RecordsError):
    """Some rows cannot be stored as given; `faults` names every one."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(faults)


class Taken(RecordsError):
    """Another row has this value, which may stand once only."""

    def __init__(self, field: str, value: object, faults: Sequence[Fault] = ()) -> None:
        super().__init__(field)
        self.field = field
        self.value = value
        self.faults = tuple(faults)


class Referred(RecordsError):
    """Other rows refer to this one; `counts` says which and how many."""

    def __init__(self, counts: Sequence[tuple[Reference, int]]) -> None:
        super().__init__("referred")
        self.counts = tuple(counts)
