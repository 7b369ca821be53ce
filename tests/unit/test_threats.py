"""Each attack that docs/threats.md names has tests, which are there and in the run."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "threats.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| attack")
]
LINKED = re.compile(r"\[`(test_\w+\.py)`\]\(\.\./(tests/[\w/]+\.py)\)")


def promises_of(path: Path) -> list[str]:
    """The names of the tests of a module."""
    parts = ast.walk(ast.parse(path.read_text("utf-8")))
    functions = (one for one in parts if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    return [one.name for one in functions if one.name.startswith("test_")]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_an_attack_has_a_defence_tests_and_a_number(row: list[str]) -> None:
    assert len(row) == 4, row
    assert all(row)
    linked = LINKED.findall(row[2])
    assert linked
    for name, path in linked:
        assert Path(path).name == name
        assert promises_of(ROOT / path), path


def test_there_are_attacks() -> None:
    assert len(ROWS) >= 15
