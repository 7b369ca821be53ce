"""What is said once about a setting, kept with the field that holds its value."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Declaration:
    """What is said once about a setting: its environment name, default, meaning and reader."""

    name: str
    default: str | None
    meaning: str
    secret: bool
    read: Callable[[str], Any]
    shown_default: str


def setting(
    name: str,
    default: str | None,
    meaning: str,
    read: Callable[[str], Any],
    *,
    secret: bool = False,
    shown_default: str | None = None,
) -> Any:
    """A field of the record of settings that carries its declaration."""
    shown = shown_default if shown_default is not None else default or ""
    declared = Declaration(name, default, meaning, secret, read, shown)
    return field(repr=not secret, metadata={"declaration": declared})
