"""The operations of a session: login, refresh, logout, another password, who am I, and sign-up."""

from collections.abc import Iterator, Mapping

from service.http.openapi.answers import JSON, WRITTEN_META, answered, envelope, readable
from service.http.openapi.operation import Access, Operation, Schema
from service.http.openapi.parameters import CONDITIONS
from service.http.openapi.schemas import schemas_of
from service.http.sign_up import KEPT
from service.resources.resource import Resource

_TEXT: Schema = {"type": "string"}
_USER: Schema = {"$ref": "#/components/schemas/User"}
_PASSWORD: Schema = {"type": "string", "format": "password", "minLength": 8, "maxLength": 128}
_CREDENTIALS: Schema = {
    "type": "object",
    "properties": {
        "identification": {"type": ["integer", "string"], "description": "Or `identifier`, or `email`."},
        "password": {"type": "string", "format": "password"},
    },
    "required": ["identification", "password"],
}
_PASSWORDS: Schema = {
    "type": "object",
    "properties": {"current_password": _TEXT, "new_password": _PASSWORD},
    "required": ["current_password", "new_password"],
}


def session_operations(users: Resource, base: str) -> Iterator[Operation]:
    """Its operations, as service.http.session_handlers and service.http.sign_up route them."""
    yield from _sessions(base)
    yield from _accounts(users, base)


def _sessions(base: str) -> Iterator[Operation]:
    """How a session begins, goes on and ends."""
    opened = {200: answered("The session; its tokens are in cookies too.", _session())}
    yield Operation(
        "POST",
        f"{base}/auth/login",
        "auth",
        "Tokens for who knows the password",
        opened,
        body={JSON: _CREDENTIALS},
        refusals=(401, 403),
    )
    yield Operation(
        "POST",
        f"{base}/auth/refresh",
        "auth",
        "Another access token for a good refresh token",
        opened,
        access=Access.REFRESH,
    )
    yield Operation(
        "POST",
        f"{base}/auth/change-password",
        "auth",
        "Another password; every other session ends",
        opened,
        access=Access.TOKEN,
        body={JSON: _PASSWORDS},
        refusals=(507,),
    )
    yield Operation(
        "POST",
        f"{base}/auth/logout",
        "auth",
        "End the sessions of the tokens that come along",
        {200: answered("They are over, if there were any.", envelope({"type": "null"}))},
        refusals=(507,),
    )


def _accounts(users: Resource, base: str) -> Iterator[Operation]:
    """Whose it is, and how somebody becomes a user."""
    yield Operation(
        "GET",
        f"{base}/auth/me",
        "auth",
        "The user whose token this is",
        _me(),
        access=Access.TOKEN,
        parameters=CONDITIONS,
        refusals=(412,),
    )
    yield Operation(
        "POST",
        f"{base}/users/public",
        "auth",
        "Sign up, with a role that the settings allow",
        {201: answered("The new user.", envelope(_USER, WRITTEN_META), ("Location",))},
        body={JSON: _newcomer(users)},
        refusals=(403, 409, 507),
    )


def _newcomer(users: Resource) -> Schema:
    """A new user, as a stranger may describe one: the role is given where none is asked for."""
    new = schemas_of(users)["UserNew"]
    properties = {name: schema for name, schema in new["properties"].items() if name not in KEPT}
    return {**new, "properties": properties, "required": [name for name in new["required"] if name != "role"]}


def _session() -> Schema:
    session: Schema = {
        "type": "object",
        "properties": {
            "user": _USER,
            "access_token": _TEXT,
            "token_type": {"const": "Bearer"},
            "expires_in": {"type": "integer", "description": "Seconds."},
        },
        "required": ["user", "access_token", "token_type", "expires_in"],
    }
    said = envelope(session)
    said["properties"]["access_token"] = _TEXT
    return said


def _me() -> Mapping[int, Schema]:
    user: Schema = {"type": "object", "properties": {"user": _USER}, "required": ["user"]}
    return readable("The user.", envelope(user))
