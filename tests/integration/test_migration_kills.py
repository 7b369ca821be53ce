"""A migration that is killed after any of its statements is completed by the next run."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import ROOT
from test_migrate import MIGRATIONS, NAMES, schema

from service.db import migrate
from service.settings import DatabaseURL

# Every so many statements; 1 kills it after each of them, which takes some minutes.
STEP = int(os.environ.get("HERDBOOK_KILL_STEP", "41"))
KILLED = """
import os, signal, sys
from pathlib import Path
import pymysql.connections
from service.db import migrate
from service.settings import DatabaseURL

left, query = int(sys.argv[2]), pymysql.connections.Connection.query

def counted(self, *arguments, **keywords):
    global left
    answer = query(self, *arguments, **keywords)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

pymysql.connections.Connection.query = counted
migrate.apply(DatabaseURL.parse(sys.argv[1]), Path("migrations"))
"""


def killed_after(url: DatabaseURL, statements: int) -> bool:
    """Run the migrations until so many statements are done; whether the kill came before the end."""
    arguments = [sys.executable, "-c", KILLED, url.uri(), str(statements)]
    done = subprocess.run(arguments, cwd=ROOT, timeout=120, check=False, stderr=subprocess.DEVNULL)
    assert done.returncode in (0, -signal.SIGKILL)
    return done.returncode != 0


@pytest.fixture(scope="module")
def whole(make_empty_database: Callable[[], DatabaseURL]) -> list[tuple[object, ...]]:
    """The schema that an undisturbed run makes."""
    url = make_empty_database()
    migrate.apply(url, MIGRATIONS)
    return schema(url)


def test_the_next_run_completes_what_a_killed_one_has_begun(
    make_empty_database: Callable[[], DatabaseURL], whole: list[tuple[object, ...]], tmp_path: Path
) -> None:
    kills = 0
    while True:
        url = make_empty_database()
        if not killed_after(url, 1 + kills * STEP):
            break
        kills += 1
        migrate.apply(url, MIGRATIONS)
        assert schema(url) == whole
        assert migrate.apply(url, MIGRATIONS) == []
    assert kills * STEP > 3 * len(NAMES)
