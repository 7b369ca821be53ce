"""A mixed load of reads and writes on all six tables, recorded as the history that the checker reads.

Versions are the tables' own times in microseconds: of a list its `as_of`, of metadata its `last_modified`, of a write
the row's `updated_at`, of a deletion its tombstone's, looked up when all is over. Each row is a register of its own
beside its table ("species/5"): so are the rows in lists, rows told as missing, and names told in relations.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import pymysql
from checker import Operation
from http_client import Answer, Connection, NoAnswer
from service_process import ServiceProcess

from service.db.blocking import connect
from service.settings import DatabaseURL

EPOCH = datetime(1970, 1, 1)
TABLES = {
    "species": "species",
    "breeds": "breeds",
    "animals": "animals",
    "diseases": "diseases",
    "animal-diseases": "animal_diseases",
    "users": "user",
}
# What an answer with relations tells of other tables' rows: where, whose, and by which column.
RELATED = {"animals": (("breed", "breeds", "name"),), "breeds": (("species", "species", "name"),)}
HOT_ROWS = 12
CLIENTS = 16


def microseconds(text: str) -> int:
    """A time of the service, in microseconds since the epoch."""
    return (datetime.fromisoformat(text.removesuffix("Z")) - EPOCH) // timedelta(microseconds=1)


class Tombstone(NamedTuple):
    """The version of a deletion, known only afterwards."""

    table: str
    row_id: int


class Named(NamedTuple):
    """The version in which a row got this name, known only afterwards."""

    table: str
    row_id: int
    name: str


Version = int | Tombstone | Named | None
Seen = tuple[tuple[str, Version], ...]


@dataclass
class Recorder:
    """What was asked and told, to become a history."""

    told: list[tuple[str, int, int, str, str, Version]] = field(default_factory=list)
    tags: dict[tuple[str, str], Seen] = field(default_factory=dict)
    names: dict[Named, int] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    workers: Counter[int] = field(default_factory=Counter)
    cursors: dict[str, str] = field(default_factory=dict)
    refused: list[Answer] = field(default_factory=list)

    def begin(self, url: DatabaseURL) -> None:
        """Note what the database holds before anything is asked."""
        with connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT table_name, last_modified FROM ledger")
            for table, changed in cursor.fetchall():
                self._note("start", 0, 0, "write", table, (changed - EPOCH) // timedelta(microseconds=1))
            for table in TABLES.values():
                name = "name" if table in ("species", "breeds") else "NULL"
                cursor.execute(f"SELECT id, updated_at, {name} FROM {table}")
                for row_id, changed, named in cursor.fetchall():
                    version = (changed - EPOCH) // timedelta(microseconds=1)
                    self._note("start", 0, 0, "write", f"{table}/{row_id}", version)
                    self.names[Named(table, row_id, named)] = version

    def _note(self, client: str, start: int, end: int, kind: str, table: str, version: Version) -> None:
        self.told.append((client, start, end, kind, table, version))

    def seen(self, client: str, path: str, answer: Answer) -> None:
        """A read was answered."""
        self._count(answer)
        route = path[1:].partition("?")[0].partition("/")[0]
        tag = answer.headers.get("etag", "")
        if answer.status == 200:
            key = (path, tag)
            if key not in self.tags:
                self.tags[key] = tuple(self._versions(path, route, answer.json))
            seen = self.tags[key]
        elif answer.status == 304:
            seen = self.tags[path, tag]
        elif answer.status == 404:
            row_id = int(path.rpartition("/")[2].partition("?")[0])
            seen = ((f"{TABLES[route]}/{row_id}", Tombstone(TABLES[route], row_id)),)
        else:
            self.refused.append(answer)
            return
        for table, version in seen:
            self._note(client, answer.start, answer.end, "read", table, version)

    def _versions(self, path: str, route: str, said: Any) -> Iterator[tuple[str, Version]]:
        table, data, meta = TABLES[route], said["data"], said.get("meta") or {}
        if "last_modified" in data:
            yield table, microseconds(data["last_modified"])
            return
        if "as_of" in meta:
            yield table, microseconds(meta["as_of"])
        if "since=" in path:
            yield from ((f"{table}/{one}", Tombstone(table, one)) for one in meta["deleted"])
        for row in data if isinstance(data, list) else [data]:
            version = microseconds(row["updated_at"])
            yield f"{table}/{row['id']}", version
            for where, other, column in RELATED.get(route, ()):
                if row.get(where):
                    one = row[where]
                    yield f"{other}/{one['id']}", Named(other, one["id"], one[column])
        following = meta.get("pagination", {}).get("next_cursor")
        if following:
            self.cursors[path.partition("&cursor=")[0]] = following

    def wrote(self, client: str, route: str, row_id: int | None, answer: Answer | NoAnswer) -> dict[str, Any] | None:
        """A write was answered, or was not; gives the row that it left."""
        table = TABLES[route]
        at = (client, answer.start, answer.end)
        if isinstance(answer, Answer):
            self._count(answer)
        if isinstance(answer, NoAnswer) or answer.status >= 500:
            self._note(*at, "write", table, None)
            if row_id is not None:
                self._note(*at, "write", f"{table}/{row_id}", None)
            return None
        if answer.status == 404 and row_id is not None:
            self._note(*at, "read", f"{table}/{row_id}", Tombstone(table, row_id))
            return None
        if answer.status >= 400:
            if answer.status != 409:
                self.refused.append(answer)
            return None
        row: dict[str, Any] = answer.json["data"]
        if "deleted_id" in row:
            for register in (table, f"{table}/{row_id}"):
                self._note(*at, "write", register, Tombstone(table, row["deleted_id"]))
            return None
        version = microseconds(row["updated_at"])
        for register in (table, f"{table}/{row['id']}"):
            self._note(*at, "write", register, version)
        self.names[Named(table, row["id"], row.get("name", ""))] = version
        return row

    def wrote_by_hand(self, url: DatabaseURL, row_id: int, name: str) -> None:
        """Change the name of a species in SQL, and note it as the write that it is.

        Who does not lock the ledger row first may lose a race with who does, and begins again, as at any SQL console.
        """
        for _ in range(5):
            with suppress(pymysql.err.OperationalError):
                return self._write_by_hand(url, row_id, name)
        raise AssertionError("no write by hand in five tries")

    def _write_by_hand(self, url: DatabaseURL, row_id: int, name: str) -> None:
        with connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute("UPDATE species SET name = %s WHERE id = %s", (name, row_id))
            cursor.execute("SELECT updated_at FROM species WHERE id = %s", (row_id,))
            version = (cursor.fetchone()[0] - EPOCH) // timedelta(microseconds=1)
            start = time.monotonic_ns()
            cursor.execute("COMMIT")
            end = time.monotonic_ns()
        for register in ("species", f"species/{row_id}"):
            self._note("by hand", start, end, "write", register, version)
        self.names[Named("species", row_id, name)] = version

    def _count(self, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        self.workers[answer.worker] += 1

    def history(self, url: DatabaseURL) -> list[Operation]:
        """All of it, every version known. KeyError for a row told as missing that was never deleted."""
        with connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT table_name, row_id, deleted_at FROM tombstone")
            gone = {
                Tombstone(table, row_id): (deleted - EPOCH) // timedelta(microseconds=1)
                for table, row_id, deleted in cursor.fetchall()
            }
        history = []
        for client, start, end, kind, table, version in self.told:
            if isinstance(version, Tombstone):
                known: int | None = gone[version]
            elif isinstance(version, Named):
                known = self.names.get(version)
                if known is None:  # the name that a write of unknown outcome gave
                    continue
            else:
                known = version
            history.append(Operation(client, start, end, kind, table, known))  # type: ignore[arg-type]
        return history + list(_unknown_creations(history))


def _unknown_creations(history: Sequence[Operation]) -> Iterator[Operation]:
    """Rows that were read and made by nobody known came from creations of unknown outcome, whose ids were not told."""
    known = {one.table for one in history if one.kind == "write"}
    strange = {one.table for one in history} - known
    for one in history:
        if one.kind == "write" and one.version is None and "/" not in one.table:
            for register in strange:
                if register.startswith(one.table + "/"):
                    yield one._replace(table=register)


@dataclass
class Herd:
    """The rows that the load has made and may change or delete, shared by all its clients."""

    made: dict[str, list[int]] = field(default_factory=lambda: {route: [] for route in TABLES})
    number: int = 0
    mark: int = field(default_factory=time.monotonic_ns)  # no name of an earlier herd comes again: names tell versions

    def new(self, random: Random, route: str) -> dict[str, Any]:
        """A body for a new row of `route`."""
        self.number += 1
        name = f"{route} {self.mark} {self.number}"
        bodies: dict[str, dict[str, Any]] = {
            "species": {"name": name},
            "breeds": {"name": name, "species_id": random.randint(1, 8)},
            "animals": {
                "record": name,
                "sex": random.choice(("Hembra", "Macho")),
                "birth_date": f"20{random.randint(10, 24)}-0{random.randint(1, 9)}-11",
                "weight": random.randint(1, 900),
                "breeds_id": random.randint(1, 20),
            },
            "diseases": {"name": name, "symptoms": "s" * random.randint(1, 200), "details": "d"},
            "animal-diseases": {
                "animal_id": random.randint(1, 40),
                "disease_id": random.randint(1, 8),
                "instructor_id": 1,
                "diagnosis_date": f"19{random.randint(10, 99)}-{random.randint(10, 12)}-{random.randint(10, 28)}",
                "status": "Activo",
            },
            "users": {"address": name},
        }
        return bodies[route]

    def change(self, random: Random, route: str) -> dict[str, Any]:
        """A body that changes a row of `route`."""
        body = self.new(random, route)
        if route == "animal-diseases":
            return {"notes": f"{random.randrange(10**9)}"}
        if route == "breeds":
            del body["species_id"]
        return body

    def existing(self, random: Random, route: str) -> int:
        """A row that is there, or was there a moment ago."""
        made = self.made[route]
        if made and random.random() < 0.6:
            return random.choice(made[-HOT_ROWS:])
        return random.randint(2, 6)

    def forget(self, route: str, row_id: int) -> None:
        """Do not ask for a row that is known to be gone much longer."""
        if row_id in self.made[route]:
            self.made[route].remove(row_id)


@dataclass
class Client:
    """One client with several connections, which the system spreads over the workers.

    `rest`: how long it rests after each step, in times of what the step took; 1 makes half the load.
    """

    name: str
    random: Random
    connections: Sequence[Connection]
    recorder: Recorder
    herd: Herd
    write_share: float
    tags: dict[str, str] = field(default_factory=dict)
    last: str = ""
    rest: float = 0.0

    async def run(self, operations: int) -> None:
        """One after the other."""
        for _ in range(operations):
            await self.step()

    async def run_until(self, over: asyncio.Event) -> None:
        """One after the other, until the event is set."""
        while not over.is_set():
            begun = time.monotonic()
            await self.step()
            if self.rest:
                await asyncio.sleep(self.rest * (time.monotonic() - begun))

    async def close(self) -> None:
        """End its connections."""
        for connection in self.connections:
            await connection.close()

    async def step(self) -> None:
        """One read or write."""
        write = self.random.random() < self.write_share
        try:
            await (self._write() if write else self._read())
        except NoAnswer:  # of a read: it told nothing
            await asyncio.sleep(0.05)

    async def _ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        return await self.random.choice(self.connections).request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )

    async def _read(self) -> None:
        # Half of the time the same again, as a page on a screen does, mostly with the tag it has.
        path = self.last = self.last if self.last and self.random.random() < 0.5 else self._path()
        tag = self.tags.get(path)
        conditional = {"If_None_Match": tag} if tag and self.random.random() < 0.8 else {}
        answer = await self._ask("GET", path, **conditional)
        if answer.status >= 500:
            await asyncio.sleep(0.05)
        if "etag" in answer.headers and len(self.tags) < 500:
            self.tags[path] = answer.headers["etag"]
        self.recorder.seen(self.name, path, answer)

    def _path(self) -> str:
        random, route = self.random, self._route()
        kind = random.random()
        if kind < 0.40:
            return f"/{route}?limit={random.choice((1, 5, 10))}"
        if kind < 0.50:
            return f"/{route}?limit=5&page=2&sort_by=id&sort_order=desc"
        if kind < 0.60:
            first = f"/{route}?limit=4"
            cursor = self.recorder.cursors.get(first)
            return f"{first}&cursor={cursor}" if cursor else first
        if kind < 0.75:
            return f"/{route}/metadata"
        if kind < 0.85 and route in RELATED:
            return f"/{route}?limit=5&include_relations=true"
        return f"/{route}/{self.herd.existing(random, route)}"

    def _route(self) -> str:
        return self.random.choices(tuple(TABLES), (5, 5, 5, 3, 3, 1))[0]

    async def _write(self) -> None:
        random, route = self.random, self._route()
        made = self.herd.made[route]
        kind = random.random()
        if kind < 0.4 and route != "users":
            answer = await self._try("POST", f"/{route}", self.herd.new(random, route))
            row = self.recorder.wrote(self.name, route, None, answer)
            if row is not None:
                made.append(row["id"])
        elif kind < 0.75 or not made:
            row_id = self.herd.existing(random, route)
            method = random.choice(("PUT", "PATCH"))
            answer = await self._try(method, f"/{route}/{row_id}", self.herd.change(random, route))
            self.recorder.wrote(self.name, route, row_id, answer)
        else:
            row_id = random.choice(made)
            answer = await self._try("DELETE", f"/{route}/{row_id}")
            self.recorder.wrote(self.name, route, row_id, answer)
            await asyncio.sleep(0)
            if isinstance(answer, Answer) and answer.status in (200, 404):
                asyncio.get_running_loop().call_later(0.2, self.herd.forget, route, row_id)

    async def _try(self, method: str, path: str, body: object = None) -> Answer | NoAnswer:
        try:
            answer = await self._ask(method, path, body)
        except NoAnswer as none:
            await asyncio.sleep(0.05)
            return none
        if answer.status >= 500:
            await asyncio.sleep(0.05)
        return answer


def make_clients(
    where: tuple[str, int, str], recorder: Recorder, *, count: int = 16, seed: int = 1, write_share: float = 0.2
) -> list[Client]:
    """`count` clients of the service at `where` (host, port, token), each with four connections."""
    herd = Herd()
    return [
        Client(
            f"client {number}",
            Random(f"{seed} {number}"),
            [Connection(*where) for _ in range(4)],
            recorder,
            herd,
            write_share,
        )
        for number in range(count)
    ]


async def recorded(service: ServiceProcess, operations: int, *, seed: int = 1) -> Recorder:
    """What sixteen clients are told in so many operations."""
    recorder = Recorder()
    recorder.begin(service.url)
    clients = make_clients((service.host, service.port, service.token), recorder, count=CLIENTS, seed=seed)
    try:
        await asyncio.gather(*(client.run(operations // CLIENTS) for client in clients))
    finally:
        for client in clients:
            await client.close()
    return recorder


def lost_writes(history: Sequence[Operation], url: DatabaseURL) -> list[Operation]:
    """The answered writes of rows that the database does not hold, nor anything later in their place."""
    latest: dict[str, int] = {}
    with connect(url) as connection, connection.cursor() as cursor:
        for table in TABLES.values():
            cursor.execute(f"SELECT id, updated_at FROM {table}")
            gone = "SELECT row_id, MAX(deleted_at) FROM tombstone WHERE table_name = %s GROUP BY row_id"
            rows = [*cursor.fetchall(), *(cursor.fetchall() if cursor.execute(gone, (table,)) else ())]
            for row_id, changed in rows:
                version = (changed - EPOCH) // timedelta(microseconds=1)
                latest[f"{table}/{row_id}"] = max(version, latest.get(f"{table}/{row_id}", 0))
    writes = [one for one in history if one.kind == "write" and "/" in one.table and one.version is not None]
    return [one for one in writes if latest.get(one.table, 0) < one.known]
