"""Fills animals and their diagnoses with any number of rows in minutes, as the service itself would have left them.

The rows come from the server's own table of numbers, in one INSERT … SELECT a table. The triggers are away meanwhile
and the indexes are made afterwards, all at once; then each table has its triggers again, and a ledger row that says
what is there.
"""

from collections.abc import Sequence
from typing import Any

from service.db.blocking import connect
from service.settings import DatabaseURL

DIAGNOSED = 4  # one animal of so many has a diagnosis
# A mother has 8 young and a father 40, all born later: so no family grows with the table.
ANIMALS = """
INSERT INTO animals (id, record, sex, birth_date, weight, status, breeds_id, idFather, idMother, created_at, updated_at)
SELECT seq, CONCAT('G-', LPAD(seq, 9, '0')), IF(seq %% 2, 'Hembra', 'Macho'),
  '2012-01-01' + INTERVAL seq * 7919 %% 4000 DAY, 1 + seq * 31 %% 900,
  ELT(1 + (seq %% 10 > 6) + (seq %% 10 > 8), 'Vivo', 'Vendido', 'Muerto'), 1 + seq %% %(breeds)s,
  IF(seq > 1000, 2 * (seq DIV 40) + 2, NULL), IF(seq > 1000, 2 * (seq DIV 8) + 1, NULL),
  '2021-01-01' + INTERVAL seq * 10 SECOND, '2021-01-01' + INTERVAL seq * 10 SECOND
FROM seq_1_to_{rows}
"""
DIAGNOSES = """
INSERT INTO animal_diseases (id, animal_id, disease_id, instructor_id, diagnosis_date, status, created_at, updated_at)
SELECT seq, seq * {each}, 1 + seq %% %(diseases)s, 1 + seq %% %(people)s, '2021-01-01' + INTERVAL seq %% 1500 DAY,
  IF(seq %% 3, 'Curado', 'Activo'), '2021-01-01' + INTERVAL seq * 10 SECOND, '2021-01-01' + INTERVAL seq * 10 SECOND
FROM seq_1_to_{rows}
"""
LEDGER = """
UPDATE ledger SET version = version + 1, row_count = (SELECT COUNT(*) FROM {table}),
  last_modified = GREATEST(NOW(6), last_modified + INTERVAL 1 MICROSECOND)
WHERE table_name = '{table}'
"""


def fill(url: DatabaseURL, animals: int) -> None:
    """Put `animals` animals and a quarter as many diagnoses in the place of those there; nobody else may write."""
    diagnoses = DIAGNOSES.format(rows=animals // DIAGNOSED, each=DIAGNOSED)
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET unique_checks = 0, foreign_key_checks = 0, sort_buffer_size = 16777216")
        values = {
            name: _one(cursor, f"SELECT MAX(id) FROM {table}")
            for name, table in (("breeds", "breeds"), ("diseases", "diseases"), ("people", "user"))
        }
        for table, text in (("animals", ANIMALS.format(rows=animals)), ("animal_diseases", diagnoses)):
            _refill(cursor, table, text, values)


def _refill(cursor: Any, table: str, text: str, values: dict[str, int]) -> None:
    triggers, (keys, references) = _triggers(cursor, table), _indexes(cursor, table)
    cursor.execute(f"TRUNCATE TABLE {table}")
    for name, _ in triggers:
        cursor.execute(f"DROP TRIGGER {name}")
    _alter(cursor, table, [f"DROP FOREIGN KEY {_name(line)}" for line in references])
    _alter(cursor, table, [f"DROP KEY {_name(line)}" for line in keys])
    cursor.execute(text, values)
    _alter(cursor, table, [f"ADD {line}" for line in keys])
    _alter(cursor, table, [f"ADD {line}" for line in references])
    for _, made in triggers:
        cursor.execute(made)
    cursor.execute(LEDGER.format(table=table))
    cursor.execute(f"ANALYZE TABLE {table}")
    cursor.fetchall()


def _indexes(cursor: Any, table: str) -> tuple[list[str], list[str]]:
    """The lines of the table's definition for its further indexes, and for its foreign keys."""
    cursor.execute(f"SHOW CREATE TABLE {table}")
    lines = [line.strip().rstrip(",") for line in cursor.fetchone()[1].splitlines()]
    keys = [line for line in lines if line.startswith(("KEY ", "UNIQUE KEY "))]
    return keys, [line for line in lines if line.startswith("CONSTRAINT ") and " FOREIGN KEY " in line]


def _triggers(cursor: Any, table: str) -> list[tuple[str, str]]:
    """Name and statement of each trigger of the table."""
    cursor.execute(
        "SELECT trigger_name, action_timing, event_manipulation, action_statement FROM information_schema.triggers"
        " WHERE event_object_schema = DATABASE() AND event_object_table = %s",
        [table],
    )
    return [
        (name, f"CREATE TRIGGER {name} {timing} {event} ON {table} FOR EACH ROW {does}")
        for name, timing, event, does in cursor.fetchall()
    ]


def _name(line: str) -> str:
    """The quoted name that a line of a definition gives."""
    return f"`{line.split('`')[1]}`"


def _alter(cursor: Any, table: str, changes: Sequence[str]) -> None:
    if changes:
        cursor.execute(f"ALTER TABLE {table} {', '.join(changes)}")


def _one(cursor: Any, statement: str) -> int:
    cursor.execute(statement)
    return int(cursor.fetchone()[0])
