"""Rows that every resource takes, made from what it declares: a resource added later is tested without a word more."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal, get_args, get_origin

from service.resources import all_resources
from service.resources.resource import Resource

RESOURCES = {one.route: one for one in all_resources()}
TABLES = {one.table: one for one in all_resources()}
ROUTES = tuple(RESOURCES)
PASSWORD = "Correct-Horse-1"
FIRST_DAY = date(2001, 1, 1)


@dataclass(frozen=True)
class Schema:
    """What the database knows of a table: which fields refer to which table, and which may stand once only."""

    references: Mapping[str, str]
    unique: frozenset[str]


@dataclass
class Specimens:
    """Makes bodies for the resource; `references` gives an id for a table that is referred to."""

    resource: Resource
    schema: Schema
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def new(self, references: Mapping[str, int], *, ties: bool = False, **changes: Any) -> dict[str, Any]:
        """A body that is accepted; every one has other values in its unique fields, and with `ties` few in the rest."""
        number = next(self.numbers)
        body = {}
        for name, info in self.resource.record.model_fields.items():
            table = self.schema.references.get(name)
            if table is not None:
                if info.is_required():
                    body[name] = references[table]
            else:
                own = number if name in self.schema.unique or not ties else number % 5
                body[name] = value_of(name, self.resource.record, own)
        return {**body, **changes}

    @property
    def text_field(self) -> str:
        """A field of free text that may be changed."""
        return next(
            name
            for name in self.resource.record.model_fields
            if _kind(self.resource.record, name) is str and name not in ("password", "email", "phone")
        )

    @property
    def text_fields(self) -> list[str]:
        """All fields of free text."""
        fields = self.resource.record.model_fields
        return [
            name for name in fields if _kind(self.resource.record, name) is str and name not in ("password", "email")
        ]

    @property
    def columns(self) -> set[str]:
        """What a row shows of its record."""
        return {name for name in self.resource.record.model_fields if name != "password"}


def value_of(name: str, record: Any, number: int) -> Any:
    """The value number `number` of a field."""
    kind = _kind(record, name)
    if isinstance(kind, tuple):
        return kind[number % len(kind)]
    if kind is bool:
        return True
    if kind is int:
        return 10_000_000 + number if name == "identification" else number % 100_000 + 1
    if kind is date:
        return (FIRST_DAY + timedelta(days=number % 8000)).isoformat()
    if name == "password":
        return PASSWORD
    if name == "email":
        return f"person{number:06d}@farm.example"
    return f"{name} {number:06d}"


def limit_of(record: Any, name: str) -> int:
    """How many characters a field of text may have."""
    return int(next(one.max_length for one in _metadata(record.model_fields[name]) if getattr(one, "max_length", None)))


def _metadata(info: Any) -> list[Any]:
    found = list(info.metadata)
    for part in get_args(info.annotation):
        found += list(getattr(part, "__metadata__", ()))
    return [inner for one in found for inner in (one, *getattr(one, "metadata", ()))]


def _kind(record: Any, name: str) -> Any:
    annotation = record.model_fields[name].annotation
    while get_origin(annotation) not in (None, Literal):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return get_args(annotation) if get_origin(annotation) is Literal else annotation
