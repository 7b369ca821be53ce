"""Where the shared memory of all who use one database on this host is, whatever address they serve."""

import hashlib
import os
from pathlib import Path

from service.cache.segment import Segment
from service.db.database import Database
from service.db.statements import Statements
from service.settings import Settings


async def shared_segment(settings: Settings, statements: Statements, database: Database) -> Segment:
    """The segment, attached to or made; SegmentError where it cannot be used."""
    result = await database.read(statements.get("server/identity"))
    name = hashlib.blake2b(result.rows[0][0] or b"", digest_size=8).hexdigest()
    memory = Path("/dev/shm")
    folder = memory if os.access(memory, os.W_OK) else settings.data_dir
    return Segment(folder / f"herdbook-{os.getuid()}-{name}", settings.processes)
