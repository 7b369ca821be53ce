"""The disk under the database is full: writes are told so and leave nothing, reads go on, and room is found again.

test_full_disk.py runs it where mounts are its own.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from http_client import Answer
from in_process import Served, enrol_administrator, served, settings_for

from service.db import migrate
from service.db.private import PrivateMariaDB
from service.settings import DatabaseURL

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
MEBIBYTE = 1024 * 1024
DISK = 320 * MEBIBYTE
ROOM = 6 * MEBIBYTE  # what is left at first
ROWS = 1000
MOST_UPLOADS = 200


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk of its own, gone with this process."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=True)
    return folder


@pytest.fixture
def url(disk: Path) -> Iterator[DatabaseURL]:
    """A migrated database on it."""
    options = ("--innodb-log-file-size=16M", "--innodb-buffer-pool-size=32M")
    with PrivateMariaDB(disk / "mariadb", 40, options=options) as server:
        url = server.start()
        migrate.apply(url, MIGRATIONS)
        yield url


async def upload(one: Served, number: int) -> Answer:
    rows = [{"name": f"species {number} {row} {'x' * 60}"} for row in range(ROWS)]
    return await one.connection.request("POST", "/species/bulk", rows)


async def total(one: Served) -> int:
    answer = await one.connection.request("GET", "/species/metadata")
    return int(json.loads(answer.body)["data"]["total_count"])


async def test_writes_are_refused_reads_go_on_and_room_is_found_again(disk: Path, url: DatabaseURL) -> None:
    async with served(settings_for(url), enrol_administrator(url)) as one:
        assert (await upload(one, 0)).status == 201
        about = os.statvfs(disk)
        (disk / "ballast").write_bytes(bytes(about.f_bavail * about.f_frsize - ROOM))
        stored = 1
        for number in range(1, MOST_UPLOADS):
            answer = await upload(one, number)
            if answer.status != 201:
                break
            stored += 1
        for again in range(3):
            assert answer.status == 507
            assert json.loads(answer.body)["error"]["code"] == "STORAGE_FULL"
            for path in ("/species", f"/species?limit=3&search={again}"):  # cached, and not
                assert (await one.connection.request("GET", path)).status == 200
            assert await total(one) == stored * ROWS
            answer = await upload(one, MOST_UPLOADS + again)
        (disk / "ballast").unlink()
        assert (await upload(one, 0 - MOST_UPLOADS)).status == 201
        assert await total(one) == (stored + 1) * ROWS
