"""Bodies become values for statements, or a list of every fault in them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError, create_model

from service.records.errors import Fault, InvalidRows
from service.resources.resource import Record, Resource

AT_A_TIME = 100  # rows that are checked before others have a turn: about a millisecond

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows in their places, None for one that is not sound; the keys that were dropped; every fault."""

    rows: list[Values | None]
    ignored: list[str]
    faults: list[Fault]

    def add(self, further: "Checked") -> None:
        """Rows that come behind these."""
        self.rows.extend(further.rows)
        self.ignored.extend(name for name in further.ignored if name not in self.ignored)
        self.faults.extend(further.faults)

    def sound(self) -> tuple[list[Values], list[str]]:
        """The rows and the keys that were dropped; InvalidRows where there is a fault."""
        if self.faults:
            raise InvalidRows(self.faults)
        return [row for row in self.rows if row is not None], self.ignored


@dataclass(frozen=True)
class Validator:
    """Checks the bodies of one resource."""

    resource: Resource

    @cached_property
    def _partial(self) -> type[Record]:
        """Its record with every field left to the client: what an update may give."""
        fields: dict[str, Any] = {
            name: (info.rebuild_annotation(), None) for name, info in self.resource.record.model_fields.items()
        }
        return create_model(f"Partial{self.resource.record.__name__}", __base__=self.resource.record, **fields)

    def whole(self, body: object) -> tuple[Values, list[str]]:
        """The values of a new row, and the keys that were dropped; InvalidRows names every fault."""
        (values,), ignored = self.check([body]).sound()
        return values, ignored

    def partial(self, body: object) -> tuple[Values, list[str]]:
        """The values that an update gives, and the keys that were dropped; InvalidRows names every fault."""
        (values,), ignored = self.check([body], partial=True).sound()
        return values, ignored

    async def check_many(self, bodies: Sequence[object], *, partial: bool = False) -> Checked:
        """The same as `check`, of which others of this process hardly notice anything.

        Between the parts whoever holds the table's turn may go on: were a thousand rows checked in one go, a COMMIT
        would wait for them, and all who wait for that turn as well.
        """
        whole = Checked([], [], [])
        for first in range(0, len(bodies), AT_A_TIME):
            if first:
                await asyncio.sleep(0)
            whole.add(self.check(bodies[first : first + AT_A_TIME], partial=partial, first=first))
        return whole

    def check(self, bodies: Sequence[object], *, partial: bool = False, first: int = 0) -> Checked:
        """Rows, the first of which is row `first` of all, with every fault of those that are not sound.

        `partial`: they are what updates give.
        """
        model = self._partial if partial else self.resource.record
        faults: list[Fault] = []
        rows: list[Values | None] = []
        ignored: dict[str, None] = {}
        for index, body in enumerate(bodies, first):
            rows.append(None)
            if not isinstance(body, dict):
                faults.append(Fault(index, "", "dict_type", {}))
                continue
            known, dropped = self._known(body)
            if dropped:
                ignored.update(dict.fromkeys(dropped))
            try:
                record = model.model_validate(known)
            except ValidationError as error:
                faults += faults_of(index, error)
                continue
            rows[-1] = record.model_dump(mode="json", exclude_unset=partial)
        return Checked(rows, list(ignored), faults)

    def _known(self, body: Mapping[str, Any]) -> tuple[Values, list[str]]:
        fields, aliases = self.resource.record.model_fields, self.resource.aliases
        if body.keys() <= fields.keys():
            return dict(body), []
        known: Values = {}
        dropped = []
        for key, value in body.items():
            name = aliases.get(key, key)
            if name not in fields or (name != key and name in body):
                dropped.append(key)
            else:
                known[name] = value
        return known, dropped


def faults_of(index: int, error: ValidationError) -> list[Fault]:
    """Every fault that pydantic found in row `index`."""
    faults = []
    for one in error.errors(include_url=False, include_input=False):
        context = {key: value for key, value in one.get("ctx", {}).items() if isinstance(value, str | int)}
        place = str(one["loc"][0]) if one["loc"] else str(context.get("field", ""))
        kind = "absent" if one["type"] == "missing" else one["type"]
        faults.append(Fault(index, place, kind, context))
    return faults
