"""Blocking connections for set-up work and tests; the workers never use them."""

import socket
from dataclasses import dataclass

import pymysql

from service.db.statements import SQL
from service.settings import DatabaseURL


def read_statement(name: str) -> str:
    """The text of sql/{name}.sql."""
    return (SQL / f"{name}.sql").read_text("utf-8")


def connect(url: DatabaseURL, connect_timeout: float = 10) -> "pymysql.Connection[object]":
    """A blocking connection with autocommit, for set-up work outside the workers."""
    return pymysql.connect(
        user=url.user,
        password=url.password,
        host=url.host,
        port=url.port,
        database=url.name,
        unix_socket=url.unix_socket,
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=connect_timeout,
    )


def can_connect(url: DatabaseURL) -> bool:
    """Whether the server answers a login at `url`."""
    return connection_problem(url) is None


def _listens(path: str) -> bool:
    # Asked first because PyMySQL leaves its socket open where nobody listens on the path.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(path) == 0


@dataclass(frozen=True)
class Problem:
    """Why a login failed; `final`: another try cannot help."""

    reason: str
    final: bool


def connection_problem(url: DatabaseURL) -> Problem | None:
    """Why no login works at `url` within five seconds, or None. Never holds the password."""
    if url.unix_socket is not None and not _listens(url.unix_socket):
        return Problem(f"nothing listens on {url.unix_socket}", final=False)
    try:
        connect(url, connect_timeout=5).close()
    except pymysql.Error as error:
        code, reason = (*error.args, 0, "")[:2]
        # Codes from 2000 on are the client's own: not connected. 1040: too many connections.
        return Problem(str(reason or error), final=1000 <= int(code or 0) < 2000 and code != 1040)
    except (OSError, RuntimeError) as error:
        return Problem(str(error), final=True)
    return None


@dataclass(frozen=True)
class ServerFacts:
    """What a server says of itself."""

    version: str
    max_connections: int
    statement_binlog: bool


def server_facts(url: DatabaseURL) -> ServerFacts:
    """The version of the server at `url`, how many connections it allows, and whether its binary log has statements."""
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(read_statement("server/facts"))
        version, max_connections, statement_binlog = cursor.fetchone()
    return ServerFacts(str(version), int(max_connections), bool(statement_binlog))
