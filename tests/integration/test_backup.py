"""`run.py backup` and `run.py restore`: what is restored is what was, or nothing is restored."""

import gzip
import hashlib
import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine

from service.db.blocking import connect
from service.resources import all_resources
from service.settings import DatabaseURL

TABLES = [one.table for one in all_resources()]
Make = Callable[[], DatabaseURL]


def fill(url: DatabaseURL, animals: int = 300) -> None:
    """A small farm with everything that a backup must carry: parents after their children, nulls, tombstones, gaps."""
    with connect(url) as connection, connection.cursor() as cursor:
        for statement in (
            "INSERT INTO species (name) VALUES ('Bovino'), ('Ovino ''\"\\\\\\n ☃'), ('goes')",
            "INSERT INTO breeds (name, species_id) VALUES ('Brahman', 1)",
            "INSERT INTO user (identification, fullname, password, email, phone, role, status)"
            " VALUES (9007199254740993, 'Ana', '$argon2id$x', 'a@b', '1', 'Instructor', FALSE)",
            "INSERT INTO diseases (name, symptoms, details) VALUES ('d', '', 'x,y')",
            "INSERT INTO animals (record, sex, birth_date, weight, breeds_id)"
            f" SELECT CONCAT('R', seq), 'Hembra', '2020-01-01', seq, 1 FROM seq_1_to_{animals}",
            "UPDATE animals SET idMother = id + 1 WHERE id < 100",
            "INSERT INTO animal_diseases (animal_id, disease_id, instructor_id, diagnosis_date, status, notes)"
            " VALUES (1, 1, 1, '2024-01-01', 'Activo', REPEAT('ñ', 9000)), (2, 1, 1, '2024-01-01', 'Activo', NULL)",
            "DELETE FROM animals WHERE id > 200 ORDER BY id DESC",
            "DELETE FROM species WHERE name = 'goes'",
        ):
            cursor.execute(statement)


def everything(url: DatabaseURL) -> dict[str, Any]:
    """All rows of the resources' tables, their ledger rows and tombstones."""
    found: dict[str, Any] = {}
    with connect(url) as connection, connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM `{table}` ORDER BY id")
            found[table] = cursor.fetchall()
            cursor.execute("SELECT * FROM ledger WHERE table_name = %s", [table])
            found[f"ledger of {table}"] = cursor.fetchall()
        cursor.execute("SELECT * FROM tombstone ORDER BY table_name, deleted_at")
        found["tombstones"] = cursor.fetchall()
    return found


@pytest.fixture(scope="module")
def farm(make_database: Make) -> DatabaseURL:
    url = make_database()
    fill(url)
    return url


@pytest.fixture(scope="module")
def backup(farm: DatabaseURL, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup")
    file = folder / "farm.backup"
    done = CommandLine(farm, folder)("backup", "--to", str(file))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{file}: 207 rows of 6 tables in ")
    return file


def test_a_restored_database_is_the_one_that_was_backed_up(
    farm: DatabaseURL, backup: Path, make_empty_database: Make, tmp_path: Path
) -> None:
    url = make_empty_database()
    run = CommandLine(url, tmp_path)
    done = run("restore", str(backup), "--deltas", "go-on")
    assert done.returncode == 0, done.stderr
    assert everything(url) == everything(farm)
    assert run("audit").stdout == "6 tables audited, 0 differences\n"
    for name in ("animals", "users"):
        assert run("export", name).stdout == CommandLine(farm, tmp_path)("export", name).stdout
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@foreign_key_checks")  # a session's setting, not the server's
        assert cursor.fetchone() == (1,)
        cursor.execute("INSERT INTO species (name) VALUES ('next')")
        cursor.execute("SELECT row_count FROM ledger WHERE table_name = 'species'")
        assert cursor.fetchone() == (3,)


def test_delta_clients_begin_anew_unless_it_is_said_that_nobody_wrote_since(
    farm: DatabaseURL, backup: Path, make_empty_database: Make, tmp_path: Path
) -> None:
    url = make_empty_database()
    assert CommandLine(url, tmp_path)("restore", str(backup)).returncode == 0
    before, after = everything(farm), everything(url)
    assert {name: after[name] for name in (*TABLES, "tombstones")} == {
        name: before[name] for name in (*TABLES, "tombstones")
    }
    for table in TABLES:
        ((_, rows, version, last_modified, deltas_from),) = after[f"ledger of {table}"]
        ((_, rows_before, version_before, changed_before, _),) = before[f"ledger of {table}"]
        assert (rows, version) == (rows_before, version_before + 1)
        assert changed_before < last_modified == deltas_from
    assert CommandLine(url, tmp_path)("audit").returncode == 0


def test_the_same_data_gives_the_same_backup_readable_by_its_owner_only(
    farm: DatabaseURL, backup: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.backup"
    assert CommandLine(farm, tmp_path)("backup", "--to", str(again)).returncode == 0
    assert again.read_bytes() == backup.read_bytes()
    assert again.stat().st_mode & 0o077 == 0


def test_a_backup_is_restored_into_an_empty_database_only(backup: Path, make_database: Make, tmp_path: Path) -> None:
    url = make_database()
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO species (name) VALUES ('there')")
    was = everything(url)
    done = CommandLine(url, tmp_path)("restore", str(backup))
    assert done.returncode == 1
    assert "species has 1 rows: a backup is restored into an empty database only" in done.stderr
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM species")
    deleted = CommandLine(url, tmp_path)("restore", str(backup))
    assert "rows of species were deleted" in deleted.stderr
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM animals")
        assert cursor.fetchone() == (0,)
    assert was["animals"] == ()


def rewritten(backup: Path, change: Callable[[bytes], bytes]) -> bytes:
    return gzip.compress(change(gzip.decompress(backup.read_bytes())))


def with_right_sum(text: bytes) -> bytes:
    """The same with a checksum that fits."""
    body = text[: text.rindex(b"\n", 0, -1) + 1]
    rows = sum(line.startswith(b"[") for line in body.splitlines())
    end = {"end": {"rows": rows, "sha256": hashlib.sha256(body).hexdigest()}}
    return body + json.dumps(end, separators=(",", ":")).encode() + b"\n"


BAD: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "cut": (lambda file: file.read_bytes()[:-100], "is cut: its end is missing"),
    "cut between lines": (
        lambda file: rewritten(file, lambda text: text[: text.rindex(b"\n", 0, -1) + 1]),
        "is cut: its end is missing",
    ),
    "a bit turned": (lambda file: turned(file.read_bytes()), "damaged"),
    "a weight changed": (lambda file: rewritten(file, lambda text: text.replace(b" 77,", b" 78,")), "checksum"),
    "a line taken away": (lambda file: rewritten(file, without_a_row), "checksum"),
    "something else": (lambda _: b"PK\x03\x04 no backup", "is no backup"),
    "gzip of something else": (lambda _: gzip.compress(b'{"hello": 1}\n'), "is no backup of Herdbook"),
    "empty": (lambda _: b"", "is cut"),
    "another format": (
        lambda file: rewritten(file, lambda text: with_right_sum(text.replace(b'"format":1', b'"format":9'))),
        "has the format 9",
    ),
    "a newer schema": (
        lambda file: rewritten(file, lambda text: with_right_sum(text.replace(b'["0001_', b'["9999_x","0001_'))),
        "was made by a newer Herdbook, which has the migration 9999_x",
    ),
    "other columns": (
        lambda file: rewritten(file, lambda text: with_right_sum(text.replace(b'"weight"', b'"mass"'))),
        "animals had other columns",
    ),
    "a row that the schema refuses": (
        lambda file: rewritten(file, lambda text: with_right_sum(text.replace(b'"Hembra"', b'"Toro"', 150))),
        "nothing is restored",
    ),
}


def turned(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def without_a_row(text: bytes) -> bytes:
    at = text.index(b"\n[", len(text) // 2)
    return text[:at] + text[text.index(b"\n", at + 1) :]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_restores_nothing(backup: Path, make_database: Make, tmp_path: Path, kind: str) -> None:
    url = make_database()
    was = everything(url)
    file = tmp_path / "bad.backup"
    make, says = BAD[kind]
    file.write_bytes(make(backup))
    done = CommandLine(url, tmp_path)("restore", str(file))
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert everything(url) == was


def test_a_file_that_is_not_there_is_named(make_database: Make, tmp_path: Path) -> None:
    done = CommandLine(make_database(), tmp_path)("restore", "nowhere.backup")
    assert (done.returncode, done.stderr) == (
        2,
        "herdbook: nowhere.backup cannot be read: no such file or directory\n",
    )


def test_a_restore_that_is_killed_or_interrupted_leaves_nothing(make_database: Make, tmp_path: Path) -> None:
    large = make_database()
    fill(large, animals=20_000)
    with connect(large) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO animals (record, sex, birth_date, weight, breeds_id)"
            " SELECT CONCAT('S', seq), 'Macho', '2020-01-01', seq, 1 FROM seq_1_to_20000"
        )
    file = tmp_path / "large.backup"
    assert CommandLine(large, tmp_path)("backup", "--to", str(file)).returncode == 0
    for number in (signal.SIGKILL, signal.SIGINT):
        url = make_database()
        was = everything(url)
        process = CommandLine(url, tmp_path).begun("restore", str(file))
        with connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("SET tx_isolation = 'READ-UNCOMMITTED'")
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and process.poll() is None:
                cursor.execute("SELECT COUNT(*) FROM animals")
                if cursor.fetchone()[0]:
                    break
                time.sleep(0.02)
        process.send_signal(number)
        try:
            assert process.wait(60) in (-signal.SIGKILL, 130)
        finally:
            process.kill()
        deadline = time.monotonic() + 60
        while everything(url) != was and time.monotonic() < deadline:  # the server undoes it
            time.sleep(0.1)
        assert everything(url) == was


def test_a_backup_beside_writers_is_of_one_moment(make_database: Make, tmp_path: Path) -> None:
    """Each writer adds a species and then a breed of it: a backup with the breed has the species."""
    url = make_database()
    stop = threading.Event()

    def write(name: int) -> None:
        with connect(url) as connection, connection.cursor() as cursor:
            number = 0
            while not stop.is_set():
                number += 1
                cursor.execute("INSERT INTO species (name) VALUES (%s)", [f"{name} {number}"])
                cursor.execute("INSERT INTO breeds (name, species_id) VALUES ('b', LAST_INSERT_ID())")

    threads = [threading.Thread(target=write, args=[name]) for name in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            file = tmp_path / f"{number}.backup"
            done = CommandLine(url, tmp_path)("backup", "--to", str(file))
            assert done.returncode == 0, done.stderr
            species, breeds, counts = contents(file)
            assert breeds <= species
            assert counts == {"species": len(species), "breeds": len(breeds)}
            assert len(species - breeds) <= len(threads)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def contents(file: Path) -> tuple[set[int], set[int], dict[str, int]]:
    """The species, those that breeds refer to, and how many of each the ledger counts."""
    head, *lines = gzip.decompress(file.read_bytes()).splitlines()
    tables = {one["table"]: one for one in json.loads(head)["tables"]}
    rows: dict[str, list[Any]] = {}
    section = ""
    for line in lines:
        said = json.loads(line)
        if isinstance(said, dict):
            section = said.get("rows", "")
        elif section:
            rows.setdefault(section, []).append(said)
    at = tables["breeds"]["columns"].index("species_id")
    species, breeds = {row[0] for row in rows["species"]}, {row[at] for row in rows["breeds"]}
    return species, breeds, {name: tables[name]["row_count"] for name in ("species", "breeds")}
