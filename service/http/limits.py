"""What one client may take of a worker: how long, how much, how often (docs/limits.md)."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024
LONGEST_HEAD = 32 * 1024  # bytes: request line and all header fields together
# As aiohttp calls them. The two differ so that it can be told which one was passed.
HEAD_SIZES = {"max_line_size": 8190, "max_field_size": 8192, "max_headers": 100}
LINGERING_SECONDS = 2.0  # for the rest of a body that nobody wants, so that its sender reads the answer
LARGEST_ROW = MEBIBYTE  # the body that writes one row, or asks for a token
LARGEST_BODY = 16 * MEBIBYTE  # the body that writes many


class TooLate(Exception):
    """The answer did not begin in the time that it has; `writes`: what was to be done may be done, or may be yet."""

    def __init__(self, *, writes: bool) -> None:
        super().__init__(writes)
        self.writes = writes


class BodyTooSlow(Exception):
    """The body of a request did not come in the time that it has."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes and counts, for the connections of one worker.

    `connections` at once, of which `per_address` from one address, 0 for any number; a program on this very host is
    no stranger and may have them all, if `trusts_loopback`. `sweep`: seconds between two looks at them.
    """

    first_byte: float = 10.0
    head: float = 10.0
    body: float = 30.0
    body_grace: float = 5.0  # before the rate of a body is looked at
    body_rate: float = 1024.0  # bytes a second, at the least
    handler: float = 35.0  # until the first byte of the answer
    unread: float = 30.0  # without `unread_progress` more bytes taken by the client
    unread_progress: int = 4096
    crowded_idle: float = 5.0  # idle, once three quarters of all places are taken
    farewell: float = 1.0  # from the refusal of a connection to its end
    connections: int = 1000
    per_address: int = 64
    unread_bytes: int = 128 * MEBIBYTE  # in the buffers of all connections together
    trusts_loopback: bool = True
    sweep: float = 1.0


def limits_of(connections: int, per_address: int) -> Limits:
    """The limits as they are in earnest, with the two that are settings."""
    return Limits(connections=connections, per_address=per_address)
