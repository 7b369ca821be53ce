"""What changes about a person counts at the very next request on every worker (S8): 500 changes, each asked of four."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import faults
import pytest
from http_client import Connection
from service_process import ServiceProcess

from service.auth.tokens import Tokens
from service.db.blocking import connect
from service.db.private import PrivateMariaDB

KEY = "the-tests-sign-their-tokens-with-this"
CHANGES = 500
NOBODY = "/species/999999999"
# What a session may do, told apart by the answer to a DELETE of no row: nothing, too little, whatever it likes.
OVER, INACTIVE, ORDINARY, ADMIN = (401, "JWT_ERROR"), (403, "USER_INACTIVE"), (403, "ADMIN_ROLE_REQUIRED"), (404, None)


class Person:
    """Somebody with sessions, of which the test knows what each must be answered now."""

    def __init__(self, service: ServiceProcess, user_id: int, number: int) -> None:
        self.service = service
        self.id = user_id
        self.number = number
        self.role = "Aprendiz"
        self.active = True
        self.password = f"Correct-Horse-{number}"
        self.token = ""
        self.over: list[str] = []

    @property
    def expected(self) -> tuple[int, str | None]:
        if not self.active:
            return INACTIVE
        return ADMIN if self.role == "Administrador" else ORDINARY

    def open(self) -> None:
        """A new session, signed as a login signs it."""
        with connect(self.service.url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id, identification, role, fullname, password FROM user WHERE id = %s", [self.id])
            names = [column[0] for column in cursor.description or ()]
            row = dict(zip(names, cursor.fetchone() or (), strict=True))
        tokens = Tokens(KEY)
        session = f"{self.id}-{len(self.over)}-{random.getrandbits(64):x}"
        self.token = tokens.issue(row, "access", session, tokens.mark(row["password"])).text

    def end(self) -> None:
        """The session is over, and another one begins."""
        self.over.append(self.token)
        self.open()


@pytest.fixture
async def workers(service: ServiceProcess) -> AsyncIterator[dict[int, Connection]]:
    """A connection to each of the four workers."""
    found = await connected(service)
    yield found
    for connection in found.values():
        await connection.close()


async def connected(service: ServiceProcess) -> dict[int, Connection]:
    pids = set(service.worker_pids())
    found: dict[int, Connection] = {}
    async with asyncio.timeout(60):
        while found.keys() != pids:
            one = Connection(service.host, service.port, service.token)
            worker = (await one.request("GET", "/auth/me")).worker
            if worker in found:
                await one.close()
            else:
                found[worker] = one
    assert len(found) == 4
    return found


async def asked(workers: dict[int, Connection], token: str) -> list[tuple[int, str | None]]:
    """What each worker says to a DELETE of no row."""

    async def one(worker: int, connection: Connection) -> tuple[int, str | None]:
        connection.token = token
        answer = await connection.request("DELETE", NOBODY)
        assert answer.worker == worker
        return answer.status, None if answer.status == 404 else answer.json["error"]["code"]

    return list(await asyncio.gather(*(one(*each) for each in workers.items())))


async def made(admin: Connection, service: ServiceProcess, number: int) -> Person:
    body = {
        "identification": 700_000_000 + number,
        "fullname": f"person {number}",
        "email": f"identity{number}@farm.example",
        "phone": f"700{number}",
        "password": f"Correct-Horse-{number}",
        "role": "Aprendiz",
    }
    answer = await admin.request("POST", "/users", body)
    assert answer.status == 201, answer.body
    person = Person(service, answer.json["data"]["id"], number)
    person.open()
    return person


async def change_role(admin: Connection, person: Person, workers: dict[int, Connection]) -> None:
    person.role = "Aprendiz" if person.role == "Administrador" else "Administrador"
    assert (await admin.request("PATCH", f"/users/{person.id}", {"role": person.role})).status == 200


async def change_status(admin: Connection, person: Person, workers: dict[int, Connection]) -> None:
    person.active = not person.active
    assert (await admin.request("PATCH", f"/users/{person.id}", {"status": person.active})).status == 200


async def log_out(admin: Connection, person: Person, workers: dict[int, Connection]) -> None:
    connection = random.choice(list(workers.values()))
    connection.token = person.token
    assert (await connection.request("POST", "/auth/logout")).status == 200
    person.end()


async def change_password(admin: Connection, person: Person, workers: dict[int, Connection]) -> None:
    new = f"Another-Horse-{len(person.over)}-{person.number}"
    if person.active and person.number % 2:
        connection = random.choice(list(workers.values()))
        connection.token = person.token
        said = {"current_password": person.password, "new_password": new}
        answer = await connection.request("POST", "/auth/change-password", said)
    else:
        answer = await admin.request("PATCH", f"/users/{person.id}", {"password": new})
    assert answer.status == 200, answer.body
    person.password = new
    person.end()


Change = Callable[[Connection, Person, dict[int, Connection]], Coroutine[Any, Any, None]]
# Passwords are rare: each costs an argon2.
KINDS: list[Change] = [*[change_role] * 8, *[change_status] * 8, *[log_out] * 6, change_password]


async def test_five_hundred_changes_count_at_the_next_request_on_each_of_four_workers(
    service: ServiceProcess, workers: dict[int, Connection]
) -> None:
    random.seed(8)
    admin = Connection(service.host, service.port, service.token)
    people = [await made(admin, service, number) for number in range(6)]
    done = {kind.__name__: 0 for kind in KINDS}
    for _ in range(CHANGES):
        person, change = random.choice(people), random.choice(KINDS)
        assert await asked(workers, person.token) == [person.expected] * 4  # remembered on all
        await change(admin, person, workers)
        done[change.__name__] += 1
        assert await asked(workers, person.token) == [person.expected] * 4, (change.__name__, person.role)
        if person.over and person.over[-1]:
            assert await asked(workers, person.over[-1]) == [OVER] * 4, change.__name__
    assert min(done.values()) >= 5, done
    await admin.close()


@pytest.mark.parametrize("fault", [faults.reload_workers, faults.kill_master])
async def test_what_is_over_stays_so_across_a_restart(
    service: ServiceProcess, mariadb: PrivateMariaDB, fault: faults.Fault
) -> None:
    admin = Connection(service.host, service.port, service.token)
    workers = await connected(service)
    first = 100 if fault is faults.kill_master else 200
    person, other = [await made(admin, service, first + number) for number in (1, 2)]
    await log_out(admin, person, workers)
    await change_password(admin, person, workers)
    await change_status(admin, other, workers)
    await admin.close()
    for connection in workers.values():
        await connection.close()
    await fault(service, mariadb, random.Random(8))
    await asyncio.to_thread(service.wait_for_workers)
    anew = await connected(service)
    for token in person.over:
        assert await asked(anew, token) == [OVER] * 4
    assert await asked(anew, person.token) == [ORDINARY] * 4
    assert await asked(anew, other.token) == [INACTIVE] * 4
    for connection in anew.values():
        await connection.close()
