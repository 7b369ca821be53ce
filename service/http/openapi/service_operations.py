"""The operations that tell of the service itself: its health, its cache, and the pages about the API."""

from collections.abc import Iterator

from service.http.openapi.answers import answered, readable
from service.http.openapi.operation import Access, Operation, Schema
from service.http.openapi.parameters import CONDITIONS
from service.http.openapi.schemas import MOMENT

HTML = "text/html"
PAGES = (
    ("/", "The herd page: log in, search, and work without a network"),
    ("/ops", "The operator's page"),
    ("/docs", "This description, to read and to try"),
    ("/docs/problems", "Every problem type"),
)
_TEXT: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object"}
_HEALTH: Schema = {
    "type": "object",
    "properties": {
        "success": {"type": "boolean"},
        "status": {"enum": ["healthy", "degraded", "unhealthy"]},
        "services": {
            "type": "object",
            "properties": {"database": _TEXT, "ledger_watch": _TEXT, "disk": _TEXT},
            "required": ["database", "ledger_watch", "disk"],
        },
        "reasons": {"type": "array", "items": _TEXT},
        "staleness_seconds": {"type": "number"},
        "timestamp": MOMENT,
        "uptime_seconds": {"type": "number"},
        "version": _TEXT,
        "worker": {"type": "integer"},
    },
    "required": ["success", "status", "services", "reasons", "timestamp", "uptime_seconds", "version"],
}
_STATE: Schema = {
    "type": "object",
    "properties": {
        "success": {"type": "boolean"},
        "status": {"enum": ["alive", "ready", "not ready"]},
        "reasons": {"type": "array", "items": _TEXT},
    },
    "required": ["success", "status"],
}


def service_operations(base: str) -> Iterator[Operation]:
    """What tells of the service itself."""
    yield from _states(base)
    yield from _figures()
    yield from _descriptions()


def _states(base: str) -> Iterator[Operation]:
    """What probes ask."""
    for path in ("/health", f"{base}/health"):
        said = {200: answered("It works.", _HEALTH), 503: answered("It does not.", _HEALTH)}
        yield Operation("GET", path, "service", "Whether the service can do its work", said)
    said = {200: answered("It answers.", _STATE)}
    yield Operation("GET", "/livez", "service", "Whether the worker answers at all", said)
    said = {200: answered("The database answers.", _STATE), 503: answered("It does not.", _STATE)}
    yield Operation("GET", "/readyz", "service", "Whether to send requests here", said)


def _figures() -> Iterator[Operation]:
    """What operators ask."""
    yield Operation(
        "GET",
        "/debug/cache-stats",
        "service",
        "What the cache of one worker holds",
        {200: answered("The numbers.", _OBJECT)},
        access=Access.ADMIN,
    )
    yield Operation(
        "GET",
        "/metrics",
        "service",
        "The figures of all workers of this host, for Prometheus",
        {200: answered("Prometheus' text format, or OpenMetrics.", _TEXT, kind="text/plain")},
        access=Access.ADMIN,
        description="Also for the token in HERDBOOK_METRICS_TOKEN.",
    )
    yield Operation(
        "GET",
        "/ops/data",
        "service",
        "What the operator's page shows",
        {200: answered("The figures of all workers of this host.", _OBJECT)},
        access=Access.ADMIN,
    )


def _descriptions() -> Iterator[Operation]:
    """What people read."""
    yield Operation(
        "GET",
        "/openapi.json",
        "service",
        "This description",
        readable("An OpenAPI 3.1 document.", _OBJECT),
        parameters=CONDITIONS,
        refusals=(412,),
    )
    for path, summary in PAGES:
        yield Operation(
            "GET",
            path,
            "service",
            summary,
            readable("A page.", _TEXT, kind=HTML),
            parameters=CONDITIONS,
            refusals=(412,),
        )
