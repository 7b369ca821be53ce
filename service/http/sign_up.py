"""Sign-up: anybody may make an account, with a role that the settings allow and no other."""

from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs, web

from service.auth.attempts import Attempts
from service.http.addresses import address_of
from service.http.answers import written
from service.http.bodies import json_object
from service.http.failures import invalid_rows, records_problem
from service.http.problems import Problem, language_of
from service.http.routing import both
from service.records.envelope import envelope
from service.records.errors import Fault, RecordsError
from service.records.idempotency import Answer
from service.records.rows import Row
from service.records.viewer import Viewer
from service.records.writer import ResourceWriter

NEWCOMER = Viewer(None, sees_all=True)  # reads nothing but the row that is made
WELCOME = ("Usuario creado.", "User created.")
# What a stranger may not say of their account: it begins active.
KEPT = ("status",)


@dataclass(frozen=True, slots=True)
class SignUp:
    """What POST /api/v1/users/public answers; `roles` that it gives, the first where none is asked for."""

    writer: ResourceWriter
    attempts: Attempts
    roles: tuple[str, ...]
    proxies: int

    def routes(self, base: str) -> list[web.RouteDef]:
        """Its route below `base`, with and without a trailing slash."""
        return both(hdrs.METH_POST, f"{base}/users/public", self.create)

    async def create(self, request: web.Request) -> web.Response:
        """POST /users/public: 201 with the new user; 403 where sign-up is closed."""
        if not self.roles:
            raise Problem("SIGN_UP_CLOSED")
        language = language_of(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
        given = await json_object(request)
        body = self._body(given, language)
        await self.attempts.count(address_of(request, self.proxies))

        def shape(row: Row) -> Answer:
            ignored = [*row.ignored, *(key for key in KEPT if key in given)]
            message = WELCOME[1 if language == "en" else 0]
            location = f"/api/v1/{self.writer.resource.route}/{row.id}"
            return Answer(201, envelope(row.data, {"ignored": ignored} if ignored else None, message), location)

        try:
            return written(await self.writer.create(NEWCOMER, body, shape))
        except RecordsError as error:
            raise records_problem(error, self.writer.resource, language) from error

    def _body(self, given: dict[str, Any], language: str) -> dict[str, Any]:
        """What is stored of `given`; 422 for a role that is not to be had here."""
        body = {"role": self.roles[0], **{key: value for key, value in given.items() if key not in KEPT}}
        if body["role"] not in self.roles:
            fault = Fault(0, "role", "literal_error", {"expected": ", ".join(self.roles)})
            raise invalid_rows((fault,), language, bulk=False)
        return body
