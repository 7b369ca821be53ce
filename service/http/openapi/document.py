"""The whole OpenAPI 3.1 document, put together once at start-up."""

from collections.abc import Iterator

from service import __version__
from service.http.asker import CSRF
from service.http.cookies import ACCESS, REFRESH
from service.http.openapi.answers import PAGINATION, PROBLEM, shared_headers, shared_responses
from service.http.openapi.event_operations import event_operations
from service.http.openapi.farm_operations import farm_operations
from service.http.openapi.operation import Operation, Schema, paths_of
from service.http.openapi.parameters import SHARED
from service.http.openapi.resource_operations import resource_operations
from service.http.openapi.schemas import schemas_of
from service.http.openapi.service_operations import service_operations
from service.http.openapi.session_operations import session_operations
from service.resources.resource import Resource

ABOUT = """\
The records of a livestock farm. Every answer is exact: once a write has been answered, no later read shows what was
before it.

- Every path answers with and without a trailing slash, and HEAD wherever GET does.
- A failure is `application/problem+json` (RFC 9457); [each type is explained](/docs/problems).
- Every GET has a strong `ETag`: ask with `If-None-Match`, and what has not changed is answered 304.
- An unknown parameter is refused with 400, which names the nearest known one; `Prefer: handling=lenient` ignores it.
- Messages are in Spanish, or with `Accept-Language: en` in English.
"""
SECURITY: Schema = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "From POST /auth/login."},
    "refresh": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A refresh token, which login sets as a cookie.",
    },
    "cookie": {"type": "apiKey", "in": "cookie", "name": ACCESS, "description": "Set at login."},
    "refresh_cookie": {"type": "apiKey", "in": "cookie", "name": REFRESH, "description": "Set at login."},
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF,
        "description": "With a cookie, for all but reads: what the cookie `csrf_access_token` (for a refresh"
        " `csrf_refresh_token`) holds.",
    },
}


def operations(resources: tuple[Resource, ...], base: str) -> Iterator[Operation]:
    """Every operation that the application routes."""
    by_route = {resource.route: resource for resource in resources}
    yield from session_operations(by_route["users"], base)
    for resource in resources:
        yield from resource_operations(resource, base)
    yield from farm_operations(by_route, base)
    yield from event_operations(resources, base)
    yield from service_operations(base)


def document(resources: tuple[Resource, ...], base: str) -> Schema:
    """The description of the application that serves `resources` below `base`."""
    wanted = tuple(operations(resources, base))
    schemas = {name: schema for resource in resources for name, schema in schemas_of(resource).items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Herdbook", "version": __version__, "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(one.tag for one in wanted)],
        "paths": paths_of(wanted),
        "components": {
            "schemas": {"Pagination": PAGINATION, "Problem": PROBLEM, **schemas},
            "parameters": SHARED,
            "headers": shared_headers(),
            "responses": shared_responses(),
            "securitySchemes": SECURITY,
        },
    }
