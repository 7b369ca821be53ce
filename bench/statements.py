"""Shows what every statement does and how: `python -m bench.statements [WORDS]`, or `make sql`.

Each file of sql/ is run on the sample farm, in a transaction that is undone, and printed with its header, the plan that
the server makes for it, and what it gave. WORDS choose: those whose name has one of them.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pymysql

from service.db import migrate
from service.db.blocking import connect
from service.db.private import PrivateMariaDB
from service.db.statements import SQL, Statement, Value
from service.sample.load import load_once
from service.settings import Settings

MIGRATIONS = SQL.parent / "migrations"
ANIMALS = 2000
SESSION = (
    "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_520_ci",
    "SET time_zone = '+00:00', tx_isolation = 'READ-COMMITTED', group_concat_max_len = 67108864",
)
DIGEST = "0" * 64
TIME = "2024-01-02 00:00:00.000000"

# A value for each parameter; lines that are left out where nothing is given stay out.
VALUES: Mapping[str, Value] = {
    "added": 1,
    "address": None,
    "after": 0,
    "after_id": 0,
    "animal_id": 7,
    "begun_at": 0,
    "birth_date": "2020-01-01",
    "body": "{}",
    "breeds_id": 1,
    "checked": True,
    "claim": DIGEST,
    "days": 90,
    "deltas_from": TIME,
    "details": "details",
    "diagnosis_date": "2001-01-01",
    "digest": DIGEST,
    "disease_id": 1,
    "email": "specimen@farm.example",
    "expires": 2_000_000_000,
    "fullname": "Specimen",
    "id": 17,
    "idFather": None,
    "idMother": None,
    "identification": 999,
    "ids": (17,),
    "instructor_id": 2,
    "last_modified": TIME,
    "limit": 50,
    "location": None,
    "max_depth": 3,
    "name": "specimen",
    "notes": None,
    "now": 1_700_000_000,
    "offset": 0,
    "password": "!",
    "phone": "999",
    "position": 1,
    "record": "SPECIMEN",
    "refused_bytes": 0,
    "replaced": "!",
    "request": DIGEST,
    "role": "Aprendiz",
    "row_count": 1,
    "rows_read": 1,
    "rows_refused": 0,
    "seconds": 1,
    "session_id": "0" * 32,
    "session_ids": ("0" * 32,),
    "sex": "Macho",
    "since": TIME,
    "source": "specimen.csv",
    "species_id": 1,
    "stamp": TIME,
    "status": "Vivo",
    "step": 100,
    "subject": DIGEST,
    "symptoms": "symptoms",
    "table_name": "species",
    "tables": ("species", "breeds"),
    "today": date(2024, 6, 1),
    "total_count": 1,
    "total_from": "ledger",
    "until": "2999-01-01",
    "version": 1,
    "viewer": None,
    "weight": 400,
}
ROW: Mapping[str, Value] = {name: VALUES[name] for name in ("record", "sex", "weight", "name", "details", "symptoms")}
ROWS = json.dumps(
    [
        {
            **ROW,
            **{name: VALUES[name] for name in ("birth_date", "breeds_id", "species_id", "animal_id", "disease_id")},
            **{name: VALUES[name] for name in ("instructor_id", "diagnosis_date", "identification", "fullname")},
            **{name: VALUES[name] for name in ("password", "email", "phone", "role")},
            "status": "Vivo",
        }
    ]
)
# Where a statement needs another value than its namesakes.
OTHERWISE: Mapping[str, Mapping[str, Value]] = {
    "backup/restore_rows": {"rows": '[[100001, "specimen"]]'},
    "backup/restore_tombstones": {"rows": '[["2024-01-01", 1]]'},
    "backup/tombstones": {"after": "1000-01-01"},
    "idempotency/claim": {"claim": "1" * 64},
    "idempotency/keep": {"status": 200},
    "ledger/stand_aside": {"table_name": None},
    "server/lock": {"name": "herdbook_specimen", "seconds": 0},
    "user/credentials": {"identification": 1000001, "email": "p1@x"},
    "user/insert": {"status": True},
    "user/update": {"status": True},
}
# What must be there for a statement to find: made by the service's own statements.
PREPARED: Mapping[str, Mapping[str, Value]] = {
    "idempotency/claim": {},
    "login_attempt/count": {},
    "session/revoke": {},
    "load_progress/begin": {},
    "user/insert": {"identification": 1000001, "email": "p1@x", "phone": "+1", "status": True},
}
# Text for the marks of statements that serve any table.
CHOSEN: Mapping[str, Mapping[str, str]] = {
    "backup/restore_rows": {
        "table": "species",
        "columns": "id, name",
        "paths": "id TEXT PATH '$[0]', name TEXT PATH '$[1]'",
    },
}


@dataclass(frozen=True, slots=True)
class Specimen:
    """One file of sql/ with values to run it with."""

    name: str
    statement: Statement
    values: Mapping[str, Value]

    @property
    def header(self) -> list[str]:
        """The lines on top that say what it answers and by which index."""
        return header_of(self.statement.text)

    def text(self) -> str:
        """What is sent."""
        return self.statement.render(self.values, pymysql.converters.escape_string)


def header_of(text: str) -> list[str]:
    """The comment lines on top of a statement's file, bare."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return lines


def promised(text: str) -> set[str] | None:
    """What serves it by its header: `table.index` or `table whole`, nothing for `no index`; None: it does not say."""
    lines = header_of(text)
    begins = [at for at, line in enumerate(lines) if re.match(r"By (no index|\w+\.\w+|\w+ whole)\b", line)]
    if not begins:
        return None
    named = " ".join(lines[begins[-1] :]).removeprefix("By ").removesuffix(".").partition(";")[0]
    return set() if named == "no index" else set(named.split(", "))


def specimens() -> Iterator[Specimen]:
    """All files of sql/, each with values for its parameters."""
    for path in sorted(SQL.rglob("*.sql")):
        name = path.relative_to(SQL).with_suffix("").as_posix()
        statement = Statement.parse(name, path.read_text("utf-8")).choose(**CHOSEN.get(name, {}))
        given = {**VALUES, "rows": ROWS, **OTHERWISE.get(name, {})}
        yield Specimen(name, statement, {one: given[one] for one in _needed(name, statement)})


def _needed(name: str, statement: Statement) -> set[str]:
    """The parameters that must have a value; of lines that may be left out only an update's are given."""
    optional = name.endswith("/update")
    return {one for line in statement.lines if optional or not line.is_optional for one in line.pieces[1::2]}


def prepare(cursor: Any) -> None:
    """Have in the database what the statements ask for, and a session like the service's."""
    for text in SESSION:
        cursor.execute(text)
    for name, values in PREPARED.items():
        statement = Statement.parse(name, (SQL / f"{name}.sql").read_text("utf-8"))
        with suppress(pymysql.IntegrityError):  # it is there already
            cursor.execute(statement.render({**VALUES, **values}, pymysql.converters.escape_string))


def plan(cursor: Any, specimen: Specimen, tables: set[str]) -> list[str]:
    """How the server would run it: for each of `tables` that it reads or stores into `table.index` or `table whole`."""
    text = specimen.text()
    if not text.lstrip().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "(")):
        return []
    cursor.execute("START TRANSACTION")  # some statements do nothing outside one
    cursor.execute("EXPLAIN FORMAT=JSON " + text)
    found: list[dict[str, Any]] = []
    _walk(json.loads(cursor.fetchone()[0]), found)
    cursor.execute("ROLLBACK")
    bare = re.sub(r"/\*.*?\*/", "", text)
    aliases = {alias: table for table, alias in re.findall(r"(?:FROM|JOIN)\s+(\w+)\s+AS\s+(\w+)", bare)}
    used: dict[str, None] = {}
    if stored := re.match(r"\s*INSERT (?:IGNORE )?INTO\s+(\w+)", bare):
        used[f"{stored[1]}.PRIMARY"] = None
    for one in found:
        table = aliases.get(one["table_name"], one["table_name"])
        if table not in tables or (stored and table == stored[1] and "access_type" not in one):
            continue
        key = str(one.get("key") or "")
        used[f"{table}.{key}" if key else f"{table} whole"] = None
    return list(used)


def _walk(node: Any, found: list[dict[str, Any]]) -> None:
    if isinstance(node, list):
        for one in node:
            _walk(one, found)
    elif isinstance(node, dict):
        table = node.get("table")
        if isinstance(table, dict) and "table_name" in table:
            found.append(table)
        for one in node.values():
            _walk(one, found)


def base_tables(cursor: Any) -> set[str]:
    """The tables of the database."""
    cursor.execute("SHOW TABLES")
    return {str(row[0]) for row in cursor.fetchall()}


def shown(cursor: Any, specimen: Specimen, tables: set[str]) -> Iterator[str]:
    """Run it, undo it, and give the lines that say what it is, how it was run and what it gave."""
    yield f"sql/{specimen.name}.sql"
    yield from (f"  {line}" for line in specimen.header)
    yield f"  plan: {', '.join(plan(cursor, specimen, tables)) or 'no table'}"
    cursor.execute("SET foreign_key_checks = 0")  # rows are deleted though others refer to them
    if "TRANSACTION" not in specimen.text():
        cursor.execute("START TRANSACTION")
    # What takes tables away cannot be undone.
    count = 0 if specimen.text().lstrip().startswith("DROP") else cursor.execute(specimen.text())
    cursor.fetchall()
    cursor.execute("ROLLBACK")
    yield f"  gave: {count} rows"


def main(arguments: list[str]) -> int:
    """Print every statement; 0, or 1 where one cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m bench.statements", description=__doc__)
    parser.add_argument("words", nargs="*", help="only statements whose name has one of these")
    words = parser.parse_args(arguments).words
    failed = 0
    with tempfile.TemporaryDirectory(prefix="herdbook-sql-") as name, PrivateMariaDB(Path(name), 20) as server:
        url = server.start()
        migrate.apply(url, MIGRATIONS)
        given = {"HERDBOOK_ADMIN_PASSWORD": "Specimen-1", "HERDBOOK_SAMPLE_ANIMALS": str(ANIMALS)}
        load_once(replace(Settings.from_environment(given), database_url=url.uri()))
        with connect(url) as connection, connection.cursor() as cursor:
            prepare(cursor)
            tables = base_tables(cursor)
            for specimen in specimens():
                if words and not any(word in specimen.name for word in words):
                    continue
                try:
                    print("\n".join(shown(cursor, specimen, tables)), flush=True)
                except pymysql.Error as error:
                    cursor.execute("ROLLBACK")
                    print(f"  FAILED: {error.args[-1]}")
                    failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
