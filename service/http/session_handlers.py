"""Login and who am I."""

import re
from typing import Any

import orjson
from aiohttp import hdrs, web

from service.auth.passwords import Passwords
from service.auth.tokens import ACCESS_SECONDS, Tokens
from service.db.database import Database
from service.db.statements import Statements
from service.http.answers import PRIVATE, answer, created
from service.http.asker import Asker
from service.http.bodies import json_object
from service.http.problems import Problem
from service.http.routing import both
from service.records.reader import ResourceReader, Viewer

LONGEST_PASSWORD = 1024


class SessionHandlers:
    """What /api/v1/auth/… answers."""

    def __init__(
        self,
        statements: Statements,
        database: Database,
        tokens: Tokens,
        passwords: Passwords,
        users: ResourceReader,
        asker: Asker,
    ) -> None:
        self._credentials = statements.get("user/credentials", {"identification", "email"})
        self._database = database
        self._tokens = tokens
        self._passwords = passwords
        self._users = users
        self._asker = asker

    def routes(self, base: str) -> list[web.RouteDef]:
        """Its routes below `base`, each with and without a trailing slash."""
        return [
            *both(hdrs.METH_POST, f"{base}/auth/login", self.login),
            *both(hdrs.METH_GET, f"{base}/auth/me", self.me),
        ]

    async def login(self, request: web.Request) -> web.Response:
        """POST /auth/login: a token for who knows the password; the same 401 for a wrong one and for nobody."""
        body = await json_object(request)
        name = body.get("identification") or body.get("identifier") or body.get("email")
        user_id = await self._known(name, body.get("password"))
        user = await self._user(user_id)
        token = self._tokens.issue(user)
        session = {
            "user": user,
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
        }
        said = {"success": True, "message": "OK", "data": session, "access_token": token}
        return created(200, orjson.dumps(said))

    async def me(self, request: web.Request) -> web.Response:
        """GET /auth/me: the user whose token this is."""
        identity = await self._asker.identity(request)
        page = await self._users.own_row(Viewer(identity.id))
        return answer(request, page, PRIVATE)

    async def _known(self, name: object, password: object) -> int:
        """The id of the active user with this name and password."""
        if not isinstance(name, str | int) or not isinstance(password, str):
            raise Problem(
                "VALIDATION_ERROR",
                details={
                    "validation_errors": {
                        "identification": "es obligatorio",
                        "password": "es obligatorio",
                    }
                },
                fields="identification, password",
            )
        said = str(name).strip()[:255]
        number = int(said) if re.fullmatch(r"[0-9]{1,18}", said) else None
        values: dict[str, Any] = {
            "identification": number,
            "email": None if number is not None else said.lower(),
        }
        result = await self._database.read(self._credentials, values)
        user_id, hashed, active = result.rows[0] if result.rows else (None, None, b"0")
        matches = len(password) <= LONGEST_PASSWORD and await self._passwords.matches(
            password, hashed.decode() if hashed else None
        )
        if not matches or user_id is None:
            raise Problem("INVALID_CREDENTIALS", details={"client_action": "CHECK_CREDENTIALS"})
        if active != b"1":
            raise Problem("USER_INACTIVE")
        return int(user_id)

    async def _user(self, user_id: int) -> dict[str, Any]:
        page = await self._users.row(Viewer(user_id), user_id)
        user: dict[str, Any] = orjson.loads(page.body)["data"]
        return user
