"""The sample farm is loaded whole or not at all, so that a start which was cut short is made good by the next."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from service.db.blocking import connect
from service.sample import load
from service.sample.rows import Row
from service.settings import DatabaseURL, Settings


def test_a_load_that_is_cut_short_leaves_nothing(
    make_database: Callable[[], DatabaseURL], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_database()
    settings = Settings.from_environment(
        {"DATABASE_URL": url.uri(), "HERDBOOK_SAMPLE_ANIMALS": "40", "HERDBOOK_DATA_DIR": str(tmp_path)}
    )
    batches, cut = load._batches, iter((False, False, True))

    def cut_at_the_third(rows: Iterable[Row]) -> Iterator[list[Row]]:
        if next(cut):
            raise InterruptedError
        return batches(rows)

    with monkeypatch.context() as patched:
        patched.setattr(load, "_batches", cut_at_the_third)
        with pytest.raises(InterruptedError):
            load.load_once(settings)
    assert [count(url, table) for table in load.TABLES] == [0] * len(load.TABLES)
    assert load.load_once(settings) is not None
    assert count(url, "animals") == 40
    assert load.load_once(settings) is None


def count(url: DatabaseURL, table: str) -> int:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM `{table}`")
        return int(cursor.fetchone()[0])
