"""Nothing that a client sends reaches the server as SQL, whichever way its server reads backslashes (S7).

What is sent is listened to where it is rendered: with every literal taken out, each statement reads as its file does.
"""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specimens import RESOURCES, ROUTES

from service.db import migrate
from service.db.blocking import connect
from service.db.connection import Connection
from service.db.private import PrivateMariaDB
from service.db.statements import SQL, Statement, Statements, Value, literal
from service.http.params import parse_list
from service.parts import PARTS
from service.records.cursor import Cursor
from service.resources.resource import Kind

MODES = ("backslashes escape", "backslashes do not escape")
INJECTIONS = [
    "'",
    "''",
    "\\'",
    "\\",
    "\\\\'",
    "' OR '1'='1",
    "' OR 1=1 -- ",
    "'; DROP TABLE user; -- ",
    "1; SELECT SLEEP(3)",
    "1 OR SLEEP(3)",
    "1) OR (1=1",
    "' UNION SELECT password FROM user -- ",
    "\\' UNION SELECT password FROM user -- ",
    '" OR ""="',
    "`id`",
    "id`; -- ",
    "%27%20OR%201=1",
    "/*!50000 SLEEP(3) */",
    "%(limit)s",
    "%s%s%s",
    "/* order: */ id /* :order */",
    "TRUE -- if given",
    "(SELECT 1)",
    "0x61646d696e",
    "\u02bc OR 1=1",
    "\u00bf' OR 1=1 -- ",
    "\u00bf\\' OR 1=1 -- ",
    "\U0001f404' OR 1=1 -- ",
    "\n' OR 1=1\n#",
    "#{7*7}${7*7}{{7*7}}",
]
PLACES = [
    "page",
    "limit",
    "cursor",
    "sort_by",
    "sort_order",
    "ordering",
    "search",
    "fields",
    "include_relations",
    "since",
    "cache_bust",
]
CASES = 1440

# A text literal as the server reads it in either mode.
LITERAL = {MODES[0]: re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL), MODES[1]: re.compile(r"'(?:[^']|'')*'", re.DOTALL)}
WORD = re.compile(r"\w+")


@dataclass
class Listener:
    """Hears each statement as it is sent, with the values that went into it."""

    heard: list[tuple[Statement, Mapping[str, Value], str]] = field(default_factory=list)

    def without_literals(self) -> Iterator[tuple[str, str]]:
        """Each statement that was heard and what it must read like; it is forgotten then.

        The service's own session has it that backslashes escape, so the files' `'\\n'` are literals in both modes.
        """
        heard, self.heard = self.heard, []
        for statement, values, text in heard:
            plain = statement.render({name: _harmless(value) for name, value in values.items()}, lambda said: said)
            yield bare(text, MODES[0]), bare(plain, MODES[0])


def bare(text: str, mode: str) -> str:
    return LITERAL[mode].sub("''", text)


def _harmless(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(_harmless(one) for one in value)  # type: ignore[misc]
    return "x" if isinstance(value, str) else value


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    """What the connections of this process send."""
    listener, run = Listener(), Connection.run

    async def heard(self: Connection, statement: Statement, values: Mapping[str, Value] | None = None) -> Any:
        text = statement.render(values or {}, self._raw.escape_string)
        listener.heard.append((statement, dict(values or {}), text))
        return await run(self, statement, values)

    monkeypatch.setattr(Connection, "run", heard)
    return listener


@pytest.fixture(scope="module", params=MODES)
async def shop(request: pytest.FixtureRequest, open_farm: Any, make_database: Any, tmp_path_factory: Any) -> Any:
    """A stocked farm on a server of either mode."""
    with ExitStack() as stack:
        url = make_database()
        if request.param == MODES[1]:
            folder = tmp_path_factory.mktemp("other")
            options = ["--sql-mode=NO_BACKSLASH_ESCAPES", "--innodb-flush-log-at-trx-commit=0"]
            url = stack.enter_context(PrivateMariaDB(folder, 100, options=options)).start()
            migrate.apply(url, SQL.parent / "migrations")
        async with open_farm(url) as farm:
            with connect(url) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT @@global.sql_mode")
                assert ("NO_BACKSLASH_ESCAPES" in str(cursor.fetchone())) == (request.param == MODES[1])
            await farm.stock()
            yield farm


def names_of(route: str) -> list[str]:
    """The parameters of a list: every kind of filter once."""
    filters = RESOURCES[route].all_filters
    kinds = {kind: name for name, kind in filters.items()}
    return [*PLACES, *kinds.values(), *(f"{name}__ne" for kind, name in kinds.items() if kind is Kind.TEXT)]


def test_there_are_as_many_cases_as_are_told() -> None:
    assert len(INJECTIONS) * sum(len(names_of(route)) for route in ROUTES) >= CASES


@pytest.mark.parametrize("text", INJECTIONS)
async def test_no_parameter_leads_into_a_statement(shop: Any, listener: Listener, route: str, text: str) -> None:
    resource, vocabulary = RESOURCES[route], words_of_the_files()
    everything = (await shop.get(f"/{route}", "limit=1000")).meta["pagination"]["total_items"]
    for name in names_of(route):
        answer = await shop.get(f"/{route}", {name: text})
        assert answer.status in (200, 400), (name, answer.body)
        if answer.status == 200 and name in resource.filters and resource.filters[name] is Kind.TEXT:
            assert answer.data == []
        if name == "search" and answer.status == 200:
            assert answer.meta["pagination"]["total_items"] < everything
    for path, query in ((f"/{route}", {text: "1"}), (f"/{route}/{quote(text, safe='')}", {})):
        assert (await shop.get(path, query)).status in (200, 400, 404, 405)
    assert listener.heard
    for statement, _, _ in listener.heard:
        assert set(WORD.findall(statement.text)) <= vocabulary
    for sent, meant in listener.without_literals():
        assert sent == meant


@cache
def words_of_the_files() -> frozenset[str]:
    """All words of all statements, and those of the constants that are put in their places."""
    columns = {column for one in RESOURCES.values() for column in (*one.all_sorts, *one.record.model_fields)}
    texts = [Statements(SQL).get(name, _parameters(name)).text for name in Statements(SQL)]
    constants = ("ASC", "DESC", "AND", "OR", "after_0", "after_1", "after_2", "after_3", "s")
    return frozenset([*constants, *columns, *(word for text in texts for word in WORD.findall(text))])


def _parameters(name: str) -> frozenset[str]:
    return Statement.parse(name, (SQL / f"{name}.sql").read_text("utf-8")).parameters


@pytest.mark.parametrize("text", INJECTIONS)
async def test_no_text_of_a_body_leads_into_a_statement(shop: Any, listener: Listener, route: str, text: str) -> None:
    specimens = shop.specimens[route]
    for where in ("", "/bulk"):
        value = f"{text}{next(specimens.numbers)}"
        body: Any = await shop.new(route, **{specimens.text_field: value})
        answer = await shop.post(f"/{route}{where}", [body] if where else body)
        row = answer.data[0] if where else answer.data
        assert row[specimens.text_field] == value
        changed = await shop("PATCH", f"/{route}/{row['id']}", json={specimens.text_field: f"{value}x"})
        assert changed.data[specimens.text_field] == f"{value}x"
        again = await shop("PATCH", f"/{route}/bulk", json=[{"id": row["id"], specimens.text_field: f"{value}y"}])
        assert again.data[0][specimens.text_field] == f"{value}y"
        assert (await shop.get(f"/{route}/{row['id']}")).data[specimens.text_field] == f"{value}y"
    for sent, meant in listener.without_literals():
        assert sent == meant
    assert shop.sql("SELECT COUNT(*) AS count FROM user")[0]["count"] > 0


@pytest.mark.parametrize("text", INJECTIONS)
async def test_no_name_or_key_leads_into_a_statement(shop: Any, listener: Listener, text: str) -> None:
    shop.sql("DELETE FROM login_attempt")
    for body in (
        {"email": text, "password": "x"},
        {"identification": text, "password": text},
        {"identifier": f"1{text}", "password": "x"},
    ):
        answer = await shop.post("/auth/login", body, who=None)
        assert (answer.status, answer.code) == (401, "INVALID_CREDENTIALS")
    key = text.replace("\n", " ").encode("latin-1", "replace").decode("latin-1")
    name = f"keyed {text} {next(shop.specimens['species'].numbers)}"
    answers = [await shop.post("/species", {"name": name}, headers={"Idempotency-Key": key}) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert "Idempotency-Replayed" in answers[1].headers
    for sent, meant in listener.without_literals():
        assert sent == meant


# LIKE: what has a meaning in a pattern is looked for as it stands.


@pytest.mark.parametrize("needle", ["%", "_", "\\", "\\%", "\\_", "%_", "\\\\", "'", "%'", "[a]", "^a$", ".*", "\\n"])
async def test_a_search_is_no_pattern(shop: Any, needle: str) -> None:
    names = [f"like {at} {text}" for at, text in enumerate(("%", "_", "\\", "\\%", "\\_", "%_", "\\\\", "a", "n"))]
    names += [f"like {at} {text}" for at, text in enumerate(("'", "%'", "[a]", "^a$", ".*", "\\n"))]
    if not (await shop.get("/diseases", {"search": "like 0"})).data:
        bodies = [{"name": name, "symptoms": "s", "details": "d"} for name in names]
        assert (await shop.post("/diseases/bulk", bodies)).status == 201
    found = (await shop.get("/diseases", {"search": needle, "limit": 1000})).data
    # Rows of the tests before may have it in their texts, too.
    assert {row["name"] for row in found} & set(names) == {name for name in names if needle in name}
    assert all(any(needle in str(value) for value in row.values()) for row in found)


# Cursors: one that was made with the right binding, by who knows how, still carries values and no text.


def forged(route: str, sort: str, *keys: object) -> str:
    resource = RESOURCES[route]
    query = parse_list(resource, [("sort_by", sort)], whole_view=True, lenient=False)
    genuine = Cursor((1,) * len(query.order)).encode(query.order, query.filters, query.search)
    binding = orjson.loads(base64.urlsafe_b64decode(genuine + "=" * (-len(genuine) % 4)))[0]
    return base64.urlsafe_b64encode(json.dumps([binding, *keys]).encode()).rstrip(b"=").decode()


KEYS: list[list[Any]] = [["x", "x"], [1, "x"], [["x"], 1], [{"a": "x"}, 1], [None, 1], [1.5, 1], [True, 1], [2**64, 1]]


async def test_no_forged_cursor_leads_into_a_statement(shop: Any, listener: Listener, route: str) -> None:
    resource = RESOURCES[route]
    for column in (*resource.sorts, "created_at"):
        for keys in [*KEYS, *([text, 1] for text in INJECTIONS)]:
            answer = await shop.get(f"/{route}", {"sort_by": column, "cursor": forged(route, column, *keys)})
            if resource.kind_of(column) is Kind.TEXT and keys[0] in INJECTIONS:
                assert answer.status == 200
            else:
                assert (answer.status, answer.code) == (400, "INVALID_PARAMETER"), (column, keys)
                assert answer.details["parameter"] == "cursor"
    for sent, meant in listener.without_literals():
        assert sent == meant


# The literal itself, in a session of either mode.

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.text("'\\%_\0\n\r\x1a\"`;- ", max_size=12)


@pytest.fixture(params=MODES)
async def session(request: pytest.FixtureRequest, farm: Any) -> AsyncIterator[Any]:
    """The loop, a connection whose session reads backslashes in either way, and which."""
    connection = await farm.asking.app[PARTS].database.pool._door._connect()
    mode = "NO_BACKSLASH_ESCAPES" if request.param == MODES[1] else ""
    await connection.run(Statement.parse("mode", "SET sql_mode = %(mode)s"), {"mode": mode})
    yield asyncio.get_running_loop(), connection, request.param
    connection.close()


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(text=ANY)
def test_any_text_comes_back_from_a_session_of_either_mode(session: Any, text: str) -> None:
    loop, connection, mode = session
    written = literal(text, connection._raw.escape_string)
    assert LITERAL[mode].fullmatch(written)
    asked = Statement.parse("back", "SELECT HEX(%(text)s)")
    (answer,) = loop.run_until_complete(connection.run(asked, {"text": text})).rows[0]
    assert bytes.fromhex(answer.decode()) == text.encode()


# Headers.


@pytest.mark.parametrize(
    "name",
    [
        "If-None-Match",
        "If-Match",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Prefer",
        "Range",
        "Cookie",
        "Origin",
        "X-Forwarded-For",
        "Idempotency-Key",
    ],
)
async def test_no_header_leads_into_a_failure(farm: Any, name: str) -> None:
    in_one_line = [text for text in INJECTIONS if "\n" not in text]
    for text in (*in_one_line, "x" * 4000, ",,,", ";q=", "\u00ff\u0080", "*/*;q=9e999"):
        answer = await farm.get("/species", "limit=1", headers={name: text})
        assert answer.status in (200, 304, 400, 412), (name, text, answer.body)
        posted = await farm.post("/species", {"name": ""}, headers={name: text})
        assert posted.status in (400, 403, 412, 415, 422), (name, text, posted.body)
