"""Loads, exports, backs up and restores a million animals: `python -m bench.load_million --rows 1000000`.

It starts a MariaDB of its own and does with run.py, one after the other, what an operator would: load a CSV file into
an empty database, export it, load the export into a second empty database, export that, back the first up and restore
it into a third. It fails unless both exports are the same bytes, the restored database is the first to the last byte of
an export with ids and times, and each audit finds nothing.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench import farm as farms
from bench.machine import BenchError
from service.db.blocking import connect
from service.settings import DatabaseURL

ROOT = Path(__file__).resolve().parents[1]
MEBIBYTE = 1024 * 1024
SECONDS = 3600  # that a step may take at the most
COLUMNS = "record,sex,birth_date,weight,status,breeds_id"
BREEDS = 40
FIELDS = f"id,{COLUMNS}"


def lines(rows: int) -> Iterator[str]:
    """The animals as lines of CSV."""
    yield f"{COLUMNS}\r\n"
    for number in range(rows):
        sex, status = ("Hembra", "Macho")[number % 2], ("Vivo", "Vivo", "Vivo", "Vendido", "Muerto")[number % 5]
        born = f"20{10 + number % 14}-{1 + number % 12:02}-{1 + number % 28:02}"
        weight, breed = 20 + number % 900, 1 + number % BREEDS
        yield f"BOV-{2000 + number % 25}-{number:07},{sex},{born},{weight},{status},{breed}\r\n"


@dataclass
class Chain:
    """The steps in one folder; `told` has a line for each."""

    folder: Path
    rows: int
    told: list[str] = field(default_factory=list)

    def run(self, step: str, url: DatabaseURL, *words: str) -> None:
        """Run one command of run.py and note what it took: time, its own processor time and memory."""
        known = {key: value for key, value in os.environ.items() if not key.startswith("HERDBOOK_")}
        environment = {**known, "DATABASE_URL": url.uri(), "HERDBOOK_DATA_DIR": str(self.folder / "data")}
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "run.py", *words], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL
        )
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            if time.monotonic() - began > SECONDS:
                process.kill()
            time.sleep(0.02)
        _, status, used = ended
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        if process.returncode:
            raise BenchError(f"{step}: run.py {words[0]} ended with {process.returncode}")
        cpu = (used.ru_utime + used.ru_stime) / self.rows * 1_000_000
        rate = f"{self.rows / seconds:10,.0f} rows/s {cpu:6.1f} µs CPU a row"
        self.told.append(f"{step:40} {seconds:7.1f} s {rate} {used.ru_maxrss / 1024:5.0f} MiB")

    def small_tables(self, url: DatabaseURL) -> None:
        """Make the schema and what animals refer to, with the same ids in each database."""
        environment = {**os.environ, "DATABASE_URL": url.uri(), "HERDBOOK_DATA_DIR": str(self.folder / "data")}
        breeds = "".join(f"{number},breed {number},1\n" for number in range(1, BREEDS + 1))
        for words, given in (
            (("migrate",), ""),
            (("load", "species", "-", "--format", "csv", "--keep-ids"), "id,name\n1,Bovino\n"),
            (("load", "breeds", "-", "--format", "csv", "--keep-ids"), f"id,name,species_id\n{breeds}"),
        ):
            subprocess.run(
                [sys.executable, "run.py", *words],
                cwd=ROOT,
                env=environment,
                input=given.encode(),
                stdout=subprocess.DEVNULL,
                timeout=SECONDS,
                check=True,
            )

    def all(self, own: DatabaseURL) -> None:
        """Every step; BenchError where what comes out is not what went in."""
        second, third = own.with_name(f"{farms.OWN}_second"), own.with_name(f"{farms.OWN}_third")
        given, first, again, backup = (self.folder / name for name in ("given.csv", "1.csv", "2.csv", "farm.backup"))
        with given.open("w", newline="") as file:
            file.writelines(lines(self.rows))
        for url in (second, third):
            with connect(own) as connection, connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {url.name}")
        for url in (own, second):
            self.small_tables(url)
        self.run(f"load of {given.stat().st_size / MEBIBYTE:.0f} MiB of CSV", own, "load", "animals", str(given))
        self.run("export", own, "export", "animals", "--fields", FIELDS, "--to", str(first))
        self.run("load into an empty database, ids kept", second, "load", "animals", str(first), "--keep-ids")
        self.run("export of that", second, "export", "animals", "--fields", FIELDS, "--to", str(again))
        _must_be_same(first, again, "the two exports")
        self.run("backup", own, "backup", "--to", str(backup))
        self.told.append(f"  the file of the backup has {backup.stat().st_size / MEBIBYTE:.1f} MiB")
        self.run("restore into an empty database", third, "restore", str(backup))
        whole, restored = self.folder / "3.csv", self.folder / "4.csv"
        self.run("export with ids and times", own, "export", "animals", "--to", str(whole))
        self.run("export of what was restored", third, "export", "animals", "--to", str(restored))
        _must_be_same(whole, restored, "what was backed up and what was restored")
        for url in (own, second, third):
            self.run(f"audit of {url.name}", url, "audit")


def _must_be_same(one: Path, other: Path, what: str) -> None:
    if _digest(one) != _digest(other):
        raise BenchError(f"{what} differ")


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def main(arguments: list[str]) -> int:
    """Run the chain and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.load_million", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many animals (default a million)")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="herdbook-load-") as name:
        folder = Path(name)
        with farms.running(folder / "mariadb") as farm:
            chain = Chain(folder, chosen.rows)
            chain.all(farm.own)
    print("\n".join([*chain.told, "the exports are equal, what was restored is equal, the audits found nothing"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
