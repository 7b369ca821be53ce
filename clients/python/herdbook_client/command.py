"""`run.py mirror`: keeps a SQLite file in step with a service, and says what it does."""

import asyncio
import getpass
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from herdbook_client.client import Client
from herdbook_client.copy import Copy
from herdbook_client.errors import HerdbookError, Unreachable
from herdbook_client.mirror import Mirror


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be mirrored, from where, as whom (None: as nobody), to which file; `once`: and then end."""

    resources: Sequence[str]
    server: str
    user: str | None
    password: str | None
    file: Path
    once: bool


def run(wish: Wish) -> int:
    """Mirror until Ctrl-C or SIGTERM, or once: 0 done, 1 it could not be done."""
    password = wish.password
    if wish.user is not None and password is None:
        try:
            password = getpass.getpass(f"password of {wish.user}: ")
        except EOFError:
            print("herdbook: no password; set HERDBOOK_ADMIN_PASSWORD, or run it on a terminal", file=sys.stderr)
            return 1
    try:
        asyncio.run(_mirror(wish, password or ""))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    except HerdbookError as error:
        print(f"herdbook: {'no answer: ' if isinstance(error, Unreachable) else ''}{error}")
        return 1
    return 0


async def _mirror(wish: Wish, password: str) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with Client(wish.server) as client:
        with Copy(wish.file) as copy:
            if wish.user is not None:
                await client.log_in(wish.user, password)
            mirror = Mirror(client, copy)
            for resource in wish.resources:
                await mirror.catch_up(resource)
                print(f"{resource}: {copy.count(resource)} rows in {wish.file}", flush=True)
            if not wish.once:
                await asyncio.gather(*(_tell(mirror, copy, resource) for resource in wish.resources))


async def _tell(mirror: Mirror, copy: Copy, resource: str) -> None:
    async for change in mirror.follow(resource):
        how = "read anew" if change.whole else f"{len(change.rows)} set, {len(change.deleted)} deleted"
        print(f"{resource}: {how}; {copy.count(resource)} rows", flush=True)
