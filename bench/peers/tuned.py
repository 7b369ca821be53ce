"""The strong peer: hand-tuned ASGI, raw SQL on asyncmy, orjson, pages kept as ready bytes, one query for one page.

It clears its pages at each write and counts the rows itself. With one process and no writer beside it that is right;
unlike Herdbook it knows nothing of other workers, writes by hand, deletions in a delta, or users whose role changes.
"""

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import asyncmy
import orjson

from bench.peers.questions import BASE, COLUMNS, GIVEN, PAGES, Asked, Bearers, database

COLUMNS_OF = f"SELECT {', '.join(COLUMNS)}"
SELECT = f"{COLUMNS_OF} FROM animals"
INSERT = f"INSERT INTO animals ({', '.join(GIVEN)}) VALUES ({', '.join(['%s'] * len(GIVEN))})"
KIND = (b"content-type", b"application/json")
PRIVATE = (b"cache-control", b"private, no-cache")
CONNECTIONS = 20

Send = Callable[[dict[str, Any]], Awaitable[None]]
Page = tuple[dict[str, Any], dict[str, Any], bytes, dict[str, Any]]  # start, body, tag, start of a 304


def row_of(values: tuple[Any, ...]) -> dict[str, Any]:
    """A row as it is sent; orjson writes dates and times."""
    return dict(zip(COLUMNS, values, strict=True))


def page_of(body: bytes) -> Page:
    """A page with its messages made once."""
    tag = b'"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"'
    named = [(b"etag", tag), PRIVATE]
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [KIND, (b"content-length", str(len(body)).encode()), *named],
    }
    unchanged = {"type": "http.response.start", "status": 304, "headers": named}
    return start, {"type": "http.response.body", "body": body}, tag, unchanged


NOTHING = {"type": "http.response.body", "body": b""}


class Service:
    """The pages, the database and what is asked of them."""

    def __init__(self) -> None:
        self.pages: OrderedDict[tuple[str, bytes], Page] = OrderedDict()
        self.flights: dict[tuple[str, bytes], asyncio.Task[Page]] = {}
        self.bearers = Bearers()
        self.pool: Any = None
        self.total = 0
        self.generation = 0

    async def start(self) -> None:
        """Open the connections."""
        self.pool = await asyncmy.create_pool(
            minsize=CONNECTIONS, maxsize=CONNECTIONS, autocommit=True, charset="utf8mb4", **database()
        )
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("SELECT COUNT(*) FROM animals")
            (self.total,) = await cursor.fetchone()

    async def page(self, path: str, query: bytes) -> Page:
        """The page, kept or filled; who asks for the same meanwhile waits for the same query."""
        key = (path, query)
        flight = self.flights.get(key)
        if flight is None:
            flight = self.flights[key] = asyncio.create_task(self._fly(key, self.generation))
        return await flight

    async def _fly(self, key: tuple[str, bytes], generation: int) -> Page:
        page = await self._fill(*key)
        if generation == self.generation:
            del self.flights[key]
            self.pages[key] = page
            if len(self.pages) > PAGES:
                self.pages.popitem(last=False)
        return page

    async def _fill(self, path: str, query: bytes) -> Page:
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            return page_of(orjson.dumps(await self._answer(path, query.decode(), cursor), option=orjson.OPT_UTC_Z))

    async def _answer(self, path: str, query: str, cursor: Any) -> dict[str, Any]:
        if path.endswith("/metadata"):
            await cursor.execute("SELECT MAX(updated_at) FROM animals")
            (changed,) = await cursor.fetchone()
            return {"success": True, "data": {"total_count": self.total, "last_modified": changed}}
        if path != BASE:
            await cursor.execute(f"{SELECT} WHERE id = %s", (int(path.rpartition("/")[2]),))
            return {"success": True, "data": row_of(await cursor.fetchone())}
        asked = Asked.parse(query)
        if asked.since is not None:
            text = f"{SELECT} WHERE updated_at > %s ORDER BY updated_at LIMIT %s"
            await cursor.execute(text, (asked.since, asked.limit))
            return {"success": True, "data": [row_of(one) for one in await cursor.fetchall()]}
        # The ids first, from an index alone: sorted whole rows, the server would rather read the table than skip pages.
        skipped = (asked.page - 1) * asked.limit
        ids = f"SELECT id FROM animals ORDER BY {asked.order} LIMIT {asked.limit} OFFSET {skipped}"
        await cursor.execute(f"{COLUMNS_OF} FROM ({ids}) AS page JOIN animals USING (id) ORDER BY {asked.order}")
        rows = [row_of(one) for one in await cursor.fetchall()]
        return {"success": True, "data": rows, "meta": {"pagination": asked.pagination(self.total)}}

    async def write(self, path: str, body: bytes) -> bytes:
        """Store what was sent and forget every page."""
        given = orjson.loads(body)
        rows = given if isinstance(given, list) else [given]
        values = [tuple(row.get(name) for name in GIVEN) for row in rows]
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await connection.begin()
            try:
                await (cursor.executemany(INSERT, values) if len(values) > 1 else cursor.execute(INSERT, values[0]))
                first = cursor.lastrowid
                await connection.commit()
            except BaseException:
                await connection.rollback()
                raise
            self.generation += 1
            self.total += len(values)
            self.pages.clear()
            self.flights.clear()
            await cursor.execute(f"{SELECT} WHERE id BETWEEN %s AND %s", (first, first + len(values) - 1))
            fresh = [row_of(one) for one in await cursor.fetchall()]
        return orjson.dumps({"success": True, "data": fresh if isinstance(given, list) else fresh[0]})


service = Service()


async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
    """The ASGI application."""
    if scope["type"] != "http":
        await _lifespan(receive, send)
        return
    if service.pool is None:
        await service.start()
    bearer = condition = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            bearer = value
        elif name == b"if-none-match":
            condition = value
    if not service.bearers.is_good(bearer):
        await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
        await send(NOTHING)
        return
    if scope["method"] == "POST":
        await _post(scope["path"], receive, send)
        return
    page = service.pages.get((scope["path"], scope["query_string"]))
    if page is None:
        page = await service.page(scope["path"], scope["query_string"])
    if condition and condition == page[2]:
        await send(page[3])
        await send(NOTHING)
    else:
        await send(page[0])
        await send(page[1])


async def _post(path: str, receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    body = await service.write(path, b"".join(parts))
    headers = [KIND, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await service.start()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
