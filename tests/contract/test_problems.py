"""Every failure is told in one shape, in the reader's language, with a code that is documented."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.db import errors as db
from service.http.messages import CATALOGUE
from service.http.problems import Problem, language_of
from service.parts import PARTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "problems.md"
MEMBERS = {"type", "title", "status", "detail", "instance", "success", "message", "error"}

# name → how to ask for it (method, path, what else), status, code
SOURCES: dict[str, tuple[tuple[str, str, dict[str, Any]], int, str]] = {
    "an unknown path": (("GET", "/nothing", {}), 404, "ROUTE_NOT_FOUND"),
    "an unknown path at the root": (("GET", "//nothing/here", {}), 404, "ROUTE_NOT_FOUND"),
    "an id that is no number": (("GET", "/species/x", {}), 404, "ROUTE_NOT_FOUND"),
    "a path in another alphabet": (("GET", "/especie%C3%B1%FF", {}), 404, "ROUTE_NOT_FOUND"),
    "a method that is not allowed": (("DELETE", "/species", {}), 405, "METHOD_NOT_ALLOWED"),
    "a method of another protocol": (("PROPFIND", "/species", {}), 405, "METHOD_NOT_ALLOWED"),
    "a body of another type": (
        ("POST", "/species", {"body": b"name=x", "headers": {"Content-Type": "text/plain"}}),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    "a form": (
        ("POST", "/species", {"body": b"name=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    "no body": (
        ("POST", "/species", {"body": b"", "headers": {"Content-Type": "application/json"}}),
        400,
        "INVALID_JSON",
    ),
    "bad JSON": (
        ("POST", "/species", {"body": b'{"name": ', "headers": {"Content-Type": "application/json"}}),
        400,
        "INVALID_JSON",
    ),
    "an array for an object": (("POST", "/species", {"json": []}), 400, "INVALID_JSON"),
    "a body that is not packed as it says": (
        (
            "POST",
            "/species",
            {"body": b"{}", "headers": {"Content-Type": "application/json", "Content-Encoding": "gzip"}},
        ),
        400,
        "",
    ),
    "a field that is missing": (("POST", "/species", {"json": {}}), 422, "VALIDATION_ERROR"),
    "a parameter nobody knows": (("GET", "/species", {"query": "x=1"}), 400, "UNKNOWN_PARAMETER"),
    "a parameter that cannot be": (("GET", "/species", {"query": "limit=x"}), 400, "INVALID_PARAMETER"),
    "a row that is not there": (("GET", "/species/987654321", {}), 404, "NOT_FOUND"),
    "no token": (("GET", "/animals", {"who": None}), 401, "JWT_ERROR"),
    "a bad token": (("GET", "/animals", {"who": None, "headers": {"Authorization": "Bearer x.y.z"}}), 401, "JWT_ERROR"),
    "a role that may not": (("DELETE", "/species/1", {"who": "apprentice"}), 403, "ADMIN_ROLE_REQUIRED"),
    "a wrong password": (
        ("POST", "/auth/login", {"who": None, "json": {"identification": 1, "password": "x"}}),
        401,
        "INVALID_CREDENTIALS",
    ),
    "a login without a name": (("POST", "/auth/login", {"who": None, "json": {}}), 422, "VALIDATION_ERROR"),
    "a condition that fails": (("GET", "/species", {"headers": {"If-Match": '"x"'}}), 412, "PRECONDITION_FAILED"),
    "too many rows": (("POST", "/species/bulk", {"json": [1] * 10_001}), 413, "PAYLOAD_TOO_LARGE"),
    "too long a body": (
        ("POST", "/species", {"body": b" " * (17 << 20), "headers": {"Content-Type": "application/json"}}),
        413,
        "PAYLOAD_TOO_LARGE",
    ),
}


def assert_is_problem(answer: Any, status: int, code: str, path: str) -> None:
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"].partition(";")[0] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert told.keys() == MEMBERS
    assert told["error"].keys() == {"code", "message", "details", "trace_id"}
    assert (told["status"], told["success"]) == (status, False)
    assert told["detail"] == told["message"] == told["error"]["message"]
    assert told["message"].strip()
    assert told["title"].strip()
    assert told["instance"] == path
    assert re.fullmatch(r"[0-9a-f]{32}", told["error"]["trace_id"])
    assert told["error"]["code"] in CATALOGUE
    assert told["type"].endswith(f"#{told['error']['code'].lower()}")
    if code:
        assert told["error"]["code"] == code


@pytest.mark.parametrize("source", SOURCES)
async def test_a_failure_has_the_one_shape(farm: Any, source: str) -> None:
    (method, path, rest), status, code = SOURCES[source]
    answer = await farm(method, path, **rest)
    where = answer.json["instance"] if "%" in path else path[1:] if path.startswith("//") else f"/api/v1{path}"
    assert_is_problem(answer, status, code, where)


@pytest.mark.parametrize(
    "source", [name for name in SOURCES if not name.startswith(("too", "a body that is not packed"))]
)
async def test_a_failure_is_told_in_english_to_who_reads_english(farm: Any, source: str) -> None:
    (method, path, rest), _, code = SOURCES[source]
    headers = rest.get("headers", {})
    said = {
        language: (await farm(method, path, **{**rest, "headers": {**headers, "Accept-Language": language}})).json
        for language in ("es-CO,es;q=0.9", "en-GB,en;q=0.9,es;q=0.1", "fr")
    }
    spanish, english, other = said.values()
    assert spanish["title"] == other["title"] != english["title"]
    assert spanish["message"] == other["message"] != english["message"]
    if code:
        assert (spanish["title"], english["title"]) == CATALOGUE[code].titles


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("", "es"),
        ("en", "en"),
        ("en-US", "en"),
        ("es, en", "es"),
        ("en;q=0.5, es;q=0.4", "en"),
        ("es;q=0.4, en;q=0.5", "en"),
        ("fr, en;q=0.1", "en"),
        ("*", "es"),
        ("en;q=0", "es"),
        ("en;q=x", "es"),
        ("en;q=nan", "es"),
        (",,;", "es"),
    ],
)
def test_the_language_is_the_one_that_is_preferred(said: str, language: str) -> None:
    assert language_of(said) == language


async def test_a_refused_method_says_which_are_allowed(farm: Any, route: str) -> None:
    answer = await farm("TRACE", f"/{route}/1")
    assert answer.status == 405
    allowed = set(answer.headers["Allow"].replace(" ", "").split(","))
    assert {"GET", "HEAD", "PUT", "PATCH", "DELETE"} <= allowed


async def test_who_is_not_authenticated_is_told_how_to_be(farm: Any) -> None:
    answer = await farm.get("/animals", who=None)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.details["client_action"]


DATABASE: dict[type[db.DatabaseError], tuple[int, str]] = {
    db.PoolExhausted: (503, "SERVICE_BUSY"),
    db.TryAgain: (503, "SERVICE_BUSY"),
    db.StatementTimeout: (503, "TIMEOUT"),
    db.ReadOnly: (503, "DATABASE_READ_ONLY"),
    db.StorageFull: (507, "STORAGE_FULL"),
    db.OutcomeUnknown: (503, "OUTCOME_UNKNOWN"),
    db.Unreachable: (503, "DATABASE_UNAVAILABLE"),
    db.ConnectionLost: (503, "DATABASE_UNAVAILABLE"),
    db.AccessDenied: (503, "DATABASE_DENIED"),
    db.DatabaseError: (500, "INTERNAL_ERROR"),
}


@pytest.fixture
def broken(farm: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Makes every further statement fail."""

    def make(error: Exception) -> None:
        async def fail(*_: Any, **__: Any) -> Any:
            raise error

        database = farm.asking.app[PARTS].database
        monkeypatch.setattr(type(database), "read", fail)
        monkeypatch.setattr(type(database), "write", fail)

    return make


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("kind", DATABASE)
async def test_a_failure_of_the_database_is_told_without_its_words_and_logged_with_them(
    farm: Any,
    broken: Callable[[Exception], None],
    caplog: pytest.LogCaptureFixture,
    kind: type[db.DatabaseError],
    method: str,
) -> None:
    body = {"json": await farm.new("species")} if method == "POST" else {}
    query = f"limit={300 + list(DATABASE).index(kind)}" if method == "GET" else ""
    assert (await farm.get("/animals", "limit=1")).status == 200  # so that the token's user is known
    broken(kind("a secret of the server at 10.0.0.1"))
    answer = await farm(method, "/species", query, **body)
    status, code = DATABASE[kind]
    assert_is_problem(answer, status, code, "/api/v1/species")
    assert b"secret" not in answer.body
    assert f"{kind.__name__}: a secret of the server" in caplog.text  # for who runs the service
    assert answer.json["error"]["trace_id"] in caplog.text
    if status == 503 and code != "OUTCOME_UNKNOWN":
        assert int(answer.headers["Retry-After"]) > 0


async def test_a_mistake_of_ours_is_told_without_its_words_and_logged_with_its_trace(
    farm: Any, broken: Callable[[Exception], None], caplog: pytest.LogCaptureFixture
) -> None:
    broken(RuntimeError("a secret of ours"))
    answer = await farm.get("/species", "limit=299", who=None)
    assert_is_problem(answer, 500, "INTERNAL_ERROR", "/api/v1/species")
    assert b"secret" not in answer.body
    assert answer.json["error"]["trace_id"] in caplog.text
    assert "a secret of ours" in caplog.text


# The page that documents them.


def documented() -> dict[str, int]:
    """code → status, as docs/problems.md has them."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\d{3}) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len({code for code, _ in rows}) == len(rows)
    return {code: int(status) for code, status in rows}


def test_every_code_is_documented_and_no_other() -> None:
    assert documented() == {code: entry.status for code, entry in CATALOGUE.items()}


def test_every_documented_code_says_when_and_what_to_do() -> None:
    for line in PAGE.read_text("utf-8").splitlines():
        if re.match(r"\| `[A-Z_]+` \|", line):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == 4, line
            assert all(cells), line


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_code_has_a_sentence_in_both_languages(code: str) -> None:
    entry = CATALOGUE[code]
    spanish, english = entry.sentences
    assert set(re.findall(r"{(\w+)}", spanish)) == set(re.findall(r"{(\w+)}", english))
    assert spanish != english
    assert Problem(code).status == entry.status >= 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/species", 200),
        ("GET", "/species?export=csv", 200),
        ("GET", "/animals/987654321", 404),
        ("POST", "/species", 422),
        ("GET", "//docs", 200),
        ("GET", "//health", 200),
        ("GET", "//nothing", 404),
        ("GET", "//api/v1/api/v1/species", 308),
    ],
)
async def test_every_answer_forbids_to_guess_what_it_is(farm: Any, method: str, path: str, status: int) -> None:
    where, _, query = path.partition("?")
    answer = await farm(method, where, query, **({"json": {}} if method == "POST" else {}))
    assert (answer.status, answer.headers["X-Content-Type-Options"]) == (status, "nosniff")
    if status == 200 and "ETag" in answer.headers:
        again = await farm(method, where, query, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.headers["X-Content-Type-Options"] == "nosniff"
