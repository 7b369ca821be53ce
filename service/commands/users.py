"""Users by command: the first Administrador, and what an Administrador who is locked out needs.

A change counts at the next request on every worker, as one made through the API does. A password comes from the
terminal or from standard input, never from the command line, which every user of the system can read.
"""

import asyncio
import getpass
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from service.commands.failure import DONE, CommandError
from service.commands.records import Records, opened, resource_named
from service.db.statements import Value
from service.http.reasons import by_field
from service.records.errors import InvalidRows, Taken
from service.records.idempotency import Answer
from service.records.refusals import WHOLE_VIEW
from service.records.rows import Row
from service.records.writer import ResourceWriter
from service.settings import Settings

Change = Callable[[Records, ResourceWriter], Awaitable[str]]


def add(settings: Settings, fields: Mapping[str, str]) -> int:
    """Store the user of `fields`, with the password that is asked for; CommandError names what is wrong."""
    body = {**fields, "password": asked_password()}

    async def change(_records: Records, writer: ResourceWriter) -> str:
        user = orjson.loads((await writer.create(WHOLE_VIEW, body, _whole)).body)
        return f"user {user['id']} is stored: {user['fullname']}, {user['role']}"

    return asyncio.run(_changed(settings, change))


def set_password(settings: Settings, who: str) -> int:
    """Give the user another password, which ends their sessions."""
    return _set(settings, who, {"password": asked_password()}, "has a new password, and their sessions have ended")


def set_role(settings: Settings, who: str, role: str) -> int:
    """Give the user another role."""
    return _set(settings, who, {"role": role}, f"has the role {role}")


def set_status(settings: Settings, who: str, *, active: bool) -> int:
    """Let the user in again, or no more."""
    return _set(settings, who, {"status": active}, "may log in" if active else "may not log in any more")


def asked_password() -> str:
    """From the terminal, twice; without one the first line of standard input."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise CommandError("no password: it is read from the terminal, or from standard input")
        return password
    password = getpass.getpass("password: ")
    if getpass.getpass("once more: ") != password:
        raise CommandError("the two passwords differ")
    return password


def _set(settings: Settings, who: str, fields: Mapping[str, Any], outcome: str) -> int:
    async def change(records: Records, writer: ResourceWriter) -> str:
        row_id = await _id_of(records, who)
        user = orjson.loads((await writer.update(WHOLE_VIEW, row_id, fields, _whole)).body)
        return f"user {row_id}, {user['fullname']}, {outcome}; {records.seen}"

    return asyncio.run(_changed(settings, change))


async def _changed(settings: Settings, change: Change) -> int:
    async with opened(settings) as records:
        try:
            said = await change(records, records.writer(resource_named("users")))
        except Taken as error:
            fields = dict.fromkeys(fault.field for fault in error.faults)
            raise CommandError(f"another user has this {' and '.join(fields)}") from None
        except InvalidRows as error:
            reasons = by_field(error.faults, "en").items()
            raise CommandError("\n".join(f"{field} {reason}" for field, reason in reasons)) from None
    print(said)
    return DONE


async def _id_of(records: Records, who: str) -> int:
    """The id of the user with this identification or email."""
    said = who.strip().lower()
    number = int(said) if re.fullmatch(r"[0-9]{1,18}", said) else None
    values: dict[str, Value] = {"identification": number, "email": None if number is not None else said}
    result = await records.database.read(records.statements.get("user/credentials", values), values)
    if not result.rows:
        raise CommandError(f"there is no user with the identification or email {who}")
    return int(result.rows[0][0] or 0)


def _whole(row: Row) -> Answer:
    return Answer(200, row.data)
