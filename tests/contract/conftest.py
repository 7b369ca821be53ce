"""Two farms in the one MariaDB: `library`, whose rows nobody changes, and `farm`, where tests write."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from argon2 import PasswordHasher
from asking import Answer, Asking, asking
from by_hand import changes_by_hand_are_known
from specimens import PASSWORD, RESOURCES, ROUTES, TABLES, Schema, Specimens

from service.app import create_app
from service.db.blocking import connect
from service.resources.resource import Resource
from service.settings import DatabaseURL, Settings

PEOPLE = {"admin": "Administrador", "instructor": "Instructor", "apprentice": "Aprendiz"}
ROWS = 60


@dataclass
class Farm:
    """An application with its database, asked by an Administrador, an Instructor and an Aprendiz."""

    url: DatabaseURL
    asking: Asking
    people: dict[str, int]
    specimens: dict[str, Specimens]
    settings: Settings
    hashed: str
    _references: dict[str, int] = field(default_factory=dict)

    async def __call__(self, method: str, path: str, query: Any = "", **rest: Any) -> Answer:
        return await self.asking(method, path, query, **rest)

    async def get(self, path: str, query: Any = "", **rest: Any) -> Answer:
        return await self.asking.get(path, query, **rest)

    async def post(self, path: str, json: Any, **rest: Any) -> Answer:
        return await self.asking.post(path, json, **rest)

    async def new(self, route: str, *, ties: bool = False, **changes: Any) -> dict[str, Any]:
        """A body for a new row of `route`, that refers to rows which exist."""
        specimens = self.specimens[route]
        own = specimens.resource.table
        needed = {
            table
            for name, table in specimens.schema.references.items()
            if table != own and specimens.resource.record.model_fields[name].is_required()
        }
        references = {table: await self.reference(table) for table in sorted(needed)}
        return specimens.new(references, ties=ties, **changes)

    async def create(self, route: str, **changes: Any) -> dict[str, Any]:
        """A new row of `route`, as its POST answers it."""
        answer = await self.post(f"/{route}", await self.new(route, **changes))
        assert answer.status == 201, answer.body
        row: dict[str, Any] = answer.data
        return row

    async def reference(self, table: str) -> int:
        """The id of a row of `table` that others may refer to."""
        if table not in self._references:
            self._references[table] = (await self.create(TABLES[table].route))["id"]
        return self._references[table]

    async def stock(self) -> None:
        """Some sixty rows in every table, with ties and nulls."""
        for route in _in_order(self.specimens):
            _fill(self, route)
        await changes_by_hand_are_known(self.asking.app)

    async def enrol(self, name: str, **changes: Any) -> int:
        """Store a person by hand and log them in as `name`; gives their id."""
        body = self.specimens["users"].new({}, **changes)
        self.insert("user", [body])
        await self.asking.login(name, body["identification"], PASSWORD)
        return int(self.sql("SELECT id FROM user WHERE identification = %s", body["identification"])[0]["id"])

    def sql(self, text: str, *values: Any) -> list[dict[str, Any]]:
        """What a statement typed by hand gives."""
        with connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(text, values or None)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def insert(self, table: str, bodies: list[dict[str, Any]]) -> None:
        """Store rows by hand, in one statement; passwords as the one that everybody here has."""
        names = list(bodies[0])
        bodies = [{**body, "password": self.hashed} if "password" in body else body for body in bodies]
        columns = ", ".join(f"`{name}`" for name in names)
        with connect(self.url) as connection, connection.cursor() as cursor:
            places = f"({', '.join(['%s'] * len(names))})"
            values = [body.get(name) for body in bodies for name in names]
            cursor.execute(f"INSERT INTO `{table}` ({columns}) VALUES {', '.join([places] * len(bodies))}", values)


@pytest.fixture(scope="session")
def contract_settings(tmp_path_factory: pytest.TempPathFactory) -> Callable[[DatabaseURL], Settings]:
    """Gives settings of one worker with a small pool on a database."""

    def make(url: DatabaseURL) -> Settings:
        return Settings.from_environment(
            {
                "DATABASE_URL": url.uri(),
                "HERDBOOK_SECRET_KEY": "the-tests-sign-their-tokens-with-this",
                "HERDBOOK_DATA_DIR": str(tmp_path_factory.mktemp("data")),
                "HERDBOOK_SAMPLE_ANIMALS": "0",
                "HERDBOOK_WORKERS": "1",
                "HERDBOOK_POOL_SIZE": "3",
                "HERDBOOK_POOL_OVERFLOW": "5",
                "HERDBOOK_LOG_LEVEL": "warning",
            }
        )

    return make


@pytest.fixture(scope="session")
def cheap_hashes() -> Iterator[None]:
    """What a password costs is no part of the contract."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "service.auth.passwords.PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
        )
        yield


@pytest.fixture(scope="session")
def open_farm(
    make_database: Callable[[], DatabaseURL], contract_settings: Callable[[DatabaseURL], Settings], cheap_hashes: None
) -> Callable[..., AbstractAsyncContextManager[Farm]]:
    """Gives a farm on a database of its own, or on `url`: three people logged in, and no other row."""

    @asynccontextmanager
    async def opened(url: DatabaseURL | None = None) -> AsyncIterator[Farm]:
        url = url or make_database()
        settings = contract_settings(url)
        asked = await asking(await create_app(settings))
        specimens = {route: Specimens(resource, _schema(url, resource)) for route, resource in RESOURCES.items()}
        farm = Farm(
            url,
            asked,
            {},
            specimens,
            settings,
            PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD),
        )
        try:
            for name, role in PEOPLE.items():
                farm.people[name] = await farm.enrol(name, role=role, fullname=f"the {name}")
            yield farm
        finally:
            await asked.client.close()

    return opened


@pytest.fixture(scope="session")
async def farm(open_farm: Callable[[], AbstractAsyncContextManager[Farm]]) -> AsyncIterator[Farm]:
    """Where tests write."""
    async with open_farm() as farm:
        yield farm


@pytest.fixture(scope="session")
async def library(open_farm: Callable[[], AbstractAsyncContextManager[Farm]]) -> AsyncIterator[Farm]:
    """Where every table holds some sixty rows with ties and nulls, which nobody changes."""
    async with open_farm() as farm:
        await farm.stock()
        yield farm


@pytest.fixture(params=ROUTES)
def route(request: pytest.FixtureRequest) -> str:
    """Each resource in turn."""
    return str(request.param)


@pytest.fixture
def resource(route: str) -> Resource:
    """What the resource in turn declares."""
    return RESOURCES[route]


def _schema(url: DatabaseURL, resource: Resource) -> Schema:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, referenced_table_name FROM information_schema.key_column_usage"
            " WHERE table_schema = DATABASE() AND table_name = %s AND referenced_table_name IS NOT NULL",
            [resource.table],
        )
        references = dict(cursor.fetchall())
        cursor.execute(
            "SELECT column_name FROM information_schema.statistics"
            " WHERE table_schema = DATABASE() AND table_name = %s AND non_unique = 0",
            [resource.table],
        )
        return Schema(references, frozenset(name for (name,) in cursor.fetchall()))


def _in_order(specimens: dict[str, Specimens]) -> Iterator[str]:
    """Routes, those that are referred to first."""
    done: set[str] = set()
    while len(done) < len(specimens):
        for route, one in specimens.items():
            others = set(one.schema.references.values()) - {one.resource.table}
            if one.resource.table not in done and others <= done:
                done.add(one.resource.table)
                yield route


def _fill(farm: Farm, route: str) -> None:
    """ROWS rows, ten a statement, so that ten have one created_at; what may be null is, in one row of three."""
    specimens = farm.specimens[route]
    fields = specimens.resource.record.model_fields
    ids = {table: _ids(farm, table) for table in set(specimens.schema.references.values())}
    for first in range(0, ROWS, 10):
        ids[specimens.resource.table] = _ids(farm, specimens.resource.table)
        bodies = []
        for number in range(first, first + 10):
            body = dict.fromkeys(fields) | specimens.new(dict.fromkeys(ids, 0), ties=True)
            for at, (name, table) in enumerate(sorted(specimens.schema.references.items())):
                known = ids[table]
                body[name] = known[(number + at) % len(known)] if known else None
            for name in specimens.resource.nullable:
                body[name] = None if number % 3 == 0 else body[name]
            bodies.append(body)
        farm.insert(specimens.resource.table, bodies)


def _ids(farm: Farm, table: str) -> list[int]:
    return [row["id"] for row in farm.sql(f"SELECT id FROM `{table}` ORDER BY id")]
