"""Shows that a whole table leaves in constant memory: `python -m bench.export_memory --rows 1000000`.

It starts a MariaDB and one worker of its own, fills the animals, reads them as CSV and as NDJSON, and prints how long
that took and how much the worker's memory grew over what it had before. It fails past LIMIT.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from bench import farm as farms
from bench.answers import log_in
from bench.machine import BenchError, Cores
from bench.targets import herdbook
from service.db.blocking import connect
from service.settings import DatabaseURL

MEBIBYTE = 1024 * 1024
LIMIT = 64 * MEBIBYTE
CHUNK = 64 * 1024
FORMS = ("text/csv", "application/x-ndjson")
FEW = 1000

_DIGITS = f"({' UNION ALL '.join(f'SELECT {digit} AS n' for digit in range(10))})"
_NUMBERS = "a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n + 100000 * f.n"
FILL = f"""
INSERT INTO animals (record, sex, birth_date, weight, status, breeds_id, created_at, updated_at)
SELECT CONCAT('export ', number, ', "ñandú"'), 'Hembra', '2020-01-01' + INTERVAL MOD(number, 1500) DAY,
       1 + MOD(number, 900), 'Vivo', (SELECT MIN(id) FROM breeds), NOW(6), '2020-01-01' + INTERVAL number MICROSECOND
FROM (SELECT {_NUMBERS} AS number FROM {", ".join(f"{_DIGITS} AS {name}" for name in "abcdef")}) AS numbers
WHERE number < %s
"""


@dataclass(frozen=True)
class Exported:
    """One export: its form, bytes and rows, the seconds it took, and the bytes by which the worker's peak grew."""

    form: str
    size: int
    rows: int
    seconds: float
    growth: int

    def __str__(self) -> str:
        return (
            f"{self.form}: {self.rows:,} rows, {self.size / MEBIBYTE:.0f} MiB in {self.seconds:.1f} s,"
            f" the worker grew by {self.growth / MEBIBYTE:.1f} MiB"
        )


def fill(url: DatabaseURL, rows: int) -> None:
    """Add `rows` animals (at most a million) in one statement, the triggers standing aside."""
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET @ledger_stands_aside = 'animals'")
        cursor.execute(FILL, [rows])
        cursor.execute(
            "UPDATE ledger SET version = version + 1, row_count = (SELECT COUNT(*) FROM animals),"
            " last_modified = GREATEST(NOW(6), last_modified + INTERVAL 1 MICROSECOND) WHERE table_name = 'animals'"
        )
        connection.commit()


def export(port: int, worker: int, form: str, headers: Mapping[str, str]) -> Exported:
    """Read all animals in `form` from the worker with process id `worker`, which must not end short."""
    _read(port, f"/api/v1/animals?limit={FEW}", form, headers)  # what a first time costs is not what rows cost
    Path(f"/proc/{worker}/clear_refs").write_text("5")  # the peak begins anew
    before, started = memory(worker, "VmRSS"), time.monotonic()
    size, rows = _read(port, "/api/v1/animals", form, headers)
    seconds = time.monotonic() - started
    return Exported(form, size, rows, seconds, memory(worker, "VmHWM") - before)


def _read(port: int, path: str, form: str, headers: Mapping[str, str]) -> tuple[int, int]:
    """How many bytes and rows there are; http.client raises IncompleteRead for a stream that was broken off."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={**headers, "Accept": form})
        response = connection.getresponse()
        if response.status != 200 or not response.headers["Content-Type"].startswith(form):
            raise BenchError(f"GET {path} was answered {response.status}")
        size, lines = 0, 0
        while chunk := response.read(CHUNK):
            size += len(chunk)
            lines += chunk.count(b"\n")
        return size, lines - (form == FORMS[0])
    finally:
        connection.close()


def memory(pid: int, what: str) -> int:
    """Bytes that /proc says of a process: VmRSS now, VmHWM at the most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) * 1024


def worker_of(supervisor: int) -> int:
    """The worker below run.py and gunicorn's master, which are all there is where the database is another's."""
    return _only_child(_only_child(supervisor))


def _only_child(parent: int) -> int:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    if len(children) != 1:
        raise BenchError(f"process {parent} has {len(children)} children, not one")
    return int(children[0])


def main(arguments: list[str]) -> int:
    """Measure and print; 0, or 1 where the memory grew past LIMIT or rows were missing."""
    parser = argparse.ArgumentParser(prog="python -m bench.export_memory", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many animals, at most a million (the default)")
    chosen = parser.parse_args(arguments)
    cores = Cores.choose()
    os.sched_setaffinity(0, {cores.load})
    with tempfile.TemporaryDirectory(prefix="herdbook-export-") as name:
        folder = Path(name)
        with farms.running(folder / "mariadb") as farm, herdbook(farm, FEW, folder, cores) as target:
            fill(farm.own, chosen.rows)
            worker, token = worker_of(target.child.pid), log_in(target.port)
            exports = [export(target.port, worker, form, token) for form in FORMS]
            print("\n".join(map(str, exports)))
            good = all(one.growth < LIMIT and one.rows == farms.animals_in(farm.own) for one in exports)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
