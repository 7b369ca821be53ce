"""One session with MariaDB: text goes in, rows of raw bytes come out, and every session is set up alike."""

import asyncio
from collections.abc import Mapping, Sequence

import aiomysql
from pymysql.constants import CLIENT

from service.db.errors import AccessDenied, ConnectionLost, DatabaseError, StatementTooLarge, Unreachable, translate
from service.db.packets import Result, Row
from service.db.statements import Statement, Value
from service.db.wire import wire_of
from service.settings import DatabaseURL

__all__ = ["Connection", "Result", "Row", "connect"]

# What a session is: times in UTC, nothing cut or guessed, each statement its own snapshot, no wait without an end.
_SESSION = (
    "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_520_ci, time_zone = '+00:00',"
    " sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE',"
    " tx_isolation = 'READ-COMMITTED', max_statement_time = {statement_seconds},"
    " group_concat_max_len = 67108864, innodb_lock_wait_timeout = {lock_seconds},"
    " idle_write_transaction_timeout = {idle_write_seconds}"
)
# The backslash first, which all others are written with.
ESCAPES = (
    ("\\", "\\\\"),
    ("'", "\\'"),
    ('"', '\\"'),
    ("\n", "\\n"),
    ("\r", "\\r"),
    ("\0", "\\0"),
    ("\x1a", "\\Z"),
)
BEGIN = "START TRANSACTION"
STATEMENT_SECONDS = 10
LOCK_SECONDS = 8
IDLE_WRITE_SECONDS = 10
CONNECT_SECONDS = 5.0
DEFAULT_MOST_BYTES = 16 * 1024 * 1024  # MariaDB's own
# So long past the server's own limit for a statement only a broken network keeps an answer back.
ANSWER_SECONDS = 5.0


class Connection:
    """A connection that knows its number on the server and which start of the server it belongs to."""

    def __init__(self, raw: aiomysql.Connection, opened: float, answer_seconds: float) -> None:
        self._raw = raw
        self._wire = wire_of(raw, answer_seconds)
        self.opened = opened
        self.server_start = 0
        self.most_bytes = DEFAULT_MOST_BYTES
        self._begins = False

    @property
    def number(self) -> int:
        """The connection's id on the server; with `server_start` it is never used twice."""
        return int(self._raw.thread_id())

    @property
    def clean(self) -> bool:
        """Whether another request may use it: open, nothing unread, no transaction."""
        return self._wire.is_clean

    def begin(self) -> None:
        """A transaction begins with the next statement. Where that only reads, both are sent together."""
        self._begins = True

    async def run(self, statement: Statement, values: Mapping[str, Value] | None = None) -> Result:
        """Run `statement`; a DatabaseError of service.db.errors when it fails."""
        return await self.send(statement.render(values or {}, self._escape))

    async def run_all(self, *asked: tuple[Statement, Mapping[str, Value]]) -> list[Result | DatabaseError]:
        """Run several at once, each whatever became of those before it; what each gave, or the error in its place."""
        texts = [statement.render(values, self._escape) for statement, values in asked]
        return [one if isinstance(one, Result) else self._meant(one) for one in await self._ask(*texts)]

    async def send(self, text: str) -> Result:
        """Send text that is already SQL, without a value of anybody's in it."""
        if not self._begins:
            (outcome,) = await self._ask(text)
        elif text.startswith("SELECT"):  # were BEGIN refused, a statement that writes would be committed by itself
            self._begins = False
            begun, outcome = await self._ask(BEGIN, text)
            outcome = begun if isinstance(begun, Exception) else outcome
        else:
            self._begins = False
            (outcome,) = await self._ask(BEGIN)
            if isinstance(outcome, Result):
                (outcome,) = await self._ask(text)
        if isinstance(outcome, Result):
            return outcome
        raise self._meant(outcome) from outcome

    def _escape(self, text: str) -> str:
        return escaped(text) if self._wire.takes_backslashes else str(self._raw.escape_string(text))

    async def _ask(self, *texts: str) -> Sequence[Result | Exception]:
        for text in texts:
            self._require_room(text)
        try:
            return await self._wire.ask(*texts)
        except TimeoutError as error:
            self.close()
            raise translate(ConnectionResetError("no answer in time")) from error
        except asyncio.CancelledError:
            self.close()
            raise
        except Exception as error:
            raise self._meant(error) from error

    def _require_room(self, text: str) -> None:
        # Else the server closes the connection, as if it had gone. A character takes four bytes at the most.
        if 4 * len(text) >= self.most_bytes and len(text.encode("utf-8", "surrogateescape")) >= self.most_bytes:
            raise StatementTooLarge(self.most_bytes)

    def _meant(self, error: Exception) -> DatabaseError:
        meant = translate(error)
        if isinstance(meant, ConnectionLost) or not (self.clean or self._wire.in_transaction):
            self.close()
        return meant

    def close(self) -> None:
        """Drop the connection at once, without a word to the server."""
        self._raw.close()


def escaped(text: str) -> str:
    """The same as PyMySQL's, in a tenth of the time for a long text."""
    for special, written in ESCAPES:
        if special in text:
            text = text.replace(special, written)
    return text


async def connect(
    url: DatabaseURL, identify: Statement, now: float, statement_seconds: int | None = None
) -> Connection:
    """A new session, set up, whose statements may take so long each, STATEMENT_SECONDS unless said.

    Unreachable when it cannot be had within CONNECT_SECONDS in all.
    """
    seconds = STATEMENT_SECONDS if statement_seconds is None else statement_seconds
    where = {"unix_socket": url.unix_socket} if url.unix_socket else {"host": url.host, "port": url.port}
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            raw = await aiomysql.connect(
                **where,
                user=url.user,
                password=url.password,
                db=url.name,
                charset="utf8mb4",
                autocommit=True,
                use_unicode=False,
                conv={},
                client_flag=CLIENT.FOUND_ROWS,
                program_name="herdbook",
                init_command=_SESSION.format(
                    statement_seconds=seconds,
                    lock_seconds=LOCK_SECONDS,
                    idle_write_seconds=IDLE_WRITE_SECONDS,
                ),
            )
            connection = Connection(raw, now, seconds + ANSWER_SECONDS)
            try:
                start, most_bytes = (await connection.run(identify)).rows[0]
            except BaseException:
                connection.close()
                raise
    except (TimeoutError, OSError) as error:
        raise Unreachable(f"no answer from the database within {CONNECT_SECONDS:g} s") from error
    except DatabaseError:
        raise
    except Exception as error:
        meant = translate(error)
        told = type(meant) not in (DatabaseError, AccessDenied)  # a login refused is a door shut, not a right missing
        raise (meant if told else Unreachable(str(meant))) from error
    connection.server_start = int(float(start or 0))
    connection.most_bytes = int(most_bytes or DEFAULT_MOST_BYTES)
    return connection
