"""Rows of the sample farm: a dict by column name, in lists or generated again at each reading."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Row = dict[str, str | int | bool | None]


@dataclass(frozen=True)
class GeneratedRows:
    """Rows that are made while they are read, the same ones each time, and never all held."""

    generate: Callable[[], Iterator[Row]]

    def __iter__(self) -> Iterator[Row]:
        return self.generate()
