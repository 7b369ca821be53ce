"""What can go wrong: the service refused, or no answer came."""

import json
from collections.abc import Mapping
from typing import Any


class HerdbookError(Exception):
    """Whatever this client raises by itself."""


class Unreachable(HerdbookError):
    """No answer came. `maybe_done`: the request may have been carried out all the same."""

    def __init__(self, reason: str, *, maybe_done: bool) -> None:
        super().__init__(reason)
        self.maybe_done = maybe_done


class Refused(HerdbookError):
    """A problem was answered (RFC 9457): decide by `status` and `code`, show `message` to people."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        error = problem.get("error") or {}
        self.status = status
        self.code: str = error.get("code", "")
        self.message: str = error.get("message") or f"HTTP {status}"
        self.details: dict[str, Any] = error.get("details") or {}
        self.trace_id: str = error.get("trace_id", "")
        self.retry_after = retry_after
        super().__init__(f"{status} {self.code}: {self.message}")

    @property
    def nothing_was_done(self) -> bool:
        """Whether it may pass by itself, and the request was certainly not carried out."""
        return self.status in (429, 503) and self.code != "OUTCOME_UNKNOWN"

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be answered well a little later."""
        return self.status in (429, 502, 503, 504)


class SinceTooOld(Refused):
    """Deletions since then are no longer known: read the whole resource anew."""


def refusal(status: int, body: bytes, retry_after: float | None) -> Refused:
    """The error that an answer of 400 or more stands for, also one that a proxy wrote."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    return (SinceTooOld if status == 410 else Refused)(status, problem, retry_after)
