"""Keeps copies in step with the service: a first whole reading by cursor, then what changed, without end."""

import asyncio
import logging
from collections.abc import AsyncIterator

from herdbook_client.client import LARGEST_PAGE, Client
from herdbook_client.copy import Change, Copy, Place
from herdbook_client.errors import Refused, SinceTooOld, Unreachable
from herdbook_client.retry import Patience

LONGEST_WAIT = 25

log = logging.getLogger("herdbook_client")


class Mirror:
    """Keeps resources of `client`'s Herdbook in `copy`.

    What it promises: after `catch_up` the copy is the table as it was at a moment after the call; whatever is killed
    meanwhile, here or there, the next call goes on where the last transaction of the copy stands.
    """

    def __init__(self, client: Client, copy: Copy) -> None:
        self._client = client
        self._copy = copy

    async def catch_up(self, resource: str) -> None:
        """Bring the copy to the present."""
        async for _ in self.steps(resource):
            pass

    async def steps(self, resource: str, wait: int = 0) -> AsyncIterator[Change]:
        """Bring the copy to the present; what each step did, once it is in the file.

        Where nothing is new, something is waited for up to `wait` seconds.
        """
        reader = await self._reader(resource)
        while True:
            at = self._copy.place(resource, reader)
            if at.since is None:
                if (change := await self._walk(resource, at, reader)) is not None:
                    yield change
                continue
            try:
                delta = await self._client.changes(resource, at.since, wait=wait)
            except SinceTooOld:
                self._copy.forget(resource)
                continue
            if not self._copy.follow(resource, delta, at, reader):
                continue
            yield Change(resource, delta.rows, delta.deleted)
            if not delta.has_more:
                return

    async def follow(self, resource: str) -> AsyncIterator[Change]:
        """Every change, for ever, as it comes; while the service cannot be reached it tries again."""
        patience, attempt, wait = Patience(), 0, LONGEST_WAIT
        while True:
            try:
                async for change in self.steps(resource, wait):
                    attempt, wait = 0, LONGEST_WAIT
                    if not change.is_empty:
                        yield change
            except (Unreachable, Refused) as error:
                asked = None
                if isinstance(error, Refused):
                    if not (error.may_pass or error.status == 500):
                        raise
                    asked = error.retry_after
                    if error.code == "TOO_MANY_LISTENERS":
                        wait = 0
                delay = patience.delay(attempt, asked)
                log.warning("%s: %s; asking again in %.1f s", resource, error, delay)
                await asyncio.sleep(delay)
                attempt += 1

    async def _walk(self, resource: str, at: Place, reader: str) -> Change | None:
        """One page of the whole reading; what it came to, when it was the last one."""
        query: dict[str, object] = {"limit": LARGEST_PAGE, "sort_by": "id", "sort_order": "asc"}
        try:
            page = await self._client.list(resource, **query, cursor=at.walk_cursor)
        except Refused as error:
            if error.status != 400 or at.walk_cursor is None:
                raise
            self._copy.forget(resource)  # another version of the service does not know this cursor
            return None
        self._copy.walk(resource, page, at, reader)
        return Change(resource, [], [], whole=True) if page.next_cursor is None else None

    async def _reader(self, resource: str) -> str:
        """Whose copy it is: of people, others are shown other fields, and they change with the reader's role."""
        if resource != "users" or not self._client.is_logged_in:
            return ""
        me = await self._client.me()
        return f"{me['id']} {me['role']}"
