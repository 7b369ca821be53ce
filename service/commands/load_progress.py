"""How far a file has been loaded: kept in the transaction of the rows, so that it is never ahead of them or behind."""

from dataclasses import dataclass, field

from service.commands.failure import CommandError
from service.commands.reading import Place
from service.commands.records import Records
from service.db.database import Connection
from service.db.statements import Value

LONGEST_NAME = 512


@dataclass(frozen=True, slots=True)
class Loaded:
    """How far it is: the place in the file, the rows before it, how many of them were refused, and their bytes."""

    place: Place = field(default_factory=lambda: Place(0, ""))
    rows_read: int = 0
    rows_refused: int = 0
    refused_bytes: int = 0


class LoadProgress:
    """The progress of loading the file `name` into `table`."""

    def __init__(self, records: Records, table: str, name: str) -> None:
        source = {"table_name", "source"}
        counts = {"position", "digest", "rows_read", "rows_refused", "refused_bytes"}
        self._get = records.statements.get("load_progress/get", source)
        self._begin = records.statements.get("load_progress/begin", source | {"digest"})
        self._advance = records.statements.get("load_progress/advance", source | counts | {"begun_at"})
        self._database = records.database
        self._source: dict[str, Value] = {"table_name": table, "source": name[-LONGEST_NAME:]}

    async def found(self) -> Loaded | None:
        """How far an earlier load has come; None where there was none."""
        result = await self._database.read(self._get, self._source)
        if not result.rows:
            return None
        position, digest, read, refused, size = ((one or b"").decode() for one in result.rows[0])
        return Loaded(Place(int(position), digest), int(read), int(refused), int(size))

    async def begin(self, place: Place) -> None:
        """The load begins at the beginning, which is `place`."""
        async with self._database.pool.lend() as connection:
            await connection.run(self._begin, {**self._source, "digest": place.digest})

    async def advance(self, connection: Connection, before: Place, loaded: Loaded) -> None:
        """In the transaction of `connection`: it has come from `before` to `loaded`.

        CommandError where another load of the same file has come between.
        """
        values: dict[str, Value] = {
            **self._source,
            "begun_at": before.position,
            "position": loaded.place.position,
            "digest": loaded.place.digest,
            "rows_read": loaded.rows_read,
            "rows_refused": loaded.rows_refused,
            "refused_bytes": loaded.refused_bytes,
        }
        if not (await connection.run(self._advance, values)).affected:
            raise CommandError("another load of this file goes on at the same time")
