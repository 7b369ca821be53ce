"""Whatever goes wrong below becomes a Problem here, in one place."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from service.auth.attempts import TooManyAttempts
from service.auth.logins import InactiveAccount, WrongCredentials
from service.auth.passwords import TooManyHashes
from service.auth.tokens import ExpiredToken, InvalidToken
from service.cache.segment import SegmentError
from service.db import errors as db
from service.feed.listeners import TooManyListeners
from service.http.cookies import ALL, OF_ACCESS
from service.http.limits import LARGEST_BODY, MEBIBYTE, BodyTooSlow, TooLate
from service.http.problems import Problem
from service.http.rates import LEFT, POLICY, left_of, policy_of
from service.http.reasons import by_field, by_row
from service.records import errors as records
from service.records.times import rfc3339
from service.resources.resource import Label, Resource

RETRY = {"Retry-After": "2"}


def what(label: Label) -> tuple[str, str]:
    """ "una raza" / "breed": a row, for a sentence."""
    return f"{'una' if label.feminine else 'un'} {label.one}", label.english


def invalid_rows(faults: tuple[records.Fault, ...], language: str, bulk: bool) -> Problem:
    """422 with each fault: by field, and for an upload by row."""
    details: dict[str, Any] = {"validation_errors": by_field(faults, language)}
    if bulk:
        details["rows"] = by_row(faults, language)
    fields = ", ".join(sorted({fault.field or "body" for fault in faults}))
    return Problem("VALIDATION_ERROR", details=details, fields=fields)


def records_problem(error: records.RecordsError, resource: Resource, language: str, bulk: bool = False) -> Problem:
    """The problem that a failure of the records means to a client."""
    label = resource.label
    match error:
        case records.RowMissing():
            return Problem("NOT_FOUND", what=(f"{what(label)[0]} con ese id", f"{label.english} with this id"))
        case records.InvalidRows():
            return invalid_rows(error.faults, language, bulk)
        case records.Taken():
            conflict = {"field": error.field, "label": error.field, "value": error.value}
            details = {"validation_errors": by_field(error.faults, language), "conflict": conflict}
            return Problem("CONFLICT", details=details, what=what(label), field=error.field, value=error.value)
        case records.Referred():
            counts = [{"table": one.table, "field": one.field, "count": count} for one, count in error.counts]
            spanish = ", ".join(f"{count} {one.label}" for one, count in error.counts)
            english = ", ".join(f"{count} {one.english}" for one, count in error.counts)
            return Problem("HAS_DEPENDENCIES", details={"dependencies": counts}, what=(spanish, english))
        case records.DeltasGone():
            details = {
                "deltas_from": rfc3339(error.deltas_from),
                "resync": f"/api/v1/{resource.route}?limit=1000&sort_by=id&sort_order=asc",
            }
            return Problem("SINCE_TOO_OLD", details=details, deltas_from=rfc3339(error.deltas_from))
        case records.KeyReused():
            return Problem("IDEMPOTENCY_KEY_REUSED")
        case records.Stale():
            return Problem("PRECONDITION_FAILED")
        case records.Forbidden():
            return Problem("ADMIN_ROLE_REQUIRED", details={"fields": list(error.fields)})
        case records.PageTooLarge():
            return Problem("PAGE_TOO_LARGE")
    return Problem("INTERNAL_ERROR")


_DATABASE: dict[type[db.DatabaseError], Callable[[], Problem]] = {
    db.PoolExhausted: lambda: Problem("SERVICE_BUSY", headers=RETRY),
    db.TryAgain: lambda: Problem("SERVICE_BUSY", headers=RETRY),
    db.StatementTimeout: lambda: Problem("TIMEOUT", headers=RETRY),
    db.ReadOnly: lambda: Problem("DATABASE_READ_ONLY", headers={"Retry-After": "30"}),
    db.StorageFull: lambda: Problem("STORAGE_FULL"),
    db.OutcomeUnknown: lambda: Problem("OUTCOME_UNKNOWN"),
    db.Unreachable: lambda: Problem("DATABASE_UNAVAILABLE", headers=RETRY),
    db.ConnectionLost: lambda: Problem("DATABASE_UNAVAILABLE", headers=RETRY),
    db.AccessDenied: lambda: Problem("DATABASE_DENIED", headers={"Retry-After": "30"}),
}


def problem_of(error: Exception) -> Problem | None:
    """The problem that an exception means, where it is not the service's own mistake."""
    match error:
        case Problem():
            return error
        case ExpiredToken(kind="access"):
            return Problem("TOKEN_EXPIRED", details={"client_action": "ATTEMPT_REFRESH"}, forgets=OF_ACCESS)
        case ExpiredToken():
            return Problem("TOKEN_EXPIRED", details={"client_action": "CLEAR_AUTH_AND_RELOGIN"}, forgets=ALL)
        case InvalidToken():
            return Problem("JWT_ERROR", details={"client_action": "CLEAR_AUTH_AND_RELOGIN"})
        case WrongCredentials():
            return Problem("INVALID_CREDENTIALS", details={"client_action": "CHECK_CREDENTIALS"})
        case InactiveAccount():
            return Problem("USER_INACTIVE")
        case TooManyHashes():
            return _later(2)
        case TooManyAttempts():
            told = {POLICY: policy_of(error.limit), LEFT: left_of(error.limit, 0, error.seconds)}
            return _later(error.seconds, told)
        case db.StatementTooLarge():
            size = f"{error.most / MEBIBYTE:g} MiB"
            return Problem("PAYLOAD_TOO_LARGE", limit=(f"{size} de la base de datos", f"{size} of the database"))
        case db.DatabaseError():
            make = next((make for kind, make in _DATABASE.items() if isinstance(error, kind)), None)
            return make() if make else None
        case TooManyListeners():
            return Problem("TOO_MANY_LISTENERS", headers={"Retry-After": "10"})
        case SegmentError():
            return Problem("SERVICE_BUSY", headers=RETRY)
        case web.HTTPException():
            return _routing(error)
        case json.JSONDecodeError():
            return Problem("INVALID_JSON", reason=(str(error), str(error)))
        case TooLate():
            return Problem("OUTCOME_UNKNOWN") if error.writes else Problem("TIMEOUT", headers=RETRY)
        case BodyTooSlow():
            return Problem("REQUEST_TIMEOUT")
        case TimeoutError():
            return Problem("TIMEOUT", headers=RETRY)
    return None


def _later(seconds: int, told: Mapping[str, str] | None = None) -> Problem:
    """429; `told`: the fields of draft-ietf-httpapi-ratelimit-headers, where the limit has a number."""
    return Problem(
        "RATE_LIMIT_EXCEEDED",
        details={"retry_after_seconds": seconds},
        headers={"Retry-After": str(seconds), **(told or {})},
        seconds=seconds,
    )


def _routing(error: web.HTTPException) -> Problem | None:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return Problem("METHOD_NOT_ALLOWED", headers={"Allow": allowed}, method=error.method, allowed=allowed)
    if isinstance(error, web.HTTPNotFound):
        return Problem("ROUTE_NOT_FOUND", path="")
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem("PAYLOAD_TOO_LARGE", limit=f"{LARGEST_BODY // MEBIBYTE} MiB")
    return None
