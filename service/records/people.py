"""The users in numbers: by role, and by whether they are active."""

from typing import Any, get_args

import orjson

from service.cache.page import Page
from service.db.database import Database
from service.db.statements import Statements
from service.records.envelope import envelope
from service.records.reader import ResourceReader, Scopes
from service.records.times import moment_of, today
from service.records.viewer import Viewer
from service.resources.users import Role


class People:
    """The numbers of the user table; they change with it, and with the day."""

    def __init__(self, reader: ResourceReader, statements: Statements, database: Database, scopes: Scopes) -> None:
        self._reader = reader
        self._database = database
        self._statement = statements.get("user/statistics", {"today"})
        self._scope = scopes(("user",))

    async def page(self, *names: str) -> Page:
        """Those of `names`: total, activos, inactivos, recent_today, roles (role → number)."""

        async def fill() -> Page:
            result = await self._database.read(self._statement, {"today": today()})
            told: dict[str, Any] = {"total": 0, "activos": 0, "inactivos": 0, "recent_today": 0}
            told["roles"] = dict.fromkeys(get_args(Role), 0)
            for role, active, users, recent, _, _ in result.rows:
                count = int(users or 0)
                told["total"] += count
                told["activos" if active == b"1" else "inactivos"] += count
                told["recent_today"] += int(recent or 0)
                told["roles"][(role or b"").decode()] += count
            as_of, answered_at = result.rows[0][4:6] if result.rows else (None, None)
            body = envelope(orjson.dumps({name: told[name] for name in names}))
            closes = as_of is not None
            return self._reader.page(body, moment_of(as_of), answered_at, closes=closes, by_day=True)

        return await self._reader.ask(self._scope, Viewer(), ("people", *names), fill, by_day=True)
