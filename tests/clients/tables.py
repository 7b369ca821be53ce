"""What a table of the service's database holds, in the form in which a copy has it."""

from datetime import date, datetime
from typing import Any

from service.db.blocking import connect
from service.settings import DatabaseURL

COLUMNS = {
    "species": ("id", "name", "created_at", "updated_at"),
    "animals": (
        *("id", "record", "sex", "birth_date", "weight", "status", "breeds_id", "idFather", "idMother"),
        *("created_at", "updated_at"),
    ),
}


def table(url: DatabaseURL, name: str) -> list[dict[str, Any]]:
    """The rows of a table, by id."""
    columns = COLUMNS[name]
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM `{name}` ORDER BY id")
        return [{key: _said(value) for key, value in zip(columns, row, strict=True)} for row in cursor.fetchall()]


def run(url: DatabaseURL, statement: str, *values: Any) -> None:
    """Run a statement typed by hand."""
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='microseconds')}Z"
    return value.isoformat() if isinstance(value, date) else value
