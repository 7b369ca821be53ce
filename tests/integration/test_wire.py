"""Our own reading gives what aiomysql's gives, and is used with the versions that it knows only."""

import asyncio
import logging
from pathlib import Path

import aiomysql
import pytest

from service.db import connection as connections
from service.db import wire as wires
from service.db.connection import Connection
from service.db.database import open_database
from service.db.errors import ConnectionLost, DatabaseError
from service.db.packets import Result
from service.db.pool import PoolLimits
from service.db.statements import SQL, Statement, Statements, Value
from service.db.wire import DriverWire, OwnWire
from service.settings import DatabaseURL

TEXTS = (
    "SELECT 1",
    "SELECT NULL, '', 'ñandú', REPEAT('x', 250), REPEAT('y', 251), REPEAT('z', 70000)",
    "SELECT 1 FROM DUAL WHERE FALSE",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i, REPEAT('r', i) FROM n",
    "SELECT CAST('12x' AS INT)",
    "SET @a = 1",
    "DO 1",
    "START TRANSACTION",
    "INSERT INTO tombstone (table_name, deleted_at, row_id) VALUES ('wire', NOW(6), 1), ('wire', NOW(6), 2)",
    "UPDATE tombstone SET row_id = row_id WHERE table_name = 'wire'",
    "ROLLBACK",
    "SELECT nothing",
    "SELEC",
    "SELECT (SELECT 1 UNION SELECT 2)",
)


async def session(url: DatabaseURL, monkeypatch: pytest.MonkeyPatch, *, known: bool = True) -> Connection:
    monkeypatch.setattr(aiomysql, "__version__", "0.3.2" if known else "9.9.9")
    return await open_database(url, PoolLimits(), Statements(SQL)).open_one()


async def said(connection: Connection, text: str) -> object:
    try:
        return (await connection.send(text), connection._wire.in_transaction)
    except DatabaseError as error:
        return (type(error), str(error))


async def test_both_readings_give_the_same(database_url: DatabaseURL, monkeypatch: pytest.MonkeyPatch) -> None:
    own = await session(database_url, monkeypatch)
    plain = await session(database_url, monkeypatch, known=False)
    assert isinstance(own._wire, OwnWire)
    assert isinstance(plain._wire, DriverWire)
    for text in TEXTS:
        assert await said(own, text) == await said(plain, text), text
        assert own.clean == plain.clean, text
    assert own.clean
    for one in (own, plain):
        one.close()
        assert not one.clean


async def test_a_statement_and_an_answer_longer_than_a_packet(
    database_url: DatabaseURL, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await session(database_url, monkeypatch)
    size = int((await connection.send("SELECT @@max_allowed_packet")).rows[0][0] or 0)
    for most in (0xFFFFFF - 40, 0xFFFFFF - 15, 0xFFFFFF - 14, 0xFFFFFF + 1000):
        if most + 100 < size:
            text = "x" * most
            assert (await connection.send(f"SELECT '{text}' AS a")).rows == ((text.encode(),),)
    connection.close()


async def test_several_are_sent_at_once_and_each_has_its_own_outcome(
    database_url: DatabaseURL, monkeypatch: pytest.MonkeyPatch
) -> None:
    for known in (True, False):
        connection = await session(database_url, monkeypatch, known=known)
        texts = ("SET @a = 5", "SELEC", "SET @b = 6", "SELECT nothing", "SELECT @a + @b")
        outcomes = await connection.run_all(*((Statement.parse(text, text), {}) for text in texts))
        assert [isinstance(one, DatabaseError) for one in outcomes] == [False, True, False, True, False]
        assert outcomes[4] == Result(((b"11",),), 1, 0)
        assert "1064" in str(outcomes[1])
        assert connection.clean
        connection.close()


async def test_a_transaction_begins_with_its_first_statement(
    database_url: DatabaseURL, monkeypatch: pytest.MonkeyPatch
) -> None:
    for known in (True, False):
        connection = await session(database_url, monkeypatch, known=known)
        for text in ("SELECT @@in_transaction", "DO 1"):
            connection.begin()
            await connection.send(text)
            assert not connection.clean
            assert (await connection.send("SELECT @@in_transaction")).rows == ((b"1",),)
            await connection.send("ROLLBACK")
            assert connection.clean
        connection.close()


async def test_an_answer_that_does_not_come_breaks_the_connection(
    database_url: DatabaseURL, monkeypatch: pytest.MonkeyPatch
) -> None:
    for known in (True, False):
        monkeypatch.setattr(connections, "ANSWER_SECONDS", 0.2 - connections.STATEMENT_SECONDS)
        connection = await session(database_url, monkeypatch, known=known)
        with pytest.raises(ConnectionLost):
            await connection.send("SELECT SLEEP(8)")
        assert not connection.clean
        with pytest.raises(ConnectionLost):
            await connection.send("SELECT 1")


async def test_a_server_that_goes_away_is_noticed_at_rest_and_at_work(
    database_url: DatabaseURL, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await session(database_url, monkeypatch)
    resting, working = [await session(database_url, monkeypatch) for _ in range(2)]
    asked = asyncio.create_task(working.send("SELECT SLEEP(8)"))
    await asyncio.sleep(0.05)
    for one in (resting, working):
        await other.send(f"KILL CONNECTION {one.number}")
    with pytest.raises(ConnectionLost):
        await asyncio.wait_for(asked, 5)
    for _ in range(500):
        if not resting.clean:
            break
        await asyncio.sleep(0.01)
    assert not resting.clean
    other.close()


def is_clean(wire: OwnWire) -> bool:
    return wire.is_clean


async def test_bytes_that_nobody_asked_for_break_the_connection(tmp_path: Path) -> None:
    async with _raw(tmp_path) as (raw, server):
        wire = OwnWire(raw, 5)
        raw._writer.transport.set_protocol(wire)
        assert is_clean(wire)
        server.write(b"\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00")
        for _ in range(1000):
            if not is_clean(wire):
                break
            await asyncio.sleep(0.01)
        with pytest.raises(OSError, match="nobody"):
            await wire.ask("SELECT 1")


def test_an_unknown_version_is_told_of(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "herdbook.db"):
        wires.warn_if_slow()
        assert not caplog.records
        monkeypatch.setattr(aiomysql, "__version__", "0.4.0")
        wires.warn_if_slow()
    assert "0.4.0" in caplog.text


class _Raw:
    """What our reading knows of aiomysql's connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.server_status = 2
        self.closed = False

    def close(self) -> None:
        self.closed = True
        self._writer.transport.close()


class _raw:
    """Such a connection with a server that says what the test says."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "server"

    async def __aenter__(self) -> tuple[_Raw, asyncio.StreamWriter]:
        accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        self._server = await asyncio.start_unix_server(lambda _, writer: accepted.put_nowait(writer), self._path)
        _, writer = await asyncio.open_unix_connection(self._path)
        self._own, self._theirs = writer, await accepted.get()
        return _Raw(writer), self._theirs

    async def __aexit__(self, *_: object) -> None:
        self._own.close()
        self._theirs.close()
        self._server.close()


async def test_the_ledger_is_not_moved_for_rows_whose_transaction_has_ended(
    database_url: DatabaseURL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An insert that loses a deadlock ends its transaction, and what was sent after it runs by itself."""
    connection = await session(database_url, monkeypatch)
    advance = Statements(SQL).get("ledger/advance", {"table_name", "stamp", "added"})
    values: dict[str, Value] = {"table_name": "species", "stamp": "2200-01-01", "added": 3}
    assert (await connection.run(advance, values)).affected == 0
    connection.begin()
    await connection.send("DO 1")
    assert (await connection.run(advance, values)).affected == 1
    await connection.send("ROLLBACK")
    connection.close()
