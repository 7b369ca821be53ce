"""Whatever is asked in whatever order, of two applications on one database: every answer is the model's (shadow.py)."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from http.client import HTTPConnection, HTTPMessage
from typing import Any, NamedTuple
from urllib.parse import urlencode

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, multiple, rule, run_state_machine_as_test
from in_process import enrol_administrator, served, settings_for
from shadow import KINDS, Order, Row, Table, comes_after, order_of

from service.settings import DatabaseURL

RUNS = int(os.environ.get("HERDBOOK_MACHINE_RUNS", "100"))
STEPS = int(os.environ.get("HERDBOOK_MACHINE_STEPS", "50"))
MISSING = 10**12  # the id of no row

names = st.text("abAB", min_size=1, max_size=2)
routes = st.sampled_from(sorted(KINDS))
apps = st.integers(0, 1)
places = st.integers(0, 30)  # which of the rows there are; past the last: none
limits = st.sampled_from((1, 2, 3, 1000))
orders = st.lists(
    st.sampled_from(("name", "-name", "id", "-id", "updated_at", "-updated_at", "created_at", "-created_at")),
    min_size=1,
    max_size=2,
    unique_by=lambda column: column.lstrip("-"),
).map(tuple)
filters = st.sampled_from(("", "", "search", "species_id", "species_id__ne", "updated_at__gte", "updated_at__lt"))


class Reply(NamedTuple):
    """An answer, its body parsed."""

    status: int
    headers: HTTPMessage
    body: Any

    @property
    def data(self) -> Any:
        return self.body["data"]

    @property
    def meta(self) -> Any:
        return self.body["meta"]


class Asker:
    """Asks one application."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self._connection = HTTPConnection(host, port, timeout=30)
        self._token = token

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        sent = {"Authorization": f"Bearer {self._token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = "application/json"
        self._connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), sent)
        response = self._connection.getresponse()
        text = response.read()
        return Reply(response.status, response.headers, json.loads(text) if text else None)

    def close(self) -> None:
        self._connection.close()


class Place(NamedTuple):
    """Where a list goes on: its question, and the sort keys of the last row given."""

    route: str
    query: tuple[tuple[str, str], ...]
    order: Order
    cursor: str
    keys: tuple[Any, ...]


class Farm(RuleBasedStateMachine):
    """Two applications and the model of what they must say."""

    askers: tuple[Asker, Asker]
    cursors: Bundle[Place] = Bundle("cursors")
    marks: Bundle[tuple[str, str]] = Bundle("marks")

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, Table] = {}
        self.kept: dict[str, tuple[str, Any]] = {}  # path: the last tag seen, and its body
        self.tags: dict[tuple[str, int], tuple[str, str]] = {}  # row: a tag, and the updated_at it stood for
        self.number = 0
        for route in ("breeds", "species", "diseases"):  # those that refer to others first
            left = self.askers[0]("GET", f"/{route}?limit=1000").data
            if left:
                assert self.askers[0]("DELETE", f"/{route}/bulk", [row["id"] for row in left]).status == 200
            changed = self.askers[1]("GET", f"/{route}/metadata").data["last_modified"]
            self.tables[route] = Table(KINDS[route], changed)
        self.began = {route: table.last_modified for route, table in self.tables.items()}

    # Reading: each question is asked with the tag of the last answer to it, if there is one.

    def get(self, app: int, path: str) -> Reply:
        tag, body = self.kept.get(path, ("", None))
        reply = self.askers[app]("GET", path, **({"If_None_Match": tag} if tag else {}))
        if reply.status == 304:
            assert reply.headers["ETag"] == tag
            return reply._replace(status=200, body=body)
        assert reply.status in (200, 404), reply
        if reply.status == 200:
            self.kept[path] = reply.headers["ETag"], reply.body
        return reply

    @rule(app=apps, route=routes)
    def metadata(self, app: int, route: str) -> None:
        table = self.tables[route]
        said = self.get(app, f"/{route}/metadata").data
        assert (said["total_count"], said["last_modified"]) == (len(table.rows), table.last_modified)

    @rule(app=apps, route=routes, at=places)
    def row(self, app: int, route: str, at: int) -> None:
        row_id = self.row_id(route, at)
        reply = self.get(app, f"/{route}/{row_id}")
        row = self.tables[route].rows.get(row_id)
        assert (reply.status, reply.body.get("data")) == ((200, row) if row else (404, None))
        if row:
            self.tags[route, row_id] = reply.headers["ETag"], row["updated_at"]

    @rule(app=apps, route=routes, at=places)
    def relations(self, app: int, route: str, at: int) -> None:
        if not (rows := [*self.tables[route].rows.values()]):
            return
        row = rows[at % len(rows)]
        said = self.get(app, f"/{route}/{row['id']}?include_relations=true").data
        assert {name: said[name] for name in row} == row
        if route == "breeds":
            species = self.tables["species"].rows[row["species_id"]]
            assert said["species"] == {"id": species["id"], "name": species["name"]}
        if route == "species":
            breeds = [one for one in self.tables["breeds"].list(order_of(["id"])) if one["species_id"] == row["id"]]
            assert [one["name"] for one in said["breeds"]] == [one["name"] for one in breeds[:50]]

    @rule(target=marks, app=apps, route=routes, columns=orders, limit=limits, page=st.integers(1, 3))
    def page(self, app: int, route: str, columns: tuple[str, ...], limit: int, page: int) -> tuple[str, str]:
        table, order = self.tables[route], order_of(columns)
        query = {"limit": limit, "page": page, "sort_by": ",".join(columns)}
        reply = self.get(app, f"/{route}?{urlencode(query)}")
        rows = table.list(order)
        first = (page - 1) * limit
        assert reply.data == rows[first : first + limit]
        told = reply.meta["pagination"]
        assert (told["total_items"], told["total_pages"]) == (len(rows), -(-len(rows) // limit))
        assert (told["has_next_page"], told["has_previous_page"]) == (first + limit < len(rows), page > 1)
        assert reply.meta["as_of"] == table.last_modified
        return route, table.last_modified

    @rule(target=cursors, app=apps, route=routes, columns=orders, limit=st.integers(1, 3), chosen=filters, at=places)
    def begin(self, app: int, route: str, columns: tuple[str, ...], limit: int, chosen: str, at: int) -> Any:
        query = {"limit": str(limit), "sort_by": ",".join(columns), **self.condition(route, chosen, at)}
        return self.follow(app, Place(route, tuple(query.items()), order_of(columns), "", ()))

    @rule(target=cursors, app=apps, place=cursors)
    def go_on(self, app: int, place: Place) -> Any:
        return self.follow(app, place)

    def follow(self, app: int, place: Place) -> Any:
        query = dict(place.query)
        text = urlencode({**query, **({"cursor": place.cursor} if place.cursor else {})})
        reply = self.get(app, f"/{place.route}?{text}")
        rows = self.tables[place.route].list(place.order, self.kept_by(place.route, query))
        if place.cursor:
            rows = [row for row in rows if comes_after(row, place.keys, place.order)]
        limit = int(query["limit"])
        assert reply.data == rows[:limit]
        told = reply.meta["pagination"]
        assert told["has_next_page"] == (limit < len(rows))
        if not told["has_next_page"]:
            assert told["next_cursor"] is None
            return multiple()
        last = reply.data[-1]
        return place._replace(cursor=told["next_cursor"], keys=tuple(last[column] for column, _ in place.order))

    def condition(self, route: str, chosen: str, at: int) -> dict[str, str]:
        rows = [*self.tables[route].rows.values()]
        name, _, operator = chosen.partition("__")
        if name == "search":
            return {"search": ("a", "B", "ab", "bb")[at % 4]}
        if not name or not rows or name not in rows[0]:
            return {}
        return {chosen: str(rows[at % len(rows)][name])}

    def kept_by(self, route: str, query: dict[str, str]) -> Callable[[Row], bool]:
        table = self.tables[route]
        tests: dict[str, Callable[[Row, str], bool]] = {
            "search": table.matches,
            "species_id": lambda row, value: row["species_id"] == int(value),
            "species_id__ne": lambda row, value: row["species_id"] != int(value),
            "updated_at__gte": lambda row, value: row["updated_at"] >= value,
            "updated_at__lt": lambda row, value: row["updated_at"] < value,
        }
        return lambda row: all(test(row, query[name]) for name, test in tests.items() if name in query)

    @rule(app=apps, mark=marks, limit=limits, digits=st.sampled_from((6, 6, 3)))
    def since(self, app: int, mark: tuple[str, str], limit: int, digits: int) -> None:
        route, time = mark
        table = self.tables[route]
        if time[:23] == self.began[route][:23]:
            digits = 6  # the millisecond has deletions of the run before, which the model does not know
        cut = time[: 20 + digits] + "Z"
        delta = table.since(cut if digits == 6 else cut[:-1] + "000Z", limit, inclusive=digits < 6)
        reply = self.get(app, f"/{route}?{urlencode({'since': cut, 'limit': limit})}")
        assert reply.data == delta.rows
        assert reply.meta["deleted"] == delta.deleted
        assert (reply.meta["has_more"], reply.meta["next_since"]) == (delta.has_more, delta.next_since)

    # Writing.

    def body(self, route: str, name: str, at: int) -> Row:
        self.number += 1
        bodies: dict[str, Row] = {
            "species": {"name": name},
            "breeds": {"name": name, "species_id": self.row_id("species", at)},
            "diseases": {"name": name, "symptoms": f"s{self.number}", "details": name},
        }
        return bodies[route]

    def row_id(self, route: str, at: int) -> int:
        """The id of a row that is there, was there, or never was."""
        ids = [*self.tables[route].rows, *list(self.tables[route].gone)[-2:], MISSING]
        return ids[min(at, len(ids) - 1)]

    def refers_to_nothing(self, route: str, body: Row) -> bool:
        refers = KINDS[route].refers
        return refers is not None and refers[0] in body and body[refers[0]] not in self.tables[refers[1]].rows

    def guard(self, route: str, row_id: int, guarded: str) -> tuple[dict[str, str], bool]:
        """An If-Match, and whether it holds."""
        row = self.tables[route].rows.get(row_id)
        if guarded == "any":
            return {"If_Match": "*"}, row is not None
        if guarded == "tag" and (route, row_id) in self.tags:
            tag, changed = self.tags[route, row_id]
            return {"If_Match": tag}, row is not None and row["updated_at"] == changed
        return {}, True

    @rule(app=apps, route=routes, name=names, at=places, repeats=st.booleans())
    def create(self, app: int, route: str, name: str, at: int, repeats: bool) -> None:
        table, body = self.tables[route], self.body(route, name, at)
        key = {"Idempotency_Key": os.urandom(8).hex()} if repeats else {}
        reply = self.askers[app]("POST", f"/{route}", body, **key)
        if table.holders(body):
            assert reply.status == 409, reply
        elif self.refers_to_nothing(route, body):
            assert reply.status == 422, reply
        else:
            assert reply.status == 201, reply
            assert reply.data.items() >= body.items()
            table.store(reply.data)
            if repeats:
                again = self.askers[1 - app]("POST", f"/{route}", body, **key)
                assert (again.status, again.body) == (201, reply.body)
                assert again.headers["Idempotency-Replayed"] == "true"

    @rule(
        app=apps,
        route=routes,
        at=places,
        name=names,
        other=places,
        method=st.sampled_from(("PUT", "PATCH")),
        guarded=st.sampled_from(("", "any", "tag", "tag")),
    )
    def update(self, app: int, route: str, at: int, name: str, other: int, method: str, guarded: str) -> None:
        table, row_id = self.tables[route], self.row_id(route, at)
        change = self.body(route, name, other)
        if other % 3 == 0:
            change = {"name": name}
        headers, holds = self.guard(route, row_id, guarded)
        reply = self.askers[app](method, f"/{route}/{row_id}", change, **headers)
        row = table.rows.get(row_id)
        if not holds:
            assert reply.status == 412, reply
        elif row is None:
            assert reply.status == 404, reply
        elif self.refers_to_nothing(route, change):
            assert reply.status == 422, reply
        elif table.holders({**row, **change}, but=row_id):
            assert reply.status == 409, reply
        else:
            assert reply.status == 200, reply
            assert reply.data == {**row, **change, "updated_at": reply.data["updated_at"]}
            table.store(reply.data)

    @rule(app=apps, route=routes, at=places, guarded=st.sampled_from(("", "any", "tag")))
    def delete(self, app: int, route: str, at: int, guarded: str) -> None:
        row_id = self.row_id(route, at)
        headers, holds = self.guard(route, row_id, guarded)
        reply = self.askers[app]("DELETE", f"/{route}/{row_id}", **headers)
        if not holds:
            assert reply.status == 412, reply
        elif row_id not in self.tables[route].rows:
            assert reply.status == 404, reply
        elif self.is_referred(route, [row_id]):
            assert reply.status == 409, reply
        else:
            assert (reply.status, reply.data) == (200, {"deleted_id": row_id})
            self.removed(1 - app, route, [row_id])

    def is_referred(self, route: str, ids: list[int]) -> bool:
        return route == "species" and any(row["species_id"] in ids for row in self.tables["breeds"].rows.values())

    def removed(self, app: int, route: str, ids: list[int]) -> None:
        self.tables[route].remove(ids, self.get(app, f"/{route}/metadata").data["last_modified"])

    @rule(
        app=apps,
        route=routes,
        given=st.lists(st.tuples(names, places), max_size=4),
        on_conflict=st.sampled_from(("error", "ignore", "update")),
    )
    def create_many(self, app: int, route: str, given: list[tuple[str, int]], on_conflict: str) -> None:
        table = self.tables[route]
        bodies = [self.body(route, name, at) for name, at in given]
        keys = [table.key(body) for body in bodies]
        held = [table.holders(body) for body in bodies]
        repeated = [key in keys[:at] for at, key in enumerate(keys)]
        missing = [self.refers_to_nothing(route, body) for body in bodies]
        unclear = [again or bool(there) for again, there in zip(repeated, held, strict=True)]
        refused = {"error": unclear, "ignore": [], "update": repeated}[on_conflict]
        reply = self.askers[app]("POST", f"/{route}/bulk?on_conflict={on_conflict}", bodies)
        if any(missing) or any(refused):
            assert reply.status == 422, reply
            return
        assert reply.status == 201, reply
        new = [body for body, there in zip(bodies, unclear, strict=True) if not there]
        changed = [body for body, there in zip(bodies, held, strict=True) if there and on_conflict == "update"]
        counts = reply.meta["inserted"], reply.meta["updated"], reply.meta["skipped"]
        assert counts == (len(new), len(changed), len(bodies) - len(new) - len(changed))
        expected = [*new, *changed]
        assert [{name: row[name] for name in body} for row, body in zip(reply.data, expected, strict=True)] == expected
        for row in sorted(reply.data, key=lambda row: row["updated_at"]):
            assert (row["id"] in table.rows) == (table.holders(row) != [])
            table.store(row)

    @rule(app=apps, route=routes, given=st.lists(st.tuples(places, names), max_size=3, unique_by=lambda one: one[0]))
    def update_many(self, app: int, route: str, given: list[tuple[int, str]]) -> None:
        table = self.tables[route]
        changes = {self.row_id(route, at): name for at, name in given}
        rows = {one: {**table.rows[one], "name": name} for one, name in changes.items() if one in table.rows}
        keys = [table.key(row) for row in rows.values()]
        # Names that rows of the same upload hand on to each other are left to their own test: rows change one by one.
        handed_on = any(holder in rows for one, row in rows.items() for holder in table.holders(row, but=one))
        if handed_on or len({one for one, _ in given}) != len(changes):
            return
        reply = self.askers[app](
            "PATCH", f"/{route}/bulk", [{"id": one, "name": name} for one, name in changes.items()]
        )
        is_taken = len(set(keys)) < len(keys) or any(table.holders(row, but=one) for one, row in rows.items())
        if len(rows) < len(changes) or is_taken:
            assert reply.status == 422, reply
            return
        assert reply.status == 200, reply
        for row in sorted(reply.data, key=lambda row: row["updated_at"]):
            assert row == {**rows[row["id"]], "updated_at": row["updated_at"]}
            table.store(row)

    @rule(app=apps, route=routes, given=st.lists(places, max_size=3, unique=True))
    def delete_many(self, app: int, route: str, given: list[int]) -> None:
        ids = list(dict.fromkeys(self.row_id(route, at) for at in given))
        reply = self.askers[app]("DELETE", f"/{route}/bulk", ids)
        if any(one not in self.tables[route].rows for one in ids):
            assert reply.status == 422, reply
        elif self.is_referred(route, ids):
            assert reply.status == 409, reply
        else:
            assert (reply.status, reply.data) == (200, {"deleted_ids": ids})
            if ids:
                self.removed(1 - app, route, ids)


@contextmanager
def two_applications(url: DatabaseURL, token: str) -> Iterator[tuple[Asker, Asker]]:
    """Two applications on one database, in a loop of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()

    async def begin() -> list[Asker]:
        both = [await stack.enter_async_context(served(settings_for(url), token)) for _ in range(2)]
        return [Asker(one.connection.host, one.connection.port, token) for one in both]

    try:
        first, second = asyncio.run_coroutine_threadsafe(begin(), loop).result()
        yield first, second
        first.close()
        second.close()
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_every_answer_is_the_models(make_database: Callable[[], DatabaseURL]) -> None:
    url = make_database()
    token = enrol_administrator(url)
    with two_applications(url, token) as askers:
        machine = type("FarmOfTwo", (Farm,), {"askers": askers})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=RUNS,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
