"""A database server whose clock is set back and forth under load: times rise, nothing is stale, deltas miss nothing."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults import under_load
from http_client import Connection
from load import microseconds
from service_process import ServiceProcess

from service.db.blocking import connect
from service.db.private import PrivateMariaDB

HOUR = 3600.0
# Seconds beside the true time, one after the other; 2037 is the last whole year that MariaDB 10.11 knows of.
OFFSETS = (-HOUR, 0.0, -0.000001, 5 * 60.0, 0.0, 11 * 365.25 * 24 * HOUR, 0.0, -400 * 24 * HOUR, 0.0)
SetClock = Callable[[float], None]


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server's clock says beside the true time, as libfaketime reads it."""
    path = tmp_path_factory.mktemp("clock") / "offset"
    path.write_text("+0\n")
    return path


@pytest.fixture(scope="module")
def set_clock(clock: Path) -> SetClock:
    """Sets the clock of the server so many seconds beside the true time, in one step."""

    def set_to(offset: float) -> None:
        whole = clock.with_suffix(".new")
        whole.write_text(f"{offset:+.6f}\n")
        whole.rename(clock)

    return set_to


@pytest.fixture(scope="module")
def own_mariadb(clock: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateMariaDB]:
    """A server whose clock is `clock`'s; nobody else's is."""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    server = PrivateMariaDB(tmp_path_factory.mktemp("mariadb"), 200, database="herdbook_clock")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LD_PRELOAD", str(library))
        environment.setenv("FAKETIME_TIMESTAMP_FILE", str(clock))
        environment.setenv("FAKETIME_NO_CACHE", "1")
        environment.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        server.start()
    with server:
        yield server


@pytest.fixture(scope="module")
def service(own_mariadb: PrivateMariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service on that server."""
    with ServiceProcess(own_mariadb.start(), tmp_path_factory.mktemp("service")) as running:
        yield running


async def test_under_load_nothing_is_stale_whatever_the_clock_says(
    service: ServiceProcess, set_clock: SetClock
) -> None:
    connection = Connection(service.host, service.port, service.token)
    since = (await connection.request("GET", "/species?limit=1")).json["meta"]["as_of"]
    copied = {row["id"]: row for row in (await connection.request("GET", "/species?limit=1000")).json["data"]}
    async with under_load(service, seed=1, count=8):
        for offset in OFFSETS:
            set_clock(offset)
            await asyncio.sleep(0.6)
            told = (await connection.request("GET", f"/species?since={since}&limit=1000")).json
            copied = replayed(copied, told)
            since = told["meta"]["next_since"]
    told = (await connection.request("GET", f"/species?since={since}&limit=1000")).json
    assert not told["meta"]["has_more"]
    table = (await connection.request("GET", "/species?limit=1000")).json["data"]
    await connection.close()
    assert replayed(copied, told) == {row["id"]: row for row in table}
    with connect(service.url) as database, database.cursor() as cursor:
        cursor.execute("SELECT MAX(updated_at), COUNT(*) - COUNT(DISTINCT updated_at) FROM species")
        latest, twice = cursor.fetchone()
    assert latest.year > 2030  # the clock was the server's, and times given then are not given again
    assert twice == 0


def replayed(rows: dict[int, dict[str, object]], told: dict[str, object]) -> dict[int, dict[str, object]]:
    """`rows` after the changes of a delta."""
    changed: list[dict[str, object]] = told["data"]  # type: ignore[assignment]
    gone: list[int] = told["meta"]["deleted"]  # type: ignore[index]
    times = [microseconds(str(row["updated_at"])) for row in changed]
    assert times == sorted(set(times))
    after = {**rows, **{int(str(row["id"])): row for row in changed}}
    return {row_id: row for row_id, row in after.items() if row_id not in gone}


def test_a_server_is_known_by_its_start_whatever_the_clock_says(
    own_mariadb: PrivateMariaDB, set_clock: SetClock
) -> None:
    """Else a COMMIT in flight would count as over when the clock is set."""
    statement = (Path(__file__).parents[2] / "sql/server/start.sql").read_text()
    said = set()
    with connect(own_mariadb.start()) as connection, connection.cursor() as cursor:
        for offset in OFFSETS:
            set_clock(offset)
            cursor.execute(statement)
            said.add(int(cursor.fetchone()[0]))
    assert len(said) == 1
