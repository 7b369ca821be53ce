"""Stores a user from the command line: how the first Administrador of a farm without the sample comes in."""

import asyncio
import getpass

from pydantic import ValidationError

from service.auth.passwords import Passwords
from service.db.database import open_database
from service.db.errors import DatabaseError, Duplicate
from service.db.pool import PoolLimits
from service.db.statements import SQL, Statements
from service.http.reasons import by_field
from service.records.validation import Values, faults_of
from service.resources.users import User
from service.settings import Settings


def run(settings: Settings, fields: dict[str, str]) -> int:
    """Store the user of `fields`; their password is HERDBOOK_ADMIN_PASSWORD, or asked for. 0 done, 1 refused."""
    password = settings.admin_password or getpass.getpass("password: ")
    try:
        user = User.model_validate({**fields, "password": password}).model_dump(mode="json")
        row_id = asyncio.run(_stored(settings, user))
    except ValidationError as error:
        for field, reason in by_field(faults_of(0, error), "en").items():
            print(f"{field} {reason}")
        return 1
    except Duplicate as error:
        print(f"another user has this {error.constraint.removeprefix('uq_user_')}")
        return 1
    except DatabaseError as error:
        print(f"the user cannot be stored: {error}")
        return 1
    print(f"user {row_id} is stored: {user['fullname']}, {user['role']}")
    return 0


async def _stored(settings: Settings, user: Values) -> int:
    statements = Statements(SQL)
    database = open_database(settings.database, PoolLimits(size=1, overflow=1), statements)
    passwords = Passwords()
    try:
        sealed = {**user, "password": await passwords.hash(user["password"])}
        async with database.pool.lend() as connection:
            result = await connection.run(statements.get("user/insert", User.model_fields), sealed)
        return int(result.rows[0][0] or 0)
    finally:
        passwords.close()
        await database.close()
