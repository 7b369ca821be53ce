"""Workers, masters and the database are killed, stopped and continued under load: every answer stays exact."""

import asyncio
from collections.abc import Iterator
from random import Random

import faults
import pytest
from faults import under_load
from service_process import ServiceProcess

from service.db.private import PrivateMariaDB

SEED = 1


@pytest.fixture(scope="module")
def own_mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateMariaDB]:
    """A server that may be killed: it waits for the disk at each COMMIT."""
    with PrivateMariaDB(tmp_path_factory.mktemp("mariadb"), 200, database="herdbook_kills") as server:
        yield server


@pytest.fixture(scope="module")
def service(own_mariadb: PrivateMariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service on that server."""
    with ServiceProcess(own_mariadb.start(), tmp_path_factory.mktemp("service")) as running:
        yield running


async def test_killed_workers_leave_the_others_exact_and_are_replaced(
    service: ServiceProcess, own_mariadb: PrivateMariaDB
) -> None:
    random = Random(SEED)
    async with under_load(service, SEED):
        for _ in range(3):
            await faults.kill_worker(service, own_mariadb, random)
            await asyncio.sleep(0.5)


async def test_a_worker_killed_in_its_commit_is_cleared_up(
    service: ServiceProcess, own_mariadb: PrivateMariaDB
) -> None:
    async with under_load(service, SEED + 1, write_share=0.9):
        for _ in range(2):
            await faults.kill_worker_in_commit(service, own_mariadb, Random(SEED))


async def test_a_stopped_worker_goes_on_exactly_where_it_stood(
    service: ServiceProcess, own_mariadb: PrivateMariaDB
) -> None:
    random = Random(SEED)
    async with under_load(service, SEED + 2):
        for _ in range(4):
            await faults.stop_worker_for_a_while(service, own_mariadb, random)
            await asyncio.sleep(0.3)


@pytest.mark.parametrize("fault", [faults.kill_master, faults.reload_workers])
async def test_while_workers_change_never_two_generations_serve(
    service: ServiceProcess, own_mariadb: PrivateMariaDB, fault: faults.Fault
) -> None:
    async with under_load(service, SEED + 3):
        await fault(service, own_mariadb, Random(SEED))
    assert len({said["generations"]["epoch"] for said in service.cache_stats().values()}) == 1


async def test_a_killed_database_loses_no_answered_write(service: ServiceProcess, own_mariadb: PrivateMariaDB) -> None:
    async with under_load(service, SEED + 5) as recorder:
        await faults.kill_database(service, own_mariadb, Random(SEED))
        await asyncio.sleep(1)
    assert recorder.statuses[503] > 0
