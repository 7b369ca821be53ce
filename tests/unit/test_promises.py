"""docs/promises.md names a test for each promise of the README, and each of them is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/promises.md").read_text()
ROWS = re.findall(r"^\| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
NAMED = re.findall(r"`(tests/[^`]+)::([^`]+)`", PAGE)


def test_each_promise_of_the_readme_has_its_section() -> None:
    readme = (ROOT / "README.md").read_text()
    promised = re.search(r"^## What is promised\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    assert promised
    assert re.findall(r"^- \*\*(\w+)\.\*\*", promised[1], re.MULTILINE) == re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)


def test_each_line_names_a_test() -> None:
    lines = [row for row in ROWS if row[0] != "promise" and not row[0].startswith("---")]
    assert len(lines) > 30
    assert [promise for promise, test in lines if not re.fullmatch(r"`tests/\S+\.py::test_\w+`", test)] == []


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_the_test_is_there(path: str, name: str) -> None:
    functions = [node for node in ast.walk(ast.parse((ROOT / path).read_text())) if hasattr(node, "name")]
    assert name in {node.name for node in functions}
