"""At a hundred thousand rows every statement reads what it needs by an index, and sorts nothing it need not.

Statements are rendered by the code that the service runs; what the server says of its plan is compared with what the
statement's file promises.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pymysql
import pytest

from bench.statements import Specimen, base_tables, plan, prepare, promised, shown, specimens
from service.db.blocking import connect
from service.db.statements import SQL, Statement, Statements
from service.http.params import parse_list, parse_since
from service.records.cursor import Cursor
from service.records.queries import ListQuery, search_values
from service.records.statements import ResourceStatements
from service.resources import all_resources
from service.resources.resource import Resource
from service.settings import DatabaseURL

ROWS = 100_000
PEOPLE = 20_000
FEW = 3000
RESOURCES = {one.route: one for one in all_resources()}
BIG = ("animals", "animal-diseases", "users")
TODAY = date(2024, 6, 1)
FIRST = datetime(2024, 1, 1)

# One INSERT … SELECT a table; seq_1_to_N is the server's own table of numbers.
FILLING = {
    "species": """
        INSERT INTO species (id, name, updated_at)
        SELECT seq, CONCAT('species ', seq), %s + INTERVAL seq SECOND FROM seq_1_to_{few}""",
    "breeds": """
        INSERT INTO breeds (id, name, species_id, updated_at)
        SELECT seq, CONCAT('breed ', seq), 1 + seq %% 20, %s + INTERVAL seq SECOND FROM seq_1_to_{few}""",
    "diseases": """
        INSERT INTO diseases (id, name, symptoms, details, updated_at)
        SELECT seq, CONCAT('disease ', seq), 's', 'd', %s + INTERVAL seq SECOND FROM seq_1_to_{few}""",
    "user": """
        INSERT INTO user (id, identification, fullname, password, email, phone, role, status, updated_at)
        SELECT seq, 1000000 + seq, CONCAT('person ', seq), '!', CONCAT('p', seq, '@x'), CONCAT('+', seq),
          ELT(1 + seq %% 3, 'Aprendiz', 'Instructor', 'Administrador'), seq %% 10 > 0, %s + INTERVAL seq SECOND
        FROM seq_1_to_{people}""",
    "animals": """
        INSERT INTO animals (id, record, sex, birth_date, weight, status, breeds_id, updated_at)
        SELECT seq, CONCAT('REC-', LPAD(seq, 7, '0')), ELT(1 + seq %% 2, 'Hembra', 'Macho'),
          '2015-01-01' + INTERVAL seq %% 3000 DAY, 20 + seq %% 900,
          ELT(1 + seq %% 10 DIV 9 + seq %% 20 DIV 19, 'Vivo', 'Vendido', 'Muerto'),
          1 + seq %% 200, %s + INTERVAL seq SECOND
        FROM seq_1_to_{rows}""",
    "animal_diseases": """
        INSERT INTO animal_diseases (id, animal_id, disease_id, instructor_id, diagnosis_date, status, updated_at)
        SELECT seq, seq, 1 + seq %% 200, 1 + seq %% 5000, '2015-01-01' + INTERVAL seq %% 3000 DAY,
          ELT(1 + seq %% 3, 'Activo', 'Curado', 'Crónico'), %s + INTERVAL seq SECOND
        FROM seq_1_to_{rows}""",
}
TOMBSTONES = f"""
    INSERT INTO tombstone (table_name, deleted_at, row_id)
    SELECT table_name, %s + INTERVAL seq MINUTE, {ROWS} + seq FROM ledger JOIN seq_1_to_5000"""

# What the service keeps for itself, a few thousand of each.
BESIDE = (
    "INSERT INTO login_attempt (subject, attempts, ends_at)"
    " SELECT SHA2(seq, 256), 1, NOW(6) + INTERVAL seq SECOND FROM seq_1_to_3000",
    "INSERT INTO revoked_session (session_id, expires_at)"
    " SELECT MD5(seq), NOW(6) + INTERVAL seq HOUR FROM seq_1_to_3000",
    "INSERT INTO idempotency (claim, request) SELECT SHA2(seq, 256), SHA2(seq, 256) FROM seq_1_to_3000",
)


@pytest.fixture(scope="module")
def filled(make_database: Callable[[], DatabaseURL]) -> DatabaseURL:
    """A database with ROWS animals and diagnoses, and PEOPLE users, filled without the ledger's triggers."""
    url = make_database()
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET unique_checks = 0, foreign_key_checks = 0")
        for table, text in FILLING.items():
            for trigger in ("before_insert", "after_insert", "before_update", "after_delete"):
                cursor.execute(f"DROP TRIGGER {table}_{trigger}")
            cursor.execute(text.format(rows=ROWS, people=PEOPLE, few=FEW), [FIRST])
            cursor.execute(
                f"UPDATE ledger SET row_count = (SELECT COUNT(*) FROM `{table}`), version = row_count,"
                f" last_modified = (SELECT MAX(updated_at) FROM `{table}`) WHERE table_name = %s",
                [table],
            )
        cursor.execute("UPDATE animals SET idFather = id - 1000, idMother = id - 1001 WHERE id > 95000")
        cursor.execute(TOMBSTONES, [FIRST])
        for text in BESIDE:
            cursor.execute(text)
        cursor.execute("ANALYZE TABLE animals, animal_diseases, user, breeds, species, diseases, tombstone")
        cursor.execute("ANALYZE TABLE login_attempt, revoked_session, idempotency, load_progress")
    return url


class Plans:
    """Asks the server for the plans of statements, in a session like the service's."""

    def __init__(self, connection: Any) -> None:
        self._cursor = connection.cursor()
        self._statements = Statements(SQL)
        self.of = {route: ResourceStatements.load(self._statements, one) for route, one in RESOURCES.items()}

    def get(self, name: str, parameters: set[str]) -> Statement:
        return self._statements.get(name, parameters)

    def explain(self, statement: Statement, values: dict[str, Any]) -> list[dict[str, Any]]:
        """Every table that the statement reads, with the server's words about it (access_type, key, rows, sorts)."""
        text = statement.render(values, pymysql.converters.escape_string)
        self._cursor.execute("EXPLAIN FORMAT=JSON " + text)
        found: list[dict[str, Any]] = []
        _walk(json.loads(self._cursor.fetchone()[0]), found, sorts=False)
        return found

    def cost(self, statement: Statement, values: dict[str, Any]) -> int:
        """How many rows the engine really touched to answer."""
        before = self._touched()
        self._cursor.execute(statement.render(values, pymysql.converters.escape_string))
        self._cursor.fetchall()
        return self._touched() - before

    def _touched(self) -> int:
        self._cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        ways = ("first", "key", "last", "next", "prev", "rnd_next")
        return sum(int(value) for name, value in self._cursor.fetchall() if name.removeprefix("Handler_read_") in ways)


def _walk(node: Any, found: list[dict[str, Any]], *, sorts: bool) -> None:
    if isinstance(node, list):
        for one in node:
            _walk(one, found, sorts=sorts)
    elif isinstance(node, dict):
        sorts = sorts or "filesort" in node
        table = node.get("table")
        if isinstance(table, dict) and "table_name" in table:
            found.append(
                {**{key: value for key, value in table.items() if not isinstance(value, dict)}, "sorts": sorts}
            )
        for key, one in node.items():
            _walk(one, found, sorts=sorts and key not in ("materialized", "subqueries"))


@pytest.fixture(scope="module")
def plans(filled: DatabaseURL) -> Iterator[Plans]:
    """A session with the settings that the service's sessions have."""
    with connect(filled) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET NAMES utf8mb4 COLLATE utf8mb4_unicode_520_ci")
            cursor.execute("SET time_zone = '+00:00', tx_isolation = 'READ-COMMITTED', group_concat_max_len = 67108864")
        yield Plans(connection)


def values_of(resource: Resource, query: ListQuery) -> dict[str, Any]:
    """What the reader sends with a list statement."""
    values: dict[str, Any] = {
        **({"viewer": None} if resource.by_viewer else {}),
        **({"today": TODAY} if resource.by_day else {}),
        **dict(query.filters),
        **(search_values(query.search) if query.search is not None else {}),
        "total_from": "ledger" if not query.narrows else "none" if query.cursor else "count",
        "limit": query.limit + 1,
        "offset": query.offset,
    }
    if query.cursor is not None:
        values |= {f"after_{at}": key for at, key in enumerate(query.cursor.keys)}
    return values


def asked(route: str, text: str) -> ListQuery:
    given = [tuple(one.split("=", 1)) for one in text.split("&") if one]
    return parse_list(RESOURCES[route], given, whole_view=True, lenient=False)  # type: ignore[arg-type]


def from_the_middle(plans: Plans, route: str, query: ListQuery) -> ListQuery:
    """The query with a cursor at a row in the middle of the table."""
    columns = ", ".join(column for column, _ in query.order)
    plans._cursor.execute(
        f"SELECT {columns} FROM `{RESOURCES[route].table}` WHERE id = {(PEOPLE if route == 'users' else ROWS) // 2}"
    )
    keys = tuple(
        one
        if isinstance(one, int | str)
        else one.isoformat(" ", "microseconds")
        if isinstance(one, datetime)
        else one.isoformat()
        for one in plans._cursor.fetchone()
    )
    return replace(query, cursor=Cursor(keys))


def assert_reads_little(plans: Plans, route: str, query: ListQuery, most: int = 2000) -> None:
    """What the engine touched tells more than its plan, which also shows the count that is not made."""
    statement, values = plans.of[route].list_for(query), values_of(RESOURCES[route], query)
    assert plans.cost(statement, values) < most, plans.explain(statement, values)


@pytest.mark.parametrize("text", ["", "limit=10", "limit=200", "sort_order=asc"])
@pytest.mark.parametrize("route", BIG)
async def test_the_default_page_follows_ix_updated_at_without_a_sort(plans: Plans, route: str, text: str) -> None:
    resource = RESOURCES[route]
    query = asked(route, text)
    plan = plans.explain(plans.of[route].list_for(query), values_of(resource, query))
    inner = [one for one in plan if one.get("key") == f"ix_{resource.table}_updated_at"]
    assert inner, plan
    assert not any(one["sorts"] for one in inner), plan
    assert_reads_little(plans, route, query, 10 * query.limit + 100)


# A farm's people are few: their full names have no index.
UNINDEXED = {("users", "fullname")}
SORTS = sorted({(route, column) for route in BIG for column in RESOURCES[route].all_sorts} - UNINDEXED)


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize(("route", "column"), SORTS)
async def test_a_first_page_in_any_order_reads_its_rows_and_no_more(
    plans: Plans, route: str, column: str, direction: str
) -> None:
    assert_reads_little(plans, route, asked(route, f"sort_by={column}&sort_order={direction}"), 1000)


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize(("route", "column"), SORTS)
async def test_a_page_by_cursor_costs_the_same_at_any_depth(
    plans: Plans, route: str, column: str, direction: str
) -> None:
    query = from_the_middle(plans, route, asked(route, f"sort_by={column}&sort_order={direction}"))
    assert_reads_little(plans, route, query, 1500)


FILTERS = [
    ("animals", "breeds_id=7", "ix_animals_breeds_id"),
    ("animals", "breed_id=7&status=Muerto", "ix_animals_breeds_id_status"),
    ("animals", "idFather=94500", "ix_animals_idFather"),
    ("animals", "mother_id=94500", "ix_animals_idMother"),
    ("animals", "birth_date=2016-03-04", "ix_animals_birth_date"),
    ("animals", "weight=77", "ix_animals_weight"),
    ("animals", "weight__gte=918", "ix_animals_weight"),
    ("animal-diseases", "animal_id=777", "uq_animal_diseases"),
    ("animal-diseases", "disease_id=7", "ix_animal_diseases_disease_id"),
    ("animal-diseases", "instructor_id=77", "ix_animal_diseases_instructor_id"),
    ("animal-diseases", "diagnosis_date=2016-03-04", "ix_animal_diseases_diagnosis_date"),
    ("animal-diseases", "animal_id=777&disease_id=178", "uq_animal_diseases"),
]


@pytest.mark.parametrize(("route", "text", "index"), FILTERS)
async def test_a_selective_filter_is_served_by_its_index(plans: Plans, route: str, text: str, index: str) -> None:
    query = asked(route, text)
    plan = plans.explain(plans.of[route].list_for(query), values_of(RESOURCES[route], query))
    assert any(str(one.get("key")).startswith(index) for one in plan), plan
    assert_reads_little(plans, route, query, 5000)


@pytest.mark.parametrize("text", ["sex=Hembra", "status=Vivo", "sex=Macho&status=Vivo"])
async def test_a_filter_that_most_rows_pass_still_finds_its_page_in_order(plans: Plans, text: str) -> None:
    """The total must be counted; the page itself must not be sorted out of a hundred thousand rows."""
    query = from_the_middle(plans, "animals", asked("animals", text))
    assert_reads_little(plans, "animals", query, 2000)


@pytest.mark.parametrize("route", BIG)
async def test_a_delta_reads_what_it_gives_and_no_more(plans: Plans, route: str) -> None:
    resource = RESOURCES[route]
    for since, limit in (
        (FIRST + timedelta(seconds=(PEOPLE if route == "users" else ROWS) - 30), 1000),
        (FIRST, 100),
        (FIRST + timedelta(seconds=ROWS), 1000),
    ):
        query = parse_since(
            resource, [("since", since.isoformat(timespec="microseconds") + "Z"), ("limit", str(limit))], lenient=False
        )
        values = {
            **({"viewer": None} if resource.by_viewer else {}),
            **({"today": TODAY} if resource.by_day else {}),
            "since": query.since.isoformat(" ", "microseconds"),
            "limit": query.limit,
        }
        statement = plans.of[route].since
        plan = plans.explain(statement, values)
        assert any(one.get("key") == f"ix_{resource.table}_updated_at" for one in plan), plan
        assert not [
            one
            for one in plan
            if one.get("access_type") == "ALL" and one["table_name"] in (resource.table, "tombstone")
        ], plan
        assert plans.cost(statement, values) < 20 * limit + 200


@pytest.mark.parametrize("route", RESOURCES)
async def test_the_feed_reads_what_it_tells_and_no_more(plans: Plans, route: str) -> None:
    table = RESOURCES[route].table
    statement = plans.get("feed/changes", {"table_name", "since", "limit"}).choose(table=table)
    until = FIRST + timedelta(seconds=PEOPLE if route == "users" else ROWS)
    for seconds in (1, 30, PEOPLE):
        values = {
            "table_name": table,
            "since": (until - timedelta(seconds=seconds)).isoformat(" ", "microseconds"),
            "limit": 101,
        }
        plan = plans.explain(statement, values)
        assert {one.get("key") for one in plan} >= {f"ix_{table}_updated_at", "PRIMARY"}, plan
        assert not [one for one in plan if one.get("access_type") == "ALL" and one["table_name"] == table], plan
        assert plans.cost(statement, values) < 10 * 101


@pytest.mark.parametrize("with_relations", [False, True])
@pytest.mark.parametrize("route", RESOURCES)
async def test_rows_are_got_by_their_ids(plans: Plans, route: str, with_relations: bool) -> None:
    resource = RESOURCES[route]
    values = {
        **({"viewer": None} if resource.by_viewer else {}),
        **({"today": TODAY} if resource.by_day else {}),
        "ids": (17,),
    }
    statements = plans.of[route]
    statement = statements.get_with_relations if with_relations else statements.get
    plan = plans.explain(statement, values)
    own = [one for one in plan if one["table_name"] == resource.table]
    assert own[0].get("key") == "PRIMARY", plan
    assert not [one for one in plan if one.get("access_type") == "ALL" and one["table_name"] in BIG], plan
    assert plans.cost(statement, values) < (5000 if with_relations else 20)


@pytest.mark.parametrize("route", RESOURCES)
async def test_metadata_and_identity_are_one_row(plans: Plans, route: str) -> None:
    ledger = plans.get("ledger/get", {"table_name"})
    assert plans.cost(ledger, {"table_name": RESOURCES[route].table}) <= 3
    found = plans.explain(plans.of[route].metadata, {})
    assert found is not None


@pytest.mark.parametrize("route", [route for route, one in RESOURCES.items() if one.referrers])
async def test_what_refers_to_a_row_is_counted_by_an_index(plans: Plans, route: str) -> None:
    statement = plans.of[route].dependents
    assert statement is not None
    plan = plans.explain(statement, {"ids": (17,)})
    assert all(
        one.get("access_type") in ("ref", "range", "eq_ref", "const")
        for one in plan
        if one["table_name"] in ("animals", "animal_diseases", "breeds")
    ), plan


# The ledger has a row for each table: where several are asked for, the server may as well read them all.
FEW_ROWS = {"ledger"}


@pytest.fixture(scope="module")
def seen(filled: DatabaseURL) -> dict[str, list[str]]:
    """For each file of sql/ what its plan reads, `table.index` or `table whole`."""
    with connect(filled) as connection, connection.cursor() as cursor:
        prepare(cursor)
        cursor.execute("ANALYZE TABLE login_attempt, revoked_session, idempotency, load_progress")
        cursor.fetchall()
        tables = base_tables(cursor)
        return {one.name: plan(cursor, one, tables) for one in specimens()}


@pytest.mark.parametrize("specimen", list(specimens()), ids=lambda one: one.name)
async def test_every_statement_is_served_by_what_its_header_names(
    seen: dict[str, list[str]], specimen: Specimen
) -> None:
    named, used = promised(specimen.statement.text), set(seen[specimen.name])
    assert named is not None, f"{specimen.name}.sql does not say by which index it is served"
    used |= {f"{table}.PRIMARY" for table in FEW_ROWS if f"{table} whole" in used}
    used -= {f"{table} whole" for table in FEW_ROWS}
    assert named <= used, f"{specimen.name}.sql names {sorted(named - used)}; its plan: {sorted(used)}"
    tables = {re.split(r"[. ]", one)[0] for one in named}
    unnamed = {one for one in used - named if one.endswith(" whole") or one.split(".")[0] not in tables}
    assert not unnamed, f"{specimen.name}.sql does not name {sorted(unnamed)}"


async def test_every_statement_can_be_run_as_make_sql_runs_it(filled: DatabaseURL) -> None:
    with connect(filled) as connection, connection.cursor() as cursor:
        prepare(cursor)
        tables = base_tables(cursor)
        for specimen in specimens():
            name, *header, used, gave = shown(cursor, specimen, tables)
            assert name == f"sql/{specimen.name}.sql"
            assert len(header) >= 2
            assert used.startswith("  plan: ")
            assert re.fullmatch(r"  gave: \d+ rows", gave)


async def test_a_header_that_names_another_index_is_found_out(seen: dict[str, list[str]]) -> None:
    assert promised("-- What.\n-- By animals.PRIMARY, ledger.PRIMARY; and so on.\nSELECT 1;") == {
        "animals.PRIMARY",
        "ledger.PRIMARY",
    }
    assert promised("-- What.\n-- By no index.\nSELECT 1;") == set()
    assert promised("-- What it is. By hand.\nSELECT 1;") is None
    assert seen["animals/list"] != seen["animals/get"]
