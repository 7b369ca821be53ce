"""Loads the sample farm into an empty database, once, through the statements that uploads use."""

import asyncio
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice

import orjson

from service.auth.passwords import Passwords
from service.db.database import Database, open_database
from service.db.pool import PoolLimits
from service.db.statements import SQL, Statements
from service.sample.farm import make_farm
from service.sample.rows import Row
from service.settings import Settings

TABLES = ("species", "breeds", "animals", "diseases", "user", "animal_diseases")
BATCH = 5000
# Nobody logs in as an invented person: "!" is no hash of anything.
NO_PASSWORD = "!"


def load_once(settings: Settings) -> str | None:
    """Fill the database if there is no row in it and a sample farm is wanted; gives the password if it made one up."""
    if settings.sample_animals == 0:
        return None
    return asyncio.run(_load(settings))


async def _load(settings: Settings) -> str | None:
    statements = Statements(SQL)
    database = open_database(settings.database, PoolLimits(size=1, overflow=1), statements)
    try:
        if not await _is_empty(statements, database):
            return None
        made_up = None if settings.admin_password else secrets.token_urlsafe(12) + "-7aA"
        await _fill(settings, statements, database, settings.admin_password or made_up or "")
        return made_up
    finally:
        await database.close()


async def _is_empty(statements: Statements, database: Database) -> bool:
    counts = [await database.read(statements.get(f"{table}/metadata")) for table in TABLES]
    return all(counted.rows[0][0] == b"0" for counted in counts)


async def _fill(settings: Settings, statements: Statements, database: Database, password: str) -> None:
    farm = make_farm(settings.sample_animals)
    passwords = Passwords()
    hashed = await passwords.hash(password)
    passwords.close()
    users = [{**row, "password": hashed if row["id"] == 1 else NO_PASSWORD} for row in farm.users]
    tables: tuple[tuple[str, Iterable[Row]], ...] = (
        ("species", farm.species),
        ("breeds", farm.breeds),
        ("animals", farm.animals),
        ("diseases", farm.diseases),
        ("user", users),
        ("animal_diseases", farm.animal_diseases),
    )
    # In one transaction: half a farm would never be made whole, since the database is not empty any more.
    async with database.pool.lend() as connection:
        connection.begin()
        for table, rows in tables:
            statement = statements.get(f"{table}/bulk_insert", {"rows", "stamp"})
            for batch in _batches(rows):
                # Nobody else writes yet: the triggers stamp the rows.
                values = {"rows": orjson.dumps(batch).decode(), "stamp": str(datetime.now(UTC))[:26]}
                await connection.run(statement, values)
        await connection.send("COMMIT")


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch
