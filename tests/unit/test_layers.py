"""The rooms of docs/architecture.md are those of the code, and no import goes upwards."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "service").rglob("*.py"))
DRIVERS = {"aiomysql", "pymysql", "yoyo"}


def rooms() -> list[str]:
    """The rooms as the table has them, the top one first."""
    text = (ROOT / "docs/architecture.md").read_text()
    return re.findall(r"^\| `service/([a-z]+)(?:/|\.py)` \|", text, re.MULTILINE)


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere in it, in full."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "service").parts[0].removesuffix(".py")


def test_the_table_of_rooms_is_complete() -> None:
    assert set(rooms()) == {room_of(path) for path in MODULES} - {"__init__"}
    assert len(rooms()) == len(set(rooms()))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_from_its_own_room_and_those_below(path: Path) -> None:
    order = rooms()
    own = room_of(path)
    if own == "__init__":
        return
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "service" and parts[1] in order:
            assert order.index(parts[1]) >= order.index(own), f"{path.name} imports {name}, from above"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_the_room_of_the_database_imports_its_drivers(path: Path) -> None:
    found = {name.split(".")[0] for name in imports(path)} & DRIVERS
    assert not found or room_of(path) == "db"


@pytest.mark.parametrize("path", [*MODULES, ROOT / "run.py"], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_is_short_or_says_why_it_is_not(path: Path) -> None:
    text = path.read_text()
    if len(text.splitlines()) > 300:
        assert "Longer than other modules because" in (ast.get_docstring(ast.parse(text)) or "")
