"""The design of the farm's first backend: an ORM in threads, an LRU of dicts, COUNT at each list, JSON made each time.

It ran on Flask. Here it is plain WSGI, without Flask's own routing and request objects, and so a little better off.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from bench.peers.questions import BASE, COLUMNS, GIVEN, PAGES, Asked, Bearers
from bench.peers.tables import Animal, url

Start = Callable[[str, list[tuple[str, str]]], object]
engine = create_engine(url("pymysql"), pool_size=20, max_overflow=30)
sessions = sessionmaker(engine, expire_on_commit=False)
bearers = Bearers()
kept: OrderedDict[str, dict[str, Any]] = OrderedDict()
lock = threading.Lock()


def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """The WSGI application."""
    if not bearers.is_good(environ.get("HTTP_AUTHORIZATION", "")):
        start("401 Unauthorized", [("Content-Length", "0")])
        return []
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    if environ["REQUEST_METHOD"] == "POST":
        body = json.dumps(_store(json.load(environ["wsgi.input"]))).encode()
        start("201 Created", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]
    body = json.dumps(_cached(path, query)).encode()
    tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    headers = [("ETag", tag), ("Cache-Control", "private, no-cache")]
    if environ.get("HTTP_IF_NONE_MATCH") == tag:
        start("304 Not Modified", headers)
        return []
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers])
    return [body]


def _cached(path: str, query: str) -> dict[str, Any]:
    """Lists are kept as dicts; their total is counted anew each time, and all else is asked of the database."""
    with sessions() as session:
        if path.endswith("/metadata"):
            count, changed = session.execute(select(func.count(), func.max(Animal.updated_at))).one()
            return {"success": True, "data": {"total_count": count, "last_modified": changed.isoformat()}}
        if path != BASE:
            row = session.get(Animal, int(path.rpartition("/")[2]))
            return {"success": True, "data": _dict_of(row)}
        asked = Asked.parse(query)
        total = session.scalar(select(func.count()).select_from(Animal)) or 0
        key = f"{path}?{query}:{total}"
        with lock:
            found = kept.get(key)
            if found is not None:
                kept.move_to_end(key)
                return found
        answer = _answer(session, asked, total)
        with lock:
            kept[key] = answer
            while len(kept) > PAGES:
                kept.popitem(last=False)
        return answer


def _answer(session: Session, asked: Asked, total: int) -> dict[str, Any]:
    if asked.since is not None:
        query = select(Animal).where(Animal.updated_at > asked.since).order_by(Animal.updated_at).limit(asked.limit)
        return {"success": True, "data": [_dict_of(row) for row in session.scalars(query)]}
    column = getattr(Animal, asked.sort_by)
    order = [one.desc() if asked.descends else one.asc() for one in (column, Animal.id)]
    query = select(Animal).order_by(*order).limit(asked.limit).offset((asked.page - 1) * asked.limit)
    rows = [_dict_of(row) for row in session.scalars(query)]
    return {"success": True, "data": rows, "meta": {"pagination": asked.pagination(total)}}


def _store(given: Any) -> dict[str, Any]:
    bodies = given if isinstance(given, list) else [given]
    with sessions() as session:
        rows = [Animal(**{name: _value(name, body.get(name)) for name in GIVEN}) for body in bodies]
        session.add_all(rows)
        session.commit()
        fresh = [_dict_of(row) for row in rows]
    with lock:
        kept.clear()
    return {"success": True, "data": fresh if isinstance(given, list) else fresh[0]}


def _value(name: str, value: Any) -> Any:
    return date.fromisoformat(value) if name == "birth_date" else value


def _dict_of(row: Any) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in COLUMNS}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}
