"""Every failure of the database, as one of Herdbook's own exceptions: nothing above this room knows the driver's."""

import re
from collections.abc import Sequence
from typing import TypeVar

import pymysql
from pymysql.constants import CR, ER

T = TypeVar("T")


class DatabaseError(Exception):
    """The database refused a statement."""


class ConnectionLost(DatabaseError):
    """The connection to the database broke before the answer had come."""


class Unreachable(DatabaseError):
    """The database cannot be reached."""


class PoolExhausted(DatabaseError):
    """Every connection is taken and the wait was too long."""


class StatementTimeout(DatabaseError):
    """The statement ran longer than it may."""


class TryAgain(DatabaseError):
    """The transaction lost a race (deadlock, lock wait, snapshot) and may be run again as a whole."""


class ReadOnly(DatabaseError):
    """The database takes no writes now."""


class AccessDenied(DatabaseError):
    """The database account lacks the right for this."""


class StorageFull(DatabaseError):
    """The database has no room left."""


class StatementTooLarge(DatabaseError):
    """The statement has more bytes than the `most` that the database takes at once; it was not sent."""

    def __init__(self, most: int) -> None:
        super().__init__(f"the statement is longer than the database's max_allowed_packet of {most} bytes")
        self.most = most


class OutcomeUnknown(DatabaseError):
    """The connection broke after COMMIT had been sent: the write may or may not have happened."""


class Refused(DatabaseError):
    """A constraint of the schema refused the write; `constraint` is its name."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class Duplicate(Refused):
    """Another row has this value already."""


class ReferenceMissing(Refused):
    """The row refers to one that does not exist."""


class StillReferenced(Refused):
    """Other rows refer to this one."""


class CheckFailed(Refused):
    """A CHECK of the schema does not hold."""


_LOST = {CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, 1927, ER.SERVER_SHUTDOWN, 1053, 4150}
_UNREACHABLE = {CR.CR_CONNECTION_ERROR, CR.CR_CONN_HOST_ERROR, 1040, 1203, 1226}
_TRY_AGAIN = {1213, 1205, 1020}
_TIMEOUT = {1969, 3024}
_READ_ONLY = {1290, 1792, 1836}
_DENIED = {1044, 1045, 1142, 1143, 1227, 1370, 1698}
_FULL = {1021, 1114, 1041}
_QUOTED = re.compile(r"(?:key|CONSTRAINT) [`'](?:\w+\.)?(\w+)[`']")
_FAILED_CHECK = re.compile(r"CONSTRAINT `(?:\w+\.)?(\w+)` failed")


def _constraint(message: str) -> str:
    found = _QUOTED.search(message) or _FAILED_CHECK.search(message)
    return found.group(1) if found else ""


def translate(error: BaseException) -> DatabaseError:
    """The exception of this module that says what the driver's `error` means."""
    if isinstance(error, DatabaseError):
        return error
    if isinstance(error, (OSError, EOFError, pymysql.err.InterfaceError)):
        return ConnectionLost(str(error) or type(error).__name__)
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    message = str(error.args[1]) if len(error.args) > 1 else str(error)
    for numbers, kind in (
        (_LOST, ConnectionLost),
        (_UNREACHABLE, Unreachable),
        (_TRY_AGAIN, TryAgain),
        (_TIMEOUT, StatementTimeout),
        (_READ_ONLY, ReadOnly),
        (_DENIED, AccessDenied),
        (_FULL, StorageFull),
    ):
        if number in numbers:
            return kind(f"{message} ({number})")
    for number_of, refusal in (
        (1062, Duplicate),
        (1452, ReferenceMissing),
        (1451, StillReferenced),
        (4025, CheckFailed),
    ):
        if number == number_of:
            return refusal(_constraint(message))
    if not number:  # no word of the server's, but an answer that made no sense: the next one would make none either
        return ConnectionLost(message)
    return DatabaseError(f"{message} ({number})")


def all_done(outcomes: Sequence[T | DatabaseError]) -> list[T]:
    """What several statements gave; raises the first error among them."""
    results = []
    for one in outcomes:
        if isinstance(one, DatabaseError):
            raise one
        results.append(one)
    return results
