"""What bench.fill leaves is what the service leaves: the same indexes, keys and triggers, a ledger that is right."""

import re
from collections.abc import Callable
from typing import Any

from bench.fill import DIAGNOSED, fill
from service.db.audit import audited
from service.db.blocking import connect
from service.settings import DatabaseURL, Settings

ROWS = 2000
SMALL = (
    "INSERT INTO species (name) VALUES ('s')",
    "INSERT INTO breeds (name, species_id) SELECT seq, (SELECT id FROM species) FROM seq_1_to_9",
    "INSERT INTO diseases (name, symptoms, details) VALUES ('d', 's', 'd')",
    "INSERT INTO user (identification, fullname, password, email, phone, role)"
    " VALUES (1, 'i', '!', 'e', 'p', 'Instructor')",
    "INSERT INTO animals (record, sex, birth_date, weight, breeds_id) VALUES ('old', 'Macho', '2020-01-01', 1, 1)",
)


def schema(cursor: Any) -> list[str]:
    """How the server would make the tables and their triggers anew."""
    found = []
    for table in ("animals", "animal_diseases"):
        cursor.execute(f"SHOW CREATE TABLE {table}")
        found.append(re.sub(r" AUTO_INCREMENT=\d+", "", cursor.fetchone()[1]))
    cursor.execute(
        "SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_statement"
        " FROM information_schema.triggers WHERE event_object_schema = DATABASE() ORDER BY trigger_name"
    )
    return [*(sorted(line.strip(" ,") for text in found for line in text.splitlines())), *map(str, cursor.fetchall())]


def test_a_filled_table_is_like_one_that_the_service_filled(
    make_database: Callable[[], DatabaseURL], settings: Settings
) -> None:
    url = make_database()
    with connect(url) as connection, connection.cursor() as cursor:
        for statement in SMALL:
            cursor.execute(statement)
        before = schema(cursor)
        fill(url, ROWS)
        assert schema(cursor) == before
        cursor.execute("SELECT COUNT(*), COUNT(DISTINCT updated_at), SUM(record = 'old') FROM animals")
        assert tuple(map(int, cursor.fetchone())) == (ROWS, ROWS, 0)
        cursor.execute("SELECT COUNT(*) FROM animal_diseases JOIN animals ON animals.id = animal_id")
        assert cursor.fetchone()[0] == ROWS // DIAGNOSED
        cursor.execute(
            "SELECT COUNT(*) FROM animals JOIN animals AS m ON m.id = animals.idMother WHERE m.sex = 'Hembra'"
        )
        assert cursor.fetchone()[0] == ROWS - 1000
    there = Settings.from_environment({**settings.to_environment(), "DATABASE_URL": url.uri()})
    assert audited(there) == []
