"""A further table is one migration, one folder of statements and one module; the whole contract then holds for it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("service", "static", "clients", "sql", "migrations", "tests", "docs", "run.py", "setup.cfg", "yoyo.ini")

MODULE = '''"""Vaccines: what animals may be given."""

from service.resources.fields import Day, Note255, PositiveInt, Text100, Text255
from service.resources.resource import Kind, Label, Record, Resource


class Vaccine(Record):
    name: Text100
    maker: Text255
    dose: PositiveInt
    tested_on: Day
    remark: Note255 | None = None


RESOURCE = Resource(
    route="vaccines",
    table="vaccines",
    record=Vaccine,
    label=Label("vacuna", "vacunas", "vaccine", feminine=True),
    private=True,
    filters={"dose": Kind.NUMBER, "tested_on": Kind.DAY},
    sorts=("name", "dose", "tested_on"),
    unique=frozenset({"name"}),
)
'''

TABLE = """-- The vaccines of the farm, kept in the ledger like every table.
-- transactional: false

CREATE TABLE IF NOT EXISTS vaccines (
  id         BIGINT       NOT NULL AUTO_INCREMENT,
  name       VARCHAR(100) NOT NULL,
  maker      VARCHAR(255) NOT NULL,
  dose       INT          NOT NULL,
  tested_on  DATE         NOT NULL,
  remark     VARCHAR(255) NULL,
  created_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  updated_at DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY uq_vaccines_name (name),
  KEY ix_vaccines_updated_at (updated_at),
  KEY ix_vaccines_created_at (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

"""
ADDED = ("dose", "tested_on", "remark")
RANGES = {"": "IN %(C)s", "__ne": "NOT IN %(C__ne)s", "__gte": ">= %(C__gte)s", "__gt": "> %(C__gt)s"}
RANGES |= {"__lte": "<= %(C__lte)s", "__lt": "< %(C__lt)s"}


def as_vaccines(text: str) -> str:
    """A statement of diseases, made into the one of vaccines: other names, and three more columns."""
    text = text.replace("diseases", "vaccines").replace("symptoms", "maker")
    text = re.sub(r"\n\s*',\"details\":', JSON_QUOTE\((\w+\.)?details\),", _json_columns, text)
    text = re.sub(
        r"/\* relations: \*/\n.*?/\* :relations \*/", "/* relations: */ /* :relations */", text, flags=re.DOTALL
    )
    text = text.replace("IN ('vaccines', 'animal_vaccines', 'animals')", "IN ('vaccines')")
    has = "has_{0} INT EXISTS PATH '$.{0}'"
    text = text.replace("has_details  INT EXISTS PATH '$.details'", ", ".join(has.format(name) for name in ADDED))
    setting = "vaccines.{0} = IF(given.has_{0}, given.{0}, vaccines.{0})"
    text = text.replace(setting.format("details"), ", ".join(setting.format(name) for name in ADDED))
    text = text.replace("given.details", "given.dose, given.tested_on, given.remark")
    text = re.sub(r"(\n  )details,", r"\1dose, tested_on, remark,", text)
    text = text.replace("%(details)s)", "%(dose)s, %(tested_on)s, %(remark)s)")
    text = text.replace("VALUES(details)", "VALUES(dose), tested_on = VALUES(tested_on), remark = VALUES(remark)")
    text = text.replace("CONCAT_WS('\\n', name, maker, details)", "CONCAT_WS('\\n', name, maker, remark)")
    text = text.replace(
        "id = %(search_number)s", "id = %(search_number)s OR dose = %(search_number)s OR tested_on LIKE %(search_day)s"
    )
    text = re.sub(r"(\n\s*), details = %\(details\)s  -- if given", _update_columns, text)
    text = re.sub(r"(\n\s*)details\s+VARCHAR\(255\)([^\n]*)PATH '\$\.details'", _json_table_columns, text)
    text = re.sub(r"(\n\s*AND )created_at IN ", _filters, text, count=1)
    return text.replace("maker, details", "maker, dose, tested_on, remark")


def _json_columns(found: re.Match[str]) -> str:
    of = found[1] or ""
    return (
        f"\n',\"dose\":', {of}dose,\n',\"tested_on\":\"', {of}tested_on, '\"',"
        f"\n',\"remark\":', COALESCE(JSON_QUOTE({of}remark), 'null'),"
    )


def _update_columns(found: re.Match[str]) -> str:
    return "".join(f"{found[1]}, {name} = %({name})s  -- if given" for name in ADDED)


def _json_table_columns(found: re.Match[str]) -> str:
    columns = (("dose", "INT"), ("tested_on", "DATE"), ("remark", "VARCHAR(255)"))
    return ",".join(f"{found[1]}{name} {kind} PATH '$.{name}'" for name, kind in columns)


def _filters(found: re.Match[str]) -> str:
    lines = (
        f"{found[1]}{name} {how.replace('C', name)}  -- if given"
        for name in ("dose", "tested_on")
        for how in RANGES.values()
    )
    return "".join(lines) + found[0]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The tree with a seventh table added to it, by new files only."""
    for name in CODE:
        source = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(source, tmp_path / name, ignore=ignored) if source.is_dir() else shutil.copy(source, tmp_path)
    (tmp_path / "service" / "resources" / "vaccines.py").write_text(MODULE)
    folder = tmp_path / "sql" / "vaccines"
    folder.mkdir()
    for statement in sorted((ROOT / "sql" / "diseases").glob("*.sql")):
        if statement.name != "dependents.sql":
            (folder / statement.name).write_text(as_vaccines(statement.read_text("utf-8")))
    triggers = (ROOT / "migrations" / "0004_ledger_triggers.sql").read_text("utf-8")
    own = triggers[triggers.index("-- diseases: ") : triggers.index("-- animal_diseases: ")]
    (tmp_path / "migrations" / "0100_vaccines.sql").write_text(TABLE + own.replace("diseases", "vaccines"))
    (tmp_path / "migrations" / "0100_vaccines.rollback.sql").write_text(
        "-- transactional: false\n\nDROP TABLE IF EXISTS vaccines;\n"
    )
    return tmp_path


def test_the_contract_holds_for_a_table_that_was_added(copy: Path) -> None:
    suites = ("lists", "filters", "relations", "rows", "since", "bulk", "conditional", "access")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "vaccines",
        f"--basetemp={copy / 'run'}",
    ]
    command += [f"tests/contract/test_{suite}.py" for suite in suites]
    run = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed is not None
    assert int(passed[1]) > 350
