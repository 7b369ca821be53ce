"""Breaks the service on purpose, in the one way that EXACTNESS_MUTANT names: the checker must find each of these.

Python imports a module of this name at its start, where a test has put this folder on the path.
"""

import asyncio
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def no_generation_check(generations: Any, _reader: Any) -> None:
    """Every page in the cache is a hit."""
    _replace(generations.HostScope, "token", lambda self: bytes(self.width))


def token_after_query(_generations: Any, reader: Any) -> None:
    """A page is stored under the token that is current when its query has ended."""

    async def ask(self: Any, scope: Any, viewer: Any, request: Any, fill: Any, *, by_day: bool = False) -> Any:
        key = reader.Key(viewer.segment, self._view(viewer), request)
        token = scope.token()
        page = None if token is None else self._cache.get(key, reader.Ground(scope, token, None).token)
        if page is not None:
            return page
        page = await fill()
        token = scope.token()
        if token is None:
            return page

        async def filled() -> Any:
            return page

        return await self._cache.fill(key, reader.Ground(scope, token, None), filled)

    _replace(reader.ResourceReader, "ask", ask)


def finished_before_commit(generations: Any, _reader: Any) -> None:
    """A write counts as finished when its COMMIT is sent, which takes as long as on a slow network."""
    _slow_down_commit(before=0.01)
    sending = generations.Commit.sending

    def sending_and_finished(self: Any, connection: int, server_start: int) -> None:
        sending(self, connection, server_start)
        self._generations.finish(self._tables, self._record, 0)

    _replace(generations.Commit, "sending", sending_and_finished)
    _replace(generations.Commit, "committed", lambda self, stamp: None)


def started_after_commit(generations: Any, _reader: Any) -> None:
    """A write counts as started only when its COMMIT has returned, which is told as late as by a slow network."""
    _slow_down_commit(after=0.01)
    sending, committed = generations.Commit.sending, generations.Commit.committed

    def both(self: Any, stamp: int) -> None:
        sending(self, *self._held)
        committed(self, stamp)

    _replace(generations.Commit, "sending", lambda self, *held: setattr(self, "_held", held))
    _replace(generations.Commit, "committed", both)


def _slow_down_commit(before: float = 0.0, after: float = 0.0) -> None:
    """So many seconds more on the way of each COMMIT, or of its answer."""
    from service.db.connection import Connection

    send = Connection.send

    async def send_slowly(self: Any, text: str) -> Any:
        is_commit = text == "COMMIT"
        await asyncio.sleep(before * is_commit)
        result = await send(self, text)
        await asyncio.sleep(after * is_commit)
        return result

    _replace(Connection, "send", send_slowly)


def _replace(owner: type, name: str, broken: Any) -> None:
    if name not in vars(owner):
        raise AttributeError(f"{owner.__name__} has no {name}: this mutant breaks nothing")
    setattr(owner, name, broken)


def _break() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    from service.cache import generations
    from service.records import reader

    globals()[os.environ["EXACTNESS_MUTANT"]](generations, reader)


if os.environ.get("EXACTNESS_MUTANT"):
    try:
        _break()
    except Exception:  # which Python would only mention
        traceback.print_exc()
        os._exit(1)
