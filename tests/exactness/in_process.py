"""Applications served inside the test's own process, so that a test can hold their parts as well as ask them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from http_client import Connection

from service.app import create_app, create_runner
from service.auth.tokens import Tokens
from service.db.blocking import connect
from service.parts import PARTS, Parts
from service.settings import DatabaseURL, Settings

SECRET_KEY = "the-tests-sign-their-tokens-with-this"


@dataclass
class Served:
    """One application, a connection to it as an Administrador, and its parts."""

    parts: Parts
    connection: Connection


def settings_for(url: DatabaseURL, **further: str) -> Settings:
    """Settings of one worker with a small pool on the database at `url`."""
    return Settings.from_environment(
        {
            "DATABASE_URL": url.uri(),
            "HERDBOOK_SECRET_KEY": SECRET_KEY,
            "HERDBOOK_SAMPLE_ANIMALS": "0",
            "HERDBOOK_WORKERS": "1",
            "HERDBOOK_POOL_SIZE": "3",
            "HERDBOOK_POOL_OVERFLOW": "5",
            "HERDBOOK_LOG_LEVEL": "error",
            **further,
        }
    )


def enrol_administrator(url: DatabaseURL) -> str:
    """Store an Administrador by hand, before anything is served, and give a token for them."""
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO user (identification, fullname, password, email, phone, role)"
            " VALUES (1, 'the administrator', 'x', 'admin@example.org', '1', 'Administrador') RETURNING id"
        )
        ((row_id,),) = cursor.fetchall()
    tokens = Tokens(SECRET_KEY)
    user = {"id": row_id, "identification": 1, "fullname": "the administrator", "role": "Administrador"}
    return tokens.issue(user, "access", "0" * 32, tokens.mark("x")).text


@asynccontextmanager
async def served(settings: Settings, token: str) -> AsyncIterator[Served]:
    """An application with these settings on a port of its own."""
    app = await create_app(settings)
    runner = create_runner(app, access_log=None, handle_signals=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    connection = Connection(host, port, token)
    try:
        yield Served(app[PARTS], connection)
    finally:
        await connection.close()
        await runner.cleanup()
