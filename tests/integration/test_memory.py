"""The cache's bound is one of memory: what it counts is what the process grows by."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.db.blocking import connect
from service.settings import DatabaseURL

ROOT = Path(__file__).resolve().parents[2]
MEBIBYTE = 1 << 20
LIMIT = 6

# Runs in a process of its own, whose memory is nobody else's.
PROGRAM = """
import asyncio, gc, json, os, sys
from datetime import datetime, timedelta
from service.app import create_app
from service.parts import PARTS
from service.http.params import parse_list
from service.records.viewer import Viewer
from service.settings import Settings

def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

async def main():
    app = await create_app(Settings.from_environment(json.loads(sys.argv[1])))
    parts, most, answered = app[PARTS], 0, 0

    async def ask(table, given, packed=False):
        nonlocal most, answered
        reader = parts.readers[table]
        query = parse_list(reader.resource, given, whole_view=True, lenient=False)
        page = await reader.list(Viewer(1, True), query)
        answered += len(page.encoded("gzip") if packed else page.body)
        most = max(most, parts.cache.weight)

    def distinct(number):
        moment = datetime(2001, 1, 1) + timedelta(microseconds=number)
        return [("limit", "50"), ("created_at__gte", moment.isoformat(timespec="microseconds") + "Z")]

    tables = ("animals", "animal_diseases", "user")
    for table in tables:
        for number in range(20):
            await ask(table, [("limit", "50"), ("search", f"warm {number}")])
        parts.cache.table(table).clear()
    before, most = resident(), 0
    if sys.argv[2] == "pages":
        for number in range(1, 1001):
            for table in tables:
                await ask(table, distinct(number), packed=number % 4 == 0)
    else:
        for number in range(600):
            values = ",".join(str(number * 1000 + 10**9 + at) for at in range(200))
            await ask("animals", [("breeds_id", values), ("limit", "1")])
    told = {"grown": resident() - before, "counted": parts.cache.weight, "most": most, "answered": answered,
            "entries": {table: len(parts.cache.table(table).entries) for table in tables}}
    parts.generations.close()
    await parts.database.close()
    print(json.dumps(told))

asyncio.run(main())
"""


USERS = """
    INSERT INTO user (identification, fullname, password, email, phone, role)
    SELECT seq, CONCAT('person ', seq), '!', CONCAT(seq, '@x'), seq, 'Instructor' FROM seq_1_to_60"""
ANIMALS = """
    INSERT INTO animals (record, sex, birth_date, weight, breeds_id)
    SELECT CONCAT('R', seq), 'Hembra', '2020-01-01', 1 + seq, (SELECT id FROM breeds) FROM seq_1_to_60"""
DIAGNOSES = """
    INSERT INTO animal_diseases (animal_id, disease_id, instructor_id, diagnosis_date, status)
    SELECT id, (SELECT id FROM diseases), (SELECT MIN(id) FROM user), '2021-01-01', 'x' FROM animals"""


@pytest.fixture(scope="module")
def farm(make_database: Callable[[], DatabaseURL]) -> DatabaseURL:
    """A farm of a few rows, stored by hand."""
    url = make_database()
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO species (name) VALUES ('s')")
        cursor.execute("INSERT INTO breeds (name, species_id) SELECT 'b', id FROM species")
        cursor.execute("INSERT INTO diseases (name, symptoms, details) VALUES ('d', 's', 'd')")
        cursor.execute(USERS)
        cursor.execute(ANIMALS)
        cursor.execute(DIAGNOSES)
    return url


def measure(url: DatabaseURL, what: str, folder: Path) -> dict[str, int]:
    settings = {
        "DATABASE_URL": url.uri(),
        "HERDBOOK_SECRET_KEY": "the-tests-sign-their-tokens-with-this",
        "HERDBOOK_DATA_DIR": str(folder),
        "HERDBOOK_WORKERS": "1",
        "HERDBOOK_POOL_SIZE": "1",
        "HERDBOOK_CACHE_MB": str(LIMIT),
        "HERDBOOK_LOG_LEVEL": "warning",
    }
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(settings), what],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    told: dict[str, int] = json.loads(run.stdout)
    return told


def test_three_thousand_pages_take_no_more_than_the_limit(farm: DatabaseURL, tmp_path: Path) -> None:
    told = measure(farm, "pages", tmp_path)
    assert told["answered"] > 3 * LIMIT * MEBIBYTE  # else the limit was never met
    assert told["most"] <= LIMIT * MEBIBYTE
    assert told["counted"] > 0.9 * LIMIT * MEBIBYTE
    assert told["grown"] < 1.5 * LIMIT * MEBIBYTE + 8 * MEBIBYTE


def test_long_questions_are_counted_with_their_answers(farm: DatabaseURL, tmp_path: Path) -> None:
    told = measure(farm, "questions", tmp_path)
    assert told["most"] <= LIMIT * MEBIBYTE
    assert told["grown"] < 1.3 * told["counted"] + 2 * MEBIBYTE
