"""What is asked of the animals as a herd: how many live, and who descends from whom."""

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from service.cache.page import Page
from service.db.connection import Row
from service.db.database import Database
from service.db.statements import Statements, Value
from service.records.envelope import envelope
from service.records.errors import RowMissing
from service.records.reader import ResourceReader, Scopes
from service.records.times import moment_of
from service.records.viewer import Viewer

MOST_GENERATIONS = 20
MOST_NODES = 1000
PARENTS = (("idFather", "father"), ("idMother", "mother"))


@dataclass(frozen=True, slots=True)
class TreeQuery:
    """The family of an animal: upwards or downwards, at most `max_depth` generations, `fields` of each row (all)."""

    animal_id: int
    direction: Literal["ancestors", "descendants"]
    max_depth: int
    fields: tuple[str, ...] = ()


class Herd:
    """The herd, cached under the generations of the animals."""

    def __init__(self, reader: ResourceReader, statements: Statements, database: Database, scopes: Scopes) -> None:
        self._reader = reader
        self._database = database
        self._status = statements.get("animals/status")
        trees = ("ancestors", "descendants")
        taken = {"animal_id", "max_depth", "limit", "today"}
        self._trees = {one: statements.get(f"animals/tree_{one}", taken) for one in trees}
        self._scope = scopes(("animals",))

    async def status(self) -> Page:
        """`total`, `activos` (those that live on the farm) and `inactivos`."""

        async def fill() -> Page:
            total, active, as_of, answered_at = (await self._database.read(self._status)).rows[0]
            told = {"total": int(total or 0), "activos": int(active or 0)}
            told["inactivos"] = told["total"] - told["activos"]
            body = envelope(orjson.dumps(told))
            return self._reader.page(body, moment_of(as_of), answered_at, closes=as_of is not None)

        return await self._reader.ask(self._scope, Viewer(), "status", fill)

    async def tree(self, viewer: Viewer, query: TreeQuery) -> Page:
        """The family: the nearest MOST_NODES of it; RowMissing when the animal is."""
        return await self._reader.ask(self._scope, viewer, query, lambda: self._fill_tree(viewer, query))

    async def _fill_tree(self, viewer: Viewer, query: TreeQuery) -> Page:
        values: dict[str, Value] = {
            **self._reader.shaping(viewer),
            "animal_id": query.animal_id,
            "max_depth": query.max_depth,
            "limit": MOST_NODES + 1,
        }
        rows = (await self._database.read(self._trees[query.direction], values)).rows
        if not rows:
            raise RowMissing(query.animal_id)
        as_of, answered_at = rows[0][4:6]
        body = envelope(orjson.dumps(_told(query, rows)))
        return self._reader.page(body, moment_of(as_of), answered_at, closes=as_of is not None)


def _told(query: TreeQuery, rows: tuple[Row, ...]) -> dict[str, Any]:
    kept = rows[:MOST_NODES]
    nodes = {str(int(row[0] or 0)): _shown(row[6], query.fields) for row in kept}
    edges = [
        {"from": int(parent), "to": int(row[0] or 0), "type": kind}
        for row in kept
        for parent, (_, kind) in zip(row[2:4], PARENTS, strict=True)
        if parent is not None and str(int(parent)) in nodes
    ]
    return {
        "rootId": query.animal_id,
        "nodes": nodes,
        "edges": edges,
        "depth": max(int(row[1] or 0) for row in kept),
        "counts": {"nodes": len(nodes), "edges": len(edges)},
        "summary": {
            "direction": query.direction,
            "max_depth": query.max_depth,
            "truncated": len(rows) > MOST_NODES,
        },
    }


def _shown(data: bytes | None, fields: tuple[str, ...]) -> Any:
    row = orjson.loads(data or b"{}")
    return {name: row[name] for name in row if name in fields} if fields else row
