"""A page made from rows in memory is the page that the database gives, whatever was written meanwhile."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from http_client import Answer
from in_process import Served, enrol_administrator, served, settings_for

from service.db.blocking import connect
from service.records.kept_rows import KeptRows
from service.settings import DatabaseURL

PAST_CACHE = {"Cache-Control": "no-store"}
STEPS = 400
SORTS = ("updated_at", "created_at", "id", "weight", "birth_date", "-weight", "-id", "updated_at,weight")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which pages were made from rows in memory."""
    done: list[str] = []

    def noting(kind: str) -> Any:
        make = getattr(KeptRows, kind)

        async def noted(self: KeptRows, *arguments: Any) -> Any:
            page = await make(self, *arguments)
            done.extend([kind] if page is not None else [])
            return page

        return noted

    for kind in ("list", "since"):
        monkeypatch.setattr(KeptRows, kind, noting(kind))
    return done


class Herd:
    """A small herd that is changed at random, through the service and by hand."""

    def __init__(self, one: Served, url: DatabaseURL, random: Random) -> None:
        self.ask = one.connection.request
        self._hand = connect(url)
        self._random = random
        self.ids: list[int] = []
        self.times: list[str] = ["2000-01-01"]

    async def begin(self) -> None:
        assert (await self.ask("POST", "/species", {"name": "a"})).status == 201
        assert (await self.ask("POST", "/breeds", {"name": "a", "species_id": 1})).status == 201
        bodies = [self.body(f"first {number}") for number in range(300)]
        rows = (await self.ask("POST", "/animals/bulk", bodies)).json["data"]
        self.ids = [row["id"] for row in rows]

    def body(self, record: str) -> dict[str, object]:
        day = f"2020-01-{self._random.randint(1, 28):02d}"
        weight = self._random.randint(1, 30)
        return {"record": record, "sex": "Macho", "birth_date": day, "weight": weight, "breeds_id": 1}

    async def change(self, step: int) -> None:
        """One write of any kind."""
        row_id = self._random.choice(self.ids)
        kind = self._random.randrange(5)
        if kind == 0:
            answer = await self.ask("POST", "/animals", self.body(f"new {step}"))
            self.ids.append(answer.json["data"]["id"])
        elif kind == 1:
            answer = await self.ask("DELETE", f"/animals/{row_id}")
            self.ids.remove(row_id)
        elif kind == 2:
            answer = await self.ask("PATCH", f"/animals/{row_id}", {"weight": self._random.randint(1, 30)})
        elif kind == 3:
            answer = await self.ask("POST", "/animals/bulk", [self.body(f"many {step} {n}") for n in range(3)])
            self.ids += [row["id"] for row in answer.json["data"]]
        else:
            self._by_hand(row_id)
            return
        assert answer.status in (200, 201)

    def _by_hand(self, row_id: int) -> None:
        """A change in SQL, which the poller has not told anybody of; at times a row is put back that was deleted."""
        with self._hand.cursor() as cursor:
            cursor.execute("UPDATE animals SET weight = weight + 1 WHERE id = %s", (row_id,))
            if self._random.random() < 0.5:
                cursor.execute("DELETE FROM animals WHERE id = %s", (row_id,))
                cursor.execute(
                    "INSERT INTO animals (id, record, sex, birth_date, weight, breeds_id)"
                    " VALUES (%s, UUID(), 'Macho', '2020-01-01', 5, 1)",
                    (row_id,),
                )
        self._hand.commit()

    def question(self) -> str:
        """A page of the list, or a delta."""
        limit = self._random.choice((1, 3, 20, 50, 300))
        if self._random.random() < 0.4:
            return f"/animals?since={self._random.choice(self.times)}&limit={limit}"
        sort = self._random.choice(SORTS)
        direction = "" if sort.startswith("-") or "," in sort else f"&sort_order={self._random.choice(('asc', 'desc'))}"
        page = self._random.randint(1, max(1, 320 // limit))
        return f"/animals?page={page}&limit={limit}&sort_by={sort}{direction}"

    def close(self) -> None:
        self._hand.close()


def same(one: Answer, other: Answer) -> bool:
    said, truth = one.json, other.json
    return bool(said == truth and one.headers.get("link") == other.headers.get("link"))


async def test_a_page_from_memory_is_the_page_of_the_database(
    make_database: Callable[[], DatabaseURL], made: list[str]
) -> None:
    random = Random(11)
    url = make_database()
    token = enrol_administrator(url)
    async with served(settings_for(url, HERDBOOK_POLL_MS="60000"), token) as one:
        herd = Herd(one, url, random)
        await herd.begin()
        for step in range(STEPS):
            if random.random() < 0.3:
                await herd.change(step)
            question = herd.question()
            one.parts.cache.table("animals").clear()  # what was changed by hand is not known, so nothing may be a hit
            mine = await herd.ask("GET", question)
            true = await herd.ask("GET", question, headers=PAST_CACHE)
            assert (mine.status, true.status) == (200, 200)
            assert same(mine, true), question
            if "next_since" in mine.json["meta"]:
                herd.times.append(mine.json["meta"]["next_since"])
        herd.close()
    assert made.count("list") > STEPS / 10
    assert made.count("since") > STEPS / 10
