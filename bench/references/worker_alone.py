"""Herdbook's application alone in this process, without a supervisor, to count what it does. Argument: the port."""

import asyncio
import os
import sys

import uvloop
from aiohttp import web

from service.app import create_app, create_runner
from service.settings import Settings


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    runner = create_runner(await create_app(Settings.from_environment(os.environ)), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
