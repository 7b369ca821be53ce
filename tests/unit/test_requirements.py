"""requirements*.txt hold what setup.cfg asks for, in exact versions, each with the hashes of its files."""

import re
from collections.abc import Iterator

import pytest
from lock import FILES, ROOT, RUNS_WITH, wanted
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(
    r"^([A-Za-z0-9._-]+)==([^\s;]+)(?: ; ([^\\]+?))? \\$((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)$", re.M
)
HINT = "run make lock (CONTRIBUTING.md)"


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def pins(name: str) -> Iterator[tuple[str, str]]:
    """Name and version of every line; one that holds only for some systems may come twice."""
    for found in PIN.finditer(text_of(name)):
        yield canonicalize_name(found[1]), found[2]


@pytest.mark.parametrize("name", FILES)
def test_everything_asked_for_is_there_in_a_version_that_will_do(name: str) -> None:
    for asked in (*wanted(), *wanted(FILES[name])):
        requirement = Requirement(asked)
        versions = [version for pinned, version in pins(name) if pinned == canonicalize_name(requirement.name)]
        assert versions, f"{requirement.name} is missing: {HINT}"
        assert all(map(requirement.specifier.contains, versions)), f"{asked} is {versions}: {HINT}"


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_a_pin_with_its_hashes(name: str) -> None:
    left = PIN.sub("", text_of(name))
    assert [line for line in left.splitlines() if line and not line.startswith("#")] == [], HINT
    assert len(list(pins(name))) > 30


@pytest.mark.parametrize("name", FILES)
def test_no_place_is_named_that_files_come_from(name: str) -> None:
    assert not re.search(r"://|^-|--(?:extra-)?index|--find-links|@ ", text_of(name), re.M)


@pytest.mark.parametrize("name", [name for name in FILES if name != RUNS_WITH])
def test_the_service_runs_with_the_same_versions_everywhere(name: str) -> None:
    assert set(pins(RUNS_WITH)) - set(pins(name)) == set(), HINT


def test_every_file_is_named_here() -> None:
    assert {path.name for path in ROOT.glob("requirements*.txt")} == set(FILES)
