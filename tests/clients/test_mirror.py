"""A mirror ends with exactly the table, whatever happens meanwhile; waiting writes are done in order."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from conftest import Way
from herdbook_client import Client, Copy, Mirror, Outbox, Unreachable, replay
from herdbook_client import mirror as mirror_module
from herdbook_client.replay import Result
from service_process import PASSWORD, ServiceProcess
from tables import run, table
from waiting import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    """An empty copy."""
    with Copy(tmp_path / "farm.sqlite") as copy:
        yield copy


async def test_a_copy_is_the_table_and_stays_it(service: ServiceProcess, client: Client, copy: Copy) -> None:
    mirror = Mirror(client, copy)
    await mirror.catch_up("animals")
    assert copy.rows("animals") == table(service.url, "animals")
    assert copy.count("animals") > 250
    run(service.url, "UPDATE animals SET weight = weight + 1 WHERE id % 7 = 0")
    run(service.url, "DELETE FROM animal_diseases")
    run(service.url, "DELETE FROM animals WHERE idFather IS NOT NULL AND id % 5 = 0 AND id NOT IN"
        " (SELECT * FROM (SELECT idFather FROM animals WHERE idFather IS NOT NULL UNION"
        " SELECT idMother FROM animals WHERE idMother IS NOT NULL) AS parents)")  # fmt: skip
    await seen(client, "animals", service)
    await mirror.catch_up("animals")
    assert copy.rows("animals") == table(service.url, "animals")


async def test_a_copy_can_be_asked_in_sql(service: ServiceProcess, client: Client, copy: Copy, tmp_path: Path) -> None:
    await Mirror(client, copy).catch_up("animals")
    with sqlite3.connect(tmp_path / "farm.sqlite") as other:
        found = other.execute(
            "SELECT record FROM animals WHERE status = 'Vivo' AND weight > 300 ORDER BY id"
        ).fetchall()
    other.close()
    rows = table(service.url, "animals")
    assert [record for (record,) in found] == [
        row["record"] for row in rows if row["status"] == "Vivo" and row["weight"] > 300
    ]


async def test_a_walk_that_was_ended_goes_on_where_it_stood(
    service: ServiceProcess, way: Way, copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror_module, "LARGEST_PAGE", 50)
    at = copy.place("animals")
    await Mirror(way.client, copy)._walk("animals", at, "")
    begun = copy.place("animals")
    assert begun.walk_cursor is not None
    run(service.url, "UPDATE animals SET weight = weight + 1 WHERE id < 20")  # rows that were read already
    way.proxy.go_away()
    with pytest.raises(Unreachable):
        await Mirror(way.client, copy).catch_up("animals")
    assert copy.place("animals") == begun
    way.proxy.come_back()
    await seen(way.client, "animals", service)
    await Mirror(way.client, copy).catch_up("animals")
    assert copy.rows("animals") == table(service.url, "animals")


async def test_what_is_no_longer_known_is_read_anew(service: ServiceProcess, client: Client, copy: Copy) -> None:
    mirror = Mirror(client, copy)
    row = await client.create("species", {"name": "about to be forgotten"})
    await mirror.catch_up("species")
    await client.delete("species", row["id"])
    later = await client.create("species", {"name": "later"})
    run(service.url, "UPDATE ledger SET deltas_from = %s WHERE table_name = 'species'", stamp(later["updated_at"]))
    run(service.url, "DELETE FROM tombstone WHERE table_name = 'species'")
    await client.create("species", {"name": "so that no cached delta is left"})
    changes = [change async for change in mirror.steps("species")]
    assert [change.whole for change in changes] == [True, False]
    assert copy.rows("species") == table(service.url, "species")


async def test_a_copy_of_people_begins_anew_with_another_reader(
    service: ServiceProcess, client: Client, copy: Copy
) -> None:
    async with Client(f"http://{service.host}:{service.port}") as nobody:
        apprentice = await client.create(
            "users",
            {
                "identification": 7007,
                "fullname": "A reader",
                "email": "reader@example.org",
                "phone": "7007",
                "password": "Reader-of-7",
                "role": "Aprendiz",
            },
        )
        await nobody.log_in(7007, "Reader-of-7")
        await Mirror(nobody, copy).catch_up("users")
        assert {"phone" in row for row in copy.rows("users") if row["id"] != apprentice["id"]} == {False}
        await Mirror(client, copy).catch_up("users")
        assert {"phone" in row for row in copy.rows("users")} == {True}


async def test_changes_are_followed_as_they_come(way: Way, client: Client, copy: Copy) -> None:
    mirror = Mirror(way.client, copy)
    names: list[str] = []

    async def follow() -> None:
        async for change in mirror.follow("species"):
            names.extend(row["name"] for row in change.rows)

    following = asyncio.create_task(follow())
    await until(lambda: copy.count("species") > 0)
    for number in range(3):
        await client.create("species", {"name": f"followed {number}"})
        await until(partial(names.__contains__, f"followed {number}"))
        way.proxy.go_away()
        await asyncio.sleep(0.1)
        way.proxy.come_back()
    assert not following.done()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def test_two_who_keep_one_copy_do_not_harm_it(service: ServiceProcess, client: Client, tmp_path: Path) -> None:
    with Copy(tmp_path / "shared.sqlite") as first, Copy(tmp_path / "shared.sqlite") as second:
        for number in range(5):
            writing = [client.create("species", {"name": f"shared {number} {one}"}) for one in range(8)]
            mirrors = [Mirror(client, copy).catch_up("species") for copy in (first, second)]
            await asyncio.gather(*writing, *mirrors)
        await asyncio.gather(*(Mirror(client, copy).catch_up("species") for copy in (first, second)))
        assert first.rows("species") == second.rows("species") == table(service.url, "species")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_mirrors_and_is_told_to_end(
    service: ServiceProcess, tmp_path: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "run.py", "mirror", "animals", "species", "--to", str(tmp_path / "farm.sqlite")]
    command += ["--server", f"http://{service.host}:{service.port}"]
    environment = {"HERDBOOK_ADMIN_PASSWORD": PASSWORD, "PATH": ""}
    done = subprocess.run([*command, "--once"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "animals: 3" in done.stdout or "animals: 2" in done.stdout
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert [running.stdout.readline().split(":")[0] for _ in range(2)] == ["animals", "species"]
        run(service.url, "INSERT INTO species (name) VALUES (%s)", f"told by {number.name}")
        assert running.stdout.readline().startswith("species: 1 set, 0 deleted; ")
        running.send_signal(number)
        try:
            assert running.wait(20) == 0
        finally:
            running.kill()
    refused = subprocess.run(
        [*command, "--once"],
        cwd=ROOT,
        env={**environment, "HERDBOOK_ADMIN_PASSWORD": "wrong-Password-1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode == 1
    assert "INVALID_CREDENTIALS" in refused.stdout


# Without the service.


async def test_writes_without_the_service_are_done_in_order_and_once(
    service: ServiceProcess, way: Way, copy: Copy
) -> None:
    mirror, outbox = Mirror(way.client, copy), Outbox(copy)
    for resource in ("species", "breeds", "animals"):
        await mirror.catch_up(resource)
    way.proxy.go_away()
    animal = copy.rows("animals")[0]
    species = outbox.create("species", {"name": "made in the field"})
    breed = outbox.create("breeds", {"name": "Field breed", "species_id": species})
    outbox.update("breeds", breed, {"name": "Breed of the field"})
    outbox.update("animals", animal["id"], {"weight": 777})
    outbox.update("animals", animal["id"], {"breeds_id": breed, "weight": 778})
    gone = outbox.create("species", {"name": "gone again"})
    outbox.delete("species", gone)
    assert next(row for row in outbox.rows("animals") if row["id"] == animal["id"])["weight"] == 778
    assert copy.rows("animals")[0] == animal
    with pytest.raises(Unreachable):
        await replay(way.client, outbox)
    assert len(outbox.entries()) == 7
    way.proxy.come_back()
    for lost in (b"POST /api/v1/species", b"PATCH /api/v1/animals"):
        way.proxy.lose_next = lost
        with pytest.raises(Unreachable):
            await replay(way.client, outbox)
    way.proxy.lose_next = b"DELETE /api/v1/species"
    outcomes = await replay(way.client, outbox)
    assert way.proxy.has_lost
    assert {outcome.result for outcome in outcomes} <= {Result.DONE}
    assert outbox.entries() == []
    await mirror.catch_up("animals")
    changed = copy.rows("animals")[0]
    assert changed["weight"] == 778
    made = await way.client.get("breeds", changed["breeds_id"], include_relations=True)
    assert (made["name"], made["species"]["name"]) == ("Breed of the field", "made in the field")
    names = [row["name"] for row in table(service.url, "species")]
    assert (names.count("made in the field"), names.count("gone again")) == (1, 0)


async def test_what_another_changed_meanwhile_is_reported_and_not_overwritten(client: Client, copy: Copy) -> None:
    mirror, outbox = Mirror(client, copy), Outbox(copy)
    await mirror.catch_up("animals")
    rows = copy.rows("animals")
    outbox.update("animals", rows[1]["id"], {"weight": 501})
    outbox.update("animals", rows[1]["id"], {"weight": 502})
    outbox.update("animals", rows[2]["id"], {"weight": 503})
    await client.update("animals", rows[1]["id"], {"weight": 499})
    await client.update("animals", rows[2]["id"], {"status": "Vendido"})
    first, second = await replay(client, outbox)
    assert (first.result, first.reason) == (Result.CONFLICT, "changed meanwhile: weight")
    assert first.row is not None
    assert first.row["weight"] == 499
    assert second.result is Result.DONE  # another field of the row was changed
    assert (await client.get("animals", rows[2]["id"]))["status"] == "Vendido"
    assert [entry.body["weight"] for entry in outbox.entries()] == [501, 502]
    assert await replay(client, outbox) == []
    outbox.insist(first.entry.number, first.row)
    assert [one.result for one in await replay(client, outbox)] == [Result.DONE, Result.DONE]
    assert (await client.get("animals", rows[1]["id"]))["weight"] == 502


async def test_a_row_that_another_deleted_or_a_refused_write_is_reported(client: Client, copy: Copy) -> None:
    mirror, outbox = Mirror(client, copy), Outbox(copy)
    kept, gone = [await client.create("species", {"name": f"{name} soon"}) for name in ("kept", "gone")]
    await mirror.catch_up("species")
    outbox.update("species", gone["id"], {"name": "gone too soon"})
    outbox.delete("species", kept["id"])
    outbox.create("species", {"name": ""})
    bovine = next(row for row in copy.rows("species") if row["name"] == "Bovino")
    outbox.delete("species", bovine["id"])
    await client.delete("species", gone["id"])
    await client.update("species", kept["id"], {"name": "kept for good"})
    outcomes = await replay(client, outbox)
    assert [one.result for one in outcomes] == [Result.CONFLICT, Result.CONFLICT, Result.REFUSED, Result.REFUSED]
    assert outcomes[0].reason == "deleted meanwhile"
    assert "VALIDATION_ERROR" in outcomes[2].reason
    assert "HAS_DEPENDENCIES" in outcomes[3].reason
    for entry in outbox.entries():
        outbox.drop(entry.number)
    assert outbox.rows("species") == copy.rows("species")
    with pytest.raises(KeyError):
        outbox.update("species", 10**9, {"name": "nobody"})


async def seen(client: Client, resource: str, service: ServiceProcess) -> None:
    """Until every worker's poller has seen what was done by hand."""
    newest = max(row["updated_at"] for row in table(service.url, resource))

    async def is_seen() -> bool:
        return bool((await client.list(resource, limit=1)).as_of >= newest)

    await until(is_seen)
    await asyncio.sleep(0.5)


def stamp(moment: str) -> str:
    """A time as MariaDB takes it."""
    return moment.removesuffix("Z").replace("T", " ")
