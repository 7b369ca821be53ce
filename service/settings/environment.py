"""Settings as environment variables hold them: read with every bad one named, and written again."""

from collections.abc import Mapping
from typing import Any

from service.settings import readers
from service.settings.declaration import Declaration
from service.settings.errors import SettingsError


def values_in(declared: Mapping[str, Declaration], environment: Mapping[str, str]) -> dict[str, Any]:
    """The value of each setting, by its field; an empty variable counts as not given, and then the default does.

    Raises SettingsError naming every bad key at once.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for key, one in declared.items():
        text = environment.get(one.name, "").strip() or one.default
        try:
            values[key] = None if text is None else one.read(text)
        except ValueError as reason:
            problems[one.name] = str(reason)
    if problems:
        raise SettingsError(problems)
    return values


def variables_of(declared: Mapping[str, Declaration], values: Mapping[str, object]) -> dict[str, str]:
    """What `values_in` reads back as these values; secrets included."""
    return {one.name: as_text(values[key]) for key, one in declared.items() if values[key] is not None}


def as_text(value: object) -> str:
    """A value as its environment variable holds it."""
    if isinstance(value, tuple):
        return ",".join(value) or readers.NOTHING
    return str(int(value)) if isinstance(value, bool) else str(value)
