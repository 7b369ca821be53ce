"""Login, refresh, logout, another password, and who am I."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from aiohttp import hdrs, web
from pydantic import StringConstraints, ValidationError

from service.auth.logins import Logins, WrongPassword
from service.auth.sessions import Opened, Sessions
from service.auth.tokens import ACCESS_SECONDS, InvalidToken
from service.http.addresses import address_of
from service.http.answers import PRIVATE, answer, created
from service.http.asker import Asker, bearer_of
from service.http.bodies import json_object
from service.http.cookies import TOKENS, Cookies
from service.http.failures import invalid_rows
from service.http.problems import Problem, language_of
from service.http.routing import both
from service.records.envelope import envelope
from service.records.errors import Fault, RowMissing
from service.records.reader import ResourceReader
from service.records.validation import faults_of
from service.records.viewer import Viewer
from service.resources.fields import Password
from service.resources.resource import Record

NAMES = ("identification", "identifier", "email")
LOGGED_IN = ("Sesión iniciada.", "Logged in.")
LOGGED_OUT = ("Sesión cerrada.", "Logged out.")
REFRESHED = ("Sesión renovada.", "Session renewed.")
CHANGED = ("Contraseña actualizada.", "Password changed.")


class PasswordChange(Record):
    """What change-password takes."""

    current_password: Annotated[str, StringConstraints(strict=True)]
    new_password: Password


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the session handlers work with; `proxies` of our own stand in front."""

    logins: Logins
    sessions: Sessions
    cookies: Cookies
    users: ResourceReader
    asker: Asker
    proxies: int


class SessionHandlers:
    """What /api/v1/auth/… answers."""

    def __init__(self, entrance: Entrance) -> None:
        self._logins = entrance.logins
        self._sessions = entrance.sessions
        self._cookies = entrance.cookies
        self._users = entrance.users
        self._asker = entrance.asker
        self._proxies = entrance.proxies

    def routes(self, base: str) -> list[web.RouteDef]:
        """Its routes below `base`, each with and without a trailing slash."""
        return [
            *both(hdrs.METH_POST, f"{base}/auth/login", self.login),
            *both(hdrs.METH_GET, f"{base}/auth/me", self.me),
            *both(hdrs.METH_POST, f"{base}/auth/refresh", self.refresh),
            *both(hdrs.METH_POST, f"{base}/auth/logout", self.logout),
            *both(hdrs.METH_POST, f"{base}/auth/change-password", self.change_password),
        ]

    async def login(self, request: web.Request) -> web.Response:
        """POST /auth/login: tokens for who knows the password; the same 401 for a wrong one and for nobody."""
        name, password = _credentials(await json_object(request), _language(request))
        login = await self._logins.check(name, password, address_of(request, self._proxies))
        user = await self._user(login.user_id)
        return self._opened(request, user, self._sessions.open(user, login.hashed), LOGGED_IN)

    async def me(self, request: web.Request) -> web.Response:
        """GET /auth/me: the user whose token this is."""
        identity = await self._asker.identity(request)
        try:
            page = await self._users.own_row(Viewer(identity.id))
        except RowMissing:
            raise InvalidToken from None
        return answer(request, page, PRIVATE)

    async def refresh(self, request: web.Request) -> web.Response:
        """POST /auth/refresh: another access token for a good refresh token; the body is not looked at."""
        session = await self._asker.refreshing(request)
        user = await self._user(session.identity.id)
        return self._opened(request, user, self._sessions.renew(session, user), REFRESHED)

    async def logout(self, request: web.Request) -> web.Response:
        """POST /auth/logout: the sessions of the tokens that came are over; 200 also where none came."""
        given = [bearer_of(request), *(request.cookies.get(name) for name in TOKENS)]
        await self._sessions.end(text for text in given if text)
        response = created(200, envelope(b"null", message=_word(request, LOGGED_OUT)))
        self._cookies.take(response)
        return response

    async def change_password(self, request: web.Request) -> web.Response:
        """POST /auth/change-password: every session of the user is over but the new one in the answer."""
        identity = await self._asker.identity(request)
        change = _change(await json_object(request), _language(request))
        address = address_of(request, self._proxies)
        try:
            login = await self._logins.change(identity.id, change.current_password, change.new_password, address)
        except WrongPassword:
            fault = Fault(0, "current_password", "password_wrong", {})
            raise invalid_rows((fault,), _language(request), bulk=False) from None
        user = await self._user(identity.id)
        return self._opened(request, user, self._sessions.open(user, login.hashed), CHANGED)

    def _opened(
        self, request: web.Request, user: dict[str, Any], opened: Opened, words: tuple[str, str]
    ) -> web.Response:
        token = opened.access.text
        session = {"user": user, "access_token": token, "token_type": "Bearer", "expires_in": ACCESS_SECONDS}
        said = {"success": True, "message": _word(request, words), "data": session, "access_token": token}
        response = created(200, orjson.dumps(said))
        self._cookies.give(response, opened)
        return response

    async def _user(self, user_id: int) -> dict[str, Any]:
        """The user's own row; a user who was deleted meanwhile has no session."""
        try:
            page = await self._users.row(Viewer(user_id), user_id)
        except RowMissing:
            raise InvalidToken from None
        user: dict[str, Any] = orjson.loads(page.body)["data"]
        return user


def _credentials(body: dict[str, Any], language: str) -> tuple[str, str]:
    """Name and password in the body of a login; 422 where one is missing."""
    name = next((body[key] for key in NAMES if body.get(key)), None)
    password = body.get("password")
    faults = []
    if isinstance(name, bool) or not isinstance(name, str | int):
        faults.append(Fault(0, "identification", "absent", {}))
    if not isinstance(password, str):
        faults.append(Fault(0, "password", "absent", {}))
    if faults:
        raise _invalid(faults, language)
    return str(name), str(password)


def _change(body: dict[str, Any], language: str) -> PasswordChange:
    """The present and the new password; 422 naming what is wrong with them."""
    known = {key: value for key, value in body.items() if key in PasswordChange.model_fields}
    try:
        return PasswordChange.model_validate(known)
    except ValidationError as error:
        raise _invalid(faults_of(0, error), language) from None


def _invalid(faults: Sequence[Fault], language: str) -> Problem:
    return invalid_rows(tuple(faults), language, bulk=False)


def _language(request: web.Request) -> str:
    return language_of(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))


def _word(request: web.Request, words: tuple[str, str]) -> str:
    return words[1 if _language(request) == "en" else 0]
