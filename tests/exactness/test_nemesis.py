"""Twenty faults at random, one after the other under load: nothing stale, nothing lost, and well again after each."""

import time
from random import Random

from faults import FAULTS, kill_database, under_load
from service_process import ServiceProcess

from service.db.private import PrivateMariaDB

COUNT = 20
WELL_AGAIN = 12.0  # seconds: ten, and the two that a fault itself may hold a worker or the database


async def test_twenty_faults_at_random_leave_the_service_exact(
    service: ServiceProcess, mariadb: PrivateMariaDB
) -> None:
    random = Random("nemesis 1")
    # The database is not ours alone: the other tests' connections to it would go with it.
    faults = [one for one in FAULTS if one is not kill_database]
    async with under_load(service, seed=1, count=8):
        for _ in range(COUNT):
            begun = time.monotonic()
            await random.choice(faults)(service, mariadb, random)
            service.wait_for_workers()
            assert time.monotonic() - begun < WELL_AGAIN
