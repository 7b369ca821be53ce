"""README and docs/ are true: their requests are made, their settings, links, names and examples checked.

How an answer is compared with the one that the README shows: JSON key by key in the same order and value by value; of
headers those that are shown. Times, entity tags, records of animals and trace ids are compared by their form only, `…`
stands for anything, and because the sample herd grows with the calendar, numbers about animals only by their type.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import yoyo
from service_process import PASSWORD, ServiceProcess

from service.db import audit, migrate
from service.db.private import PrivateMariaDB
from service.db.statements import Statements
from service.records.statements import ResourceStatements
from service.serving.database import check_server, needed_connections
from service.settings import DatabaseURL, Settings, declarations

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
SETTINGS = ("<!-- settings: begin -->\n", "<!-- settings: end -->")
ADDRESS, PASSWORD_LINE = "http://127.0.0.1:8081", "PASSWORD='the one that was printed'"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What differs from run to run, by its form.
FORMS = (
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z",
    r'"[0-9a-f]{24}"',
    r"[0-9a-f]{32}",
    r"[A-Z]{3}-\d{4}-\d{5}",
)


def blocks(page: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a page: language and text."""
    return [(found[1], found[2]) for found in BLOCK.finditer(page.read_text("utf-8"))]


def requests() -> list[tuple[str, str, str]]:
    """The README's requests: shell text, and language and text of the answer shown after it."""
    all_blocks = blocks(README)
    pairs = zip(all_blocks, all_blocks[1:], strict=False)
    return [(text, *shown) for (language, text), shown in pairs if language == "sh"]


# Requests.


@pytest.fixture(scope="module")
def answers(make_database: Any, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each of the README's requests prints, made one after the other in one shell against a service of its own."""
    if shutil.which("curl") is None:
        pytest.skip("the README's requests are made with curl, which is not installed")
    folder = tmp_path_factory.mktemp("readme")
    with ServiceProcess(make_database(), folder, workers=2, HERDBOOK_SAMPLE_ANIMALS="2000") as service:
        texts = [text for text, *_ in requests()]
        script = "\nprintf '\\0'\n".join(["set -eu", *texts])
        script = script.replace(ADDRESS, f"http://{service.host}:{service.port}")
        script = script.replace(PASSWORD_LINE, f"PASSWORD='{PASSWORD}'")
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "CURL_HOME": str(folder)}
        done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, timeout=120, check=True)
    return done.stdout.decode().split("\0")[1:]


@pytest.mark.parametrize("number", range(len(requests())))
def test_each_request_is_answered_as_the_readme_shows(answers: list[str], number: int) -> None:
    text, language, shown = requests()[number]
    loose = "/animals" in text
    if language == "json":
        assert_like(json.loads(shown), json.loads(answers[number]), loose)
        return
    assert language == "http"
    shown_head, _, shown_body = shown.partition("\n\n")
    head, _, body = answers[number].replace("\r\n", "\n").partition("\n\n")
    shown_status, *shown_headers = shown_head.splitlines()
    status, *headers = head.splitlines()
    assert status == shown_status
    given = {name.lower(): value for name, _, value in (line.partition(": ") for line in headers)}
    for name, _, value in (line.partition(": ") for line in shown_headers):
        assert_like(value, given[name.lower()], loose)
    assert bool(body) == bool(shown_body)
    if shown_body:
        assert_like(json.loads(shown_body), json.loads(body), loose)


def test_every_request_of_the_readme_has_its_answer_beside_it() -> None:
    assert len(requests()) >= 7
    assert {language for _, language, _ in requests()} == {"json", "http"}
    assert sum("curl" in text for language, text in blocks(README) if language == "sh") == len(requests())


def assert_like(shown: Any, given: Any, loose: bool, where: str = "$") -> None:
    """The comparison that the first lines of this module describe."""
    assert type(shown) is type(given), where
    if isinstance(shown, dict):
        assert list(shown) == list(given), where
        for key in shown:
            assert_like(shown[key], given[key], loose, f"{where}.{key}")
    elif isinstance(shown, list):
        assert len(shown) == len(given), where
        for at, (one, other) in enumerate(zip(shown, given, strict=True)):
            assert_like(one, other, loose, f"{where}[{at}]")
    elif isinstance(shown, str):
        assert re.fullmatch(form_of(shown), given), f"{where}: {shown!r} is shown, {given!r} was given"
    elif not (loose and type(shown) is int):
        assert shown == given, where


def form_of(shown: str) -> str:
    """A pattern for what stands for `shown`."""
    for form in FORMS:
        if re.fullmatch(form, shown):
            return form
    return ".*".join(map(re.escape, shown.split("…")))


def test_the_comparison_sees_what_differs() -> None:
    assert_like({"a": "2026-01-01T00:00:00.000001Z"}, {"a": "2027-01-01T00:00:00.000002Z"}, False)
    for shown, given in (
        ({"a": 1}, {"a": 2}),
        ({"a": 1, "b": 1}, {"b": 1, "a": 1}),
        (["x"], ["y"]),
        (1, True),
        ([], [1]),
    ):
        with pytest.raises(AssertionError):
            assert_like(shown, given, False)


# Settings.


def test_the_settings_table_says_what_the_settings_declare() -> None:
    begin, end = SETTINGS
    written = README.read_text("utf-8").partition(begin)[2].partition(end)[0]
    assert written == settings_table(), f"the table must read:\n{settings_table()}"


def settings_table() -> str:
    """The README's table of settings, made from their declarations."""
    rows = [f"| `{one.name}` | {default_of(one)} | {one.meaning} |" for one in declarations().values()]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows, ""])


def default_of(declared: Any) -> str:
    """A value as code, a sentence as it is."""
    return f"`{declared.shown_default}`" if declared.shown_default == declared.default else declared.shown_default


# Names and links.


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = without_blocks(page)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in set(anchors(file)), f"{page.name} links to {target}"


def anchors(page: Path) -> Iterator[str]:
    """What a heading of a page is linked as."""
    for heading in re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE):
        bare = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        yield bare.replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_a_page_names_is_one(page: Path) -> None:
    known = {one.name for one in declarations().values()}
    assert set(re.findall(r"HERDBOOK_[A-Z_]*[A-Z]", page.read_text("utf-8"))) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    # Not those of the example in docs/resources.md, which is about what is not there yet.
    named = re.findall(r"`((?:service|sql|tests|migrations|docs|bench)/[\w./-]*)`", without_blocks(page))
    missing = [path for path in named if "vaccines" not in path and not (ROOT / path).exists()]
    assert not missing


def test_every_command_that_a_page_names_is_one() -> None:
    known = set(re.findall(r'\("([a-z-]+)", \w+\)', (ROOT / "run.py").read_text("utf-8")))
    assert "serve" in known
    for page in PAGES:
        assert set(re.findall(r"run\.py ([a-z]+)", page.read_text("utf-8"))) <= known, page.name


def without_blocks(page: Path) -> str:
    """A page's text without its fenced blocks."""
    return BLOCK.sub("", page.read_text("utf-8"))


# A MariaDB of one's own.


def test_the_rights_and_options_that_the_readme_lists_are_enough(tmp_path: Path) -> None:
    (statements,) = (text for language, text in blocks(README) if language == "sql")
    (options,) = (text for language, text in blocks(README) if language == "ini" and "[mariadbd]" in text)
    with ServerOfTheReadme(tmp_path / "mariadb", statements, options) as server:
        url = DatabaseURL("farm", "secret", "localhost", 3306, "herdbook", server.start().unix_socket)
        settings = Settings.from_environment({"DATABASE_URL": url.uri(), "HERDBOOK_WORKERS": "4"})
        check_server(url, settings)
        assert migrate.apply(url, ROOT / "migrations")
        assert audit.audited(settings) == []
        with ServiceProcess(url, tmp_path, workers=1) as service:  # loads the sample farm and logs in
            assert json.loads(service.get("/api/v1/animals?limit=1"))["meta"]["pagination"]["total_items"] == 40
        assert audit.audited(settings) == []
        yoyo(url, "rollback", "--all")


class ServerOfTheReadme(PrivateMariaDB):
    """A server with a binary log, the README's options and what its SQL makes."""

    def __init__(self, folder: Path, statements: str, options: str) -> None:
        set_there = [f"--{line.replace(' ', '')}" for line in options.splitlines() if "=" in line]
        super().__init__(folder, 300, database="unused", options=["--log-bin=binlog", *set_there])
        self._statements = statements.splitlines()

    def _initial_statements(self) -> list[str]:
        return [*super()._initial_statements(), *self._statements]


def test_the_sum_of_connections_that_the_readme_gives_is_right() -> None:
    text = README.read_text("utf-8")
    named = re.search(r"Four workers with the defaults need (\d+)", text)
    allowed = re.search(r"^max_connections = (\d+)$", text, re.MULTILINE)
    assert named is not None
    assert allowed is not None
    assert needed_connections(Settings.from_environment({"HERDBOOK_WORKERS": "4"})) == int(named[1]) <= int(allowed[1])


# Adding a resource.


def test_the_example_of_a_resource_has_every_statement_that_a_resource_needs(tmp_path: Path) -> None:
    files = example()
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    module: dict[str, Any] = {"__name__": "vaccines"}
    exec(compile(files["service/resources/vaccines.py"], "vaccines.py", "exec"), module)
    ResourceStatements.load(Statements(tmp_path / "sql"), module["RESOURCE"])
    assert {Path(name).suffix for name in files} == {".py", ".sql"}


def example() -> dict[str, str]:
    """The files of the example in docs/resources.md, by path: each block follows its name in bold."""
    text = (ROOT / "docs" / "resources.md").read_text("utf-8")
    named = re.compile(r"^\*\*`([\w./]+)`\*\*\n+```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return {found[1]: found[2] for found in named.finditer(text)}


@pytest.mark.parametrize("name", ["list", "since", "metadata", "get", "insert", "update", "bulk_insert", "bulk_update"])
def test_the_example_is_written_as_the_statements_of_the_other_tables(name: str) -> None:
    diseases = (ROOT / "sql" / "diseases" / f"{name}.sql").read_text("utf-8")
    example_lines = bare(example()[f"sql/vaccines/{name}.sql"], "vaccines", ("name", "manufacturer", "interval_days"))
    assert example_lines == bare(diseases, "diseases", ("name", "symptoms", "details"))


def bare(text: str, table: str, columns: tuple[str, ...]) -> list[str]:
    """The lines of a statement without those that name one of `columns`, its table called alike, spaces made one."""
    own = re.compile(rf"\b({'|'.join(columns)})\b")
    lines = [re.sub(r"\s+", " ", line.strip()) for line in text.splitlines() if not line.startswith("--")]
    return [line.replace(table, "rows") for line in lines if not own.search(line)]
