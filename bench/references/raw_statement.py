"""A statement of the service alone, as often as the driver can send it: no HTTP, no cache, nothing around it.

Arguments: name of the workload, seconds, file of values. The database is in DATABASE_URL. Prints statements a second.
The sessions are the service's own, as many as a worker keeps open; the values go round in a circle.
"""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
import uvloop

from service.db.connection import Connection
from service.db.database import open_database
from service.db.pool import PoolLimits
from service.db.statements import SQL, Statement, Statements, Value
from service.settings import DatabaseURL

SESSIONS = 20
Values = dict[str, Value]


def load(name: str) -> Statement:
    """The statement of the service in sql/`name`.sql."""
    return Statement.parse(name, (SQL / f"{name}.sql").read_text())


def list_values(path: str) -> tuple[str, Values]:
    """The order and the values of a list statement that `path` asks for."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    direction = asked.get("sort_order", "desc").upper()
    column = asked.get("sort_by", "updated_at")
    order = f"{column} {direction}" + ("" if column == "id" else f", id {direction}")
    limit = int(asked["limit"])
    return order, {"total_from": "ledger", "limit": limit + 1, "offset": (int(asked["page"]) - 1) * limit}


def requests(workload: str, lines: list[str]) -> Iterator[tuple[Statement, Values]]:
    """Statements with their values, without an end."""
    today = datetime.now(UTC).date()
    if workload == "list":
        listing = load("animals/list")
        sorted_by = {order: listing.choose(order=order) for order in {list_values(line)[0] for line in lines}}
        asked = [(sorted_by[list_values(line)[0]], list_values(line)[1]) for line in lines]
    elif workload == "since":
        since = load("animals/since")
        queries = [parse_qs(urlsplit(line).query) for line in lines]
        asked = [
            (since, {"since": query["since"][0].rstrip("Z").replace("T", " "), "limit": int(query["limit"][0])})
            for query in queries
        ]
    elif workload == "detail":
        get = load("animals/get")
        asked = [(get, {"ids": (int(line.rpartition("/")[2]),)}) for line in lines]
    else:
        yield from _inserts(workload, lines[0])
        return
    for statement, values in itertools.cycle(asked):
        yield statement, {**values, "today": today}


def _inserts(workload: str, body: str) -> Iterator[tuple[Statement, Values]]:
    name = "animals/insert" if workload == "insert" else "animals/bulk_insert"
    statement = load(name)
    run = f"raw-{time.time_ns()}-"
    for number in itertools.count():
        text = body.replace("@", f"{run}{number}")
        if workload == "insert":
            yield statement, {"status": "Vivo", "idFather": None, "idMother": None, **orjson.loads(text)}
        else:
            yield statement, {"rows": text, "stamp": "1970-01-01"}


async def measure(url: DatabaseURL, seconds: float, asked: Iterator[tuple[Statement, Values]]) -> float:
    """Statements a second from SESSIONS sessions at once."""
    database = open_database(url, PoolLimits(), Statements(SQL))
    sessions = [await database.open_one() for _ in range(SESSIONS)]
    started = time.perf_counter()

    def is_over() -> bool:
        return time.perf_counter() - started > seconds

    counts = await asyncio.gather(*(_session(session, asked, is_over) for session in sessions))
    elapsed = time.perf_counter() - started
    return sum(counts) / elapsed


async def _session(
    connection: Connection, asked: Iterator[tuple[Statement, Values]], is_over: Callable[[], bool]
) -> int:
    done = 0
    while not is_over():
        await connection.run(*next(asked))
        done += 1
    connection.close()
    return done


if __name__ == "__main__":
    given = Path(sys.argv[3]).read_text().splitlines()
    url = DatabaseURL.parse(os.environ["DATABASE_URL"])
    print(uvloop.run(measure(url, float(sys.argv[2]), requests(sys.argv[1], given))))
