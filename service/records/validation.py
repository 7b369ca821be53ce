"""Bodies become values for statements, or a list of every fault in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError, create_model

from service.records.errors import Fault, InvalidRows
from service.resources.resource import Record, Resource

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows in their places, None for one that is not sound; the keys that were dropped; every fault."""

    rows: list[Values | None]
    ignored: list[str]
    faults: list[Fault]

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

    def whole(self, bodies: Sequence[object]) -> tuple[list[Values], list[str]]:
        """The values of new rows, and the keys that were dropped; InvalidRows names every fault of every row."""
        return self.checked(bodies).sound()

    def checked(self, bodies: Sequence[object]) -> "Checked":
        """New rows, with every fault of those that are not sound."""
        return self._check(self.resource.record, bodies, partial=False)

    def partial(self, body: object) -> tuple[Values, list[str]]:
        """The values that an update gives, and the keys that were dropped; InvalidRows names every fault."""
        (values,), ignored = self.partials([body])
        return values, ignored

    def partials(self, bodies: Sequence[object]) -> tuple[list[Values], list[str]]:
        """The same for the updates of many rows."""
        return self._check(self._partial, bodies, partial=True).sound()

    def _check(self, model: type[Record], bodies: Sequence[object], *, partial: bool) -> "Checked":
        faults: list[Fault] = []
        rows: list[Values | None] = []
        ignored: dict[str, None] = {}
        for index, body in enumerate(bodies):
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
