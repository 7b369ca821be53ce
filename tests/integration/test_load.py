"""`run.py load` and `run.py export`: nothing is lost, nothing stands twice, and what is wrong is said in one line."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from service_process import ServiceProcess

from service.db.blocking import connect
from service.settings import DatabaseURL

MANY = 30_000
COLUMNS = "record,sex,birth_date,weight,status,breeds_id"
Make = Callable[[], DatabaseURL]


@pytest.fixture
def url(make_database: Make) -> DatabaseURL:
    return make_database()


@pytest.fixture
def run(url: DatabaseURL, tmp_path: Path) -> CommandLine:
    return CommandLine(url, tmp_path / "data")


@pytest.fixture
def herd(run: CommandLine) -> CommandLine:
    """The same, where a breed has the id 1."""
    assert run("load", "species", "-", "--format", "csv", given="name\nBovino\n").returncode == 0
    assert run("load", "breeds", "-", "--format", "csv", given="name,species_id\nBrahman,1\n").returncode == 0
    return run


def asked(url: DatabaseURL, statement: str) -> Any:
    """The first row that the statement gives."""
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


def animals(count: int, first: int = 0) -> str:
    rows = (f"R-{number:06},Hembra,2020-01-01,{1 + number % 900},Vivo,1" for number in range(first, first + count))
    return "\n".join([COLUMNS, *rows, ""])


# What is loaded, and that it comes out again.


@pytest.mark.parametrize("form", ["csv", "ndjson", "json"])
def test_what_is_exported_can_be_loaded_and_is_the_same(make_database: Make, tmp_path: Path, form: str) -> None:
    one, other = (CommandLine(make_database(), tmp_path / name) for name in ("one", "other"))
    rows = [
        {"name": f"n{number}", "symptoms": text, "details": "ñandú ☃ \U0001f404"}
        for number, text in enumerate(['"', "a,b", "x\r\ny", " ", "null", "=1+1", "'; --"])
    ]
    given = "\n".join(map(json.dumps, rows))
    assert one("load", "diseases", "-", "--format", "ndjson", given=given).returncode == 0
    file = tmp_path / f"diseases.{form}"
    assert one("export", "diseases", "--to", str(file)).returncode == 0
    loaded = other("load", "diseases", str(file), "--keep-ids")
    assert loaded.returncode == 0, loaded.stderr
    assert "ignored: created_at, updated_at" in loaded.stdout
    fields = ("--fields", "id,name,symptoms,details", "--format", form)
    assert one("export", "diseases", *fields).stdout == other("export", "diseases", *fields).stdout
    assert [row["symptoms"] for row in json.loads(other("export", "diseases", "--format", "json").stdout)] == [
        row["symptoms"] for row in rows
    ]
    assert other("audit").stdout.endswith(" 0 differences\n")


def test_an_export_is_the_same_bytes_again_and_holds_no_password(run: CommandLine) -> None:
    person = {"identification": 5, "fullname": "Ana", "password": "Una-clave-1", "email": "a@b", "phone": "1"}
    text = json.dumps([{**person, "role": "Instructor"}])
    assert run("load", "users", "-", "--format", "json", given=text).returncode == 0
    first, again = run("export", "users"), run("export", "user")
    assert first.stdout == again.stdout
    assert first.stdout.startswith(
        "id,identification,fullname,email,phone,address,role,status,created_at,updated_at\r\n"
    )
    assert "argon2" not in first.stdout
    refused = run("export", "users", "--fields", "id,password")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "there is no column password" in refused.stderr


def test_an_export_into_a_file_is_there_whole_or_not_at_all(run: CommandLine, tmp_path: Path) -> None:
    done = run("export", "species", "--to", str(tmp_path / "missing" / "x.csv"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("x.csv cannot be written: no such file or directory\n")
    assert run("export", "species", "--to", str(tmp_path / "x.json")).returncode == 0
    assert (tmp_path / "x.json").read_text() == "[\n]\n"
    assert not list(tmp_path.glob("*.partial"))


# Bad rows.


def test_a_bad_row_stops_the_load_and_is_named(herd: CommandLine, url: DatabaseURL, tmp_path: Path) -> None:
    lines = animals(5010).splitlines()
    lines[5005] = "R-x,Hembra,2020-01-01,heavy,Vivo,1"
    lines[5007] = "R-y,Hembra,2020-01-01,5,Vivo,99"
    file = tmp_path / "herd.csv"
    file.write_text("\n".join(lines))
    done = herd("load", "animals", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert "line 5006: weight must be a whole number\n" in done.stderr
    assert "line 5008: breeds_id refers to a row that does not exist\n" in done.stderr
    assert done.stderr.endswith("5,000 rows are done; --resume goes on after them\n")
    assert asked(url, "SELECT COUNT(*) FROM animals") == (5000,)
    lines[5005] = lines[5007] = ""
    file.write_text("\n".join(lines))
    mended = herd("load", "animals", str(file), "--resume")
    assert mended.returncode == 0, mended.stderr
    assert mended.stdout.startswith("animals: 5,008 rows read, 8 stored, 5,000 of them by an earlier load")
    assert asked(url, "SELECT COUNT(*) FROM animals") == (5008,)


def test_bad_rows_can_be_collected_mended_and_loaded(herd: CommandLine, url: DatabaseURL, tmp_path: Path) -> None:
    lines = animals(20).splitlines()
    lines[3] = "R-x,Hembra,2020-01-01,heavy,Vivo,1"
    lines[5] = "R-000000,Hembra,2020-01-01,5,Vivo,1"
    lines[7] = "R-y,Hembra,2020-01-01,5,Vivo,99"
    lines[9] = "R-z,Hembra"
    bad = tmp_path / "bad.ndjson"
    done = herd("load", "animals", "-", "--format", "csv", "--collect", str(bad), given="\n".join(lines))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("animals: 20 rows read, 16 stored, 4 refused")
    collected = [json.loads(line) for line in bad.read_text().splitlines()]
    assert [(row["_line"], list(row["_reasons"])) for row in collected] == [
        (4, ["weight"]),
        (6, ["record"]),
        (8, ["breeds_id"]),
        (10, ["body"]),
    ]
    assert bad.stat().st_mode & 0o077 == 0
    good = {"sex": "Macho", "birth_date": "2020-01-01", "weight": 7, "breeds_id": 1}
    mended = "\n".join(json.dumps({**row, **good, "record": f"M-{row['_line']}"}) for row in collected)
    again = herd("load", "animals", "-", "--format", "ndjson", given=mended)
    assert again.returncode == 0, again.stderr
    assert asked(url, "SELECT COUNT(*) FROM animals") == (20,)
    assert herd("audit").returncode == 0


def test_a_row_that_another_has_is_refused_left_out_or_changed(herd: CommandLine, url: DatabaseURL) -> None:
    assert herd("load", "animals", "-", "--format", "csv", given=animals(3)).returncode == 0
    heavier = animals(4).replace(",2,Vivo", ",500,Vivo")
    refused = herd("load", "animals", "-", "--format", "csv", given=heavier)
    assert refused.returncode == 1
    assert "line 2: record exists already" in refused.stderr
    left = herd("load", "animals", "-", "--format", "csv", "--on-conflict", "ignore", given=heavier)
    assert left.stdout.startswith("animals: 4 rows read, 1 stored, 3 left out")
    assert asked(url, "SELECT weight FROM animals WHERE record = 'R-000001'") == (2,)
    changed = herd("load", "animals", "-", "--format", "csv", "--on-conflict", "update", given=heavier)
    assert changed.stdout.startswith("animals: 4 rows read, 0 stored, 4 changed")
    assert asked(url, "SELECT weight FROM animals WHERE record = 'R-000001'") == (500,)


def test_a_row_that_brings_an_id_keeps_it_and_takes_no_others(run: CommandLine, url: DatabaseURL) -> None:
    def load(text: str, *words: str) -> "subprocess.CompletedProcess[str]":
        return run("load", "species", "-", "--format", "csv", "--keep-ids", *words, given=text)

    assert load("id,name\n70,Bovino\n7,Ovino\n").returncode == 0
    assert asked(url, "SELECT GROUP_CONCAT(id, name ORDER BY id) FROM species") == ("7Ovino,70Bovino",)
    assert "line 2: id exists already" in load("id,name\n7,Caprino\n").stderr
    assert "line 3: id must be a whole number" in load("id,name\n8,Caprino\nx,Porcino\n").stderr
    assert load("id,name\n7,Caprino\n9,Porcino\n", "--on-conflict", "ignore").returncode == 0
    assert load("id,name\n7,Lanar\n", "--on-conflict", "update").returncode == 0
    assert "name exists already" in load("id,name\n7,Porcino\n", "--on-conflict", "update").stderr
    assert asked(url, "SELECT GROUP_CONCAT(id, name ORDER BY id) FROM species") == ("7Lanar,9Porcino,70Bovino",)


# A load that is killed.


def test_a_load_that_is_killed_and_resumed_loses_and_doubles_nothing(
    herd: CommandLine, url: DatabaseURL, tmp_path: Path
) -> None:
    lines = animals(MANY).splitlines()
    bad = range(50, MANY, 1000)
    for number in bad:
        lines[number] = lines[number].replace(",Hembra,", ",Toro,")
    file, collected = tmp_path / "herd.csv", tmp_path / "bad.ndjson"
    file.write_text("\n".join(lines))
    words = ("load", "animals", str(file), "--resume", "--collect", str(collected))
    place = "SELECT COALESCE(MAX(position), 0) FROM load_progress WHERE table_name = 'animals'"
    kills = 0
    while kills < 4:
        before = asked(url, place)[0]
        process = herd.begun(*words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while process.poll() is None and asked(url, place)[0] == before and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.03 * kills)  # a little further into the next batch each time
        process.kill()
        process.wait()
        assert asked(url, place)[0] > before, "the load did not go on"
        kills += 1
    done = herd(*words)
    assert done.returncode == 0, done.stderr
    assert asked(url, "SELECT COUNT(*), COUNT(DISTINCT record) FROM animals") == (MANY - len(bad),) * 2
    assert [json.loads(line)["_line"] for line in collected.read_text().splitlines()] == [line + 1 for line in bad]
    assert herd("audit").stdout.endswith(" 0 differences\n")
    again = herd(*words)
    assert again.stdout.startswith(f"animals: {MANY:,} rows read, 0 stored, {MANY:,} of them by an earlier load")


def test_a_load_is_not_resumed_from_another_file(herd: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "herd.csv"
    file.write_text(animals(10))
    assert herd("load", "animals", str(file)).returncode == 0
    file.write_text(animals(10, first=100))
    other = herd("load", "animals", str(file), "--resume")
    assert other.returncode == 1
    assert "does not begin with the" in other.stderr


def test_ctrl_c_ends_a_load_with_one_line(herd: CommandLine) -> None:
    process = herd.begun(
        *("load", "animals", "-", "--format", "csv"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(animals(10).encode())
    process.stdin.flush()
    place = "SELECT COUNT(*) FROM load_progress WHERE table_name = 'animals'"
    deadline = time.monotonic() + 60
    while asked_of(herd, place) == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.2)  # it waits for more by now
    process.send_signal(signal.SIGINT)
    try:
        process.wait(60)  # standard input is still open
    finally:
        process.kill()
    _, said = process.communicate()
    assert (process.returncode, said.decode()) == (130, "herdbook: interrupted; no row is stored\n")


def asked_of(run: CommandLine, statement: str) -> Any:
    return asked(DatabaseURL.parse(run.environment["DATABASE_URL"]), statement)[0]


# Beside a running service.


def test_a_running_service_sees_a_load_at_once_on_every_worker(make_empty_database: Make, tmp_path: Path) -> None:
    url = make_empty_database()
    with ServiceProcess(url, tmp_path, workers=2, HERDBOOK_POLL_MS="60000") as service:
        run = CommandLine(url, tmp_path / "data", HERDBOOK_POLL_MS="60000")

        def totals() -> set[int]:
            pages = [json.loads(service.get("/api/v1/species?limit=1")) for _ in range(12)]
            return {page["meta"]["pagination"]["total_items"] for page in pages}

        (before,) = totals()
        done = run("load", "species", "-", "--format", "csv", given="name\nLlama\nAlpaca\n")
        assert done.returncode == 0, done.stderr
        assert "the running service sees it at once" in done.stdout
        assert totals() == {before + 2}


# How it is told.


def test_machines_are_told_in_json(herd: CommandLine) -> None:
    done = herd("load", "animals", "-", "--format", "csv", "--json", given=animals(7))
    (line,) = done.stdout.splitlines()
    facts = json.loads(line)
    assert facts["event"] == "done"
    assert {name: facts[name] for name in ("read", "inserted", "updated", "skipped", "refused")} == {
        "read": 7,
        "inserted": 7,
        "updated": 0,
        "skipped": 0,
        "refused": 0,
    }
    bad = herd("load", "animals", "-", "--format", "csv", "--json", given=animals(1))
    assert bad.returncode == 1
    (line,) = bad.stdout.splitlines()
    assert json.loads(line)["event"] == "failed"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("load", "cows", "x.csv"), 2, "there is no resource cows; there are animal-diseases, animals, breeds, "),
        (("load", "animals", "nowhere.csv"), 2, "nowhere.csv cannot be read: no such file or directory"),
        (("load", "animals", "."), 2, "the name . does not say the format"),
        (("load", "animals", ".", "--format", "csv"), 2, ". is a folder"),
        (("load", "animals", "README.md", "--format", "json"), 1, "line 1: this is no JSON array"),
        (("export", "cows"), 2, "there is no resource cows"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    run: CommandLine, words: tuple[str, ...], code: int, says: str
) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert done.stderr.startswith("herdbook: ")
    assert "Traceback" not in done.stderr


def test_a_database_that_cannot_be_reached_is_said_in_one_line(run: CommandLine) -> None:
    nowhere = "mysql://nobody:secret@127.0.0.1:9/herdbook"
    done = run("load", "animals", "-", "--format", "csv", given=animals(1), DATABASE_URL=nowhere)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot use the database" in done.stderr
    assert "secret" not in done.stderr


def test_a_database_without_tables_is_told_how_to_get_them(make_empty_database: Make, tmp_path: Path) -> None:
    done = CommandLine(make_empty_database(), tmp_path)("export", "animals")
    assert done.returncode == 1
    assert "run.py migrate" in done.stderr
