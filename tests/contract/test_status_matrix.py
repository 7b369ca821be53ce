"""Who may ask what (S6): every route, asked by five kinds of people, has the statuses that stand here and no others."""

from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest
from specimens import PASSWORD, RESOURCES

from service.auth.tokens import Kind, Tokens

WHO = ("nobody", "apprentice", "instructor", "admin", "deactivated")
EVERYBODY = (200, 200, 200, 200, 200)
ACTIVE = (401, 200, 200, 200, 403)
BY_ADMIN = (401, 403, 403, 200, 403)
MAKES = (401, 201, 201, 201, 403)
MADE_BY_ADMIN = (401, 403, 403, 201, 403)

# Method and path below /api/v1/<resource> → status for each of WHO.
WRITES = {
    ("POST", ""): MAKES,
    ("POST", "/bulk"): MAKES,
    ("POST", "/bulk?on_conflict=ignore"): MAKES,
    ("POST", "/bulk?on_conflict=update"): MADE_BY_ADMIN,
    ("PATCH", "/bulk"): BY_ADMIN,
    ("DELETE", "/bulk"): BY_ADMIN,
    ("PUT", "/{id}"): BY_ADMIN,
    ("PATCH", "/{id}"): BY_ADMIN,
    ("DELETE", "/{id}"): BY_ADMIN,
}
READS = [
    ("GET", ""),
    ("GET", "?since=2001-01-01"),
    ("GET", "?limit=5&export=csv"),
    ("GET", "/metadata"),
    ("GET", "/stats"),
    ("GET", "/{id}"),
    ("GET", "/{id}?include_relations=1"),
    ("GET", "/{id}/dependencies"),
    ("POST", "/batch-dependencies"),
]
PUBLIC = {**WRITES, **dict.fromkeys(READS, EVERYBODY)}
PRIVATE = {**WRITES, **dict.fromkeys(READS, ACTIVE)}
# {own} is the asker's own row, {id} that of another.
OF_USERS = {
    **PRIVATE,
    ("POST", ""): MADE_BY_ADMIN,
    ("POST", "/bulk"): MADE_BY_ADMIN,
    ("POST", "/bulk?on_conflict=ignore"): MADE_BY_ADMIN,
    ("GET", "/{own}"): ACTIVE,
    ("GET", "/{own}/dependencies"): ACTIVE,
    ("PUT", "/{own}"): ACTIVE,
    ("PATCH", "/{own}"): ACTIVE,
    ("DELETE", "/{own}"): BY_ADMIN,
}
# Whole paths that not every resource has; //: at the root.
SINGLE = {
    ("GET", "/animals/status"): ACTIVE,
    ("GET", "/animals/tree/ancestors?animal_id={animal}"): ACTIVE,
    ("GET", "/animals/tree/descendants?animal_id={animal}"): ACTIVE,
    ("GET", "/breeds/by-species/1"): EVERYBODY,
    ("POST", "/users/public"): (201, 201, 201, 201, 201),
    ("GET", "/users/roles"): ACTIVE,
    ("GET", "/users/statistics"): ACTIVE,
    ("GET", "/users/status"): ACTIVE,
    ("POST", "/auth/login"): (401, 200, 200, 200, 403),
    ("POST", "/auth/refresh"): ACTIVE,
    ("POST", "/auth/change-password"): ACTIVE,
    ("POST", "/auth/logout"): EVERYBODY,
    ("GET", "/auth/me"): ACTIVE,
    ("GET", "/health"): EVERYBODY,
    ("GET", "//health"): EVERYBODY,
    ("GET", "/events"): (200, 200, 200, 200, 403),
    ("GET", "//events"): (200, 200, 200, 200, 403),
    ("GET", "/events?endpoint=animals"): ACTIVE,
    ("GET", "//livez"): EVERYBODY,
    ("GET", "//readyz"): EVERYBODY,
    ("GET", "//debug/cache-stats"): BY_ADMIN,
    ("GET", "//metrics"): BY_ADMIN,
    ("GET", "//ops"): EVERYBODY,
    ("GET", "//ops/data"): BY_ADMIN,
    ("GET", "//openapi.json"): EVERYBODY,
    ("GET", "//"): EVERYBODY,
    ("GET", "//docs"): EVERYBODY,
}
# Addresses that lead elsewhere, and the files of the pages: the same for everybody.
ELSEWHERE = ("/docs/", "/ops/files/", "/clients/", "/worker.js", "/api/v1/api/v1")


def lines() -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Method, path below /api/v1 and statuses of every line."""
    for route, resource in RESOURCES.items():
        of_route = OF_USERS if resource.by_viewer else PRIVATE if resource.private else PUBLIC
        for (method, rest), statuses in of_route.items():
            yield method, f"/{route}{rest}", statuses
    for (method, path), statuses in SINGLE.items():
        yield method, path, statuses


LINES = list(lines())


def canonical(path: str) -> str:
    """The path of a line as the router writes it."""
    bare = path.partition("?")[0].replace("{own}", "{id}").replace("/by-species/1", "/by-species/{species_id}")
    return bare[1:] if bare.startswith("//") else f"/api/v1{bare}"


def test_every_route_has_its_line_and_no_line_is_left_over(farm: Any) -> None:
    routed = {
        (route.method, route.resource.canonical.rstrip("/") or "/")
        for route in farm.asking.app.router.routes()
        if route.method != "HEAD" and not route.resource.canonical.startswith(ELSEWHERE)
    }
    written = {(method, canonical(path)) for method, path, _ in LINES}
    assert written - routed == set(), "no such route"
    assert routed - written == set(), "say in this file who may ask it"


ROLES = {"apprentice": "Aprendiz", "instructor": "Instructor", "admin": "Administrador", "deactivated": "Administrador"}
KINDS: dict[str, Kind] = {"/auth/refresh": "refresh"}


async def person(farm: Any, who: str) -> dict[str, Any]:
    """Somebody new of this kind, as stored; a nobody has no id."""
    if who == "nobody":
        return {"id": 1, "identification": 1}
    own = await farm.enrol("matrix", role=ROLES[who])
    if who == "deactivated":
        assert (await farm("PATCH", f"/users/{own}", json={"status": False})).status == 200
    row: dict[str, Any] = farm.sql("SELECT * FROM user WHERE id = %s", own)[0]
    return row


def bearer(farm: Any, one: dict[str, Any], path: str) -> dict[str, str]:
    if "password" not in one:
        return {}
    tokens = Tokens(farm.settings.secret_key)
    kind = KINDS.get(path, "access")
    return {"Authorization": f"Bearer {tokens.issue(one, kind, token_hex(8), tokens.mark(one['password'])).text}"}


async def body_for(farm: Any, method: str, path: str, one: dict[str, Any], row_id: int) -> Any:
    """A body that is right, for a request of `one`; `row_id` is that of the row meant."""
    route, _, rest = path[1:].partition("?")[0].partition("/")
    match method, route, rest:
        case _, "auth", "login":
            return {"identification": one["identification"], "password": PASSWORD}
        case _, "auth", "change-password":
            return {"current_password": PASSWORD, "new_password": "Another-Horse-2"}
        case _, "users", "public":
            return {**await farm.new("users"), "role": "Aprendiz"}
        case "POST", _, "":
            return await farm.new(route)
        case _, _, "batch-dependencies":
            return {"ids": [row_id]}
        case "POST", _, "bulk":
            return [await farm.new(route)]
        case "DELETE", _, "bulk":
            return [row_id]
        case "PATCH", _, "bulk":
            return [{"id": row_id, **change(farm, route)}]
        case "PUT" | "PATCH", _, _:
            return change(farm, route)
    return ...


def change(farm: Any, route: str) -> dict[str, Any]:
    specimens = farm.specimens[route]
    return {specimens.text_field: f"changed {next(specimens.numbers)}"}


async def ask(farm: Any, who: str, method: str, path: str) -> int:
    """The status of one request in the name of somebody new, on a row of its own."""
    farm.sql("DELETE FROM login_attempt")
    one = await person(farm, who)
    bare, _, query = path.partition("?")
    row_id = 0
    if "{id}" in bare or bare.endswith(("/bulk", "/batch-dependencies")):
        row_id = (await farm.create(bare.split("/")[1]))["id"]
    animal = await farm.reference("animals") if "{animal}" in query else 0
    where = bare.format(id=row_id, own=one["id"])
    body = await body_for(farm, method, path, one, row_id)
    headers = bearer(farm, one, bare)
    asked = "HEAD" if bare.endswith("/events") else method  # a stream would not end
    answer = await farm(asked, where, query.format(animal=animal), who=None, headers=headers, json=body)
    return int(answer.status)


@pytest.mark.parametrize(("method", "path", "statuses"), LINES, ids=[f"{one[0]} {one[1]}" for one in LINES])
async def test_who_may_ask(farm: Any, method: str, path: str, statuses: tuple[int, ...]) -> None:
    answered = {who: await ask(farm, who, method, path) for who in WHO}
    assert answered == dict(zip(WHO, statuses, strict=True))
