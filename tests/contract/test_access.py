"""Who may do what, and who sees what: nobody, an Aprendiz, an Instructor and an Administrador."""

import asyncio
import itertools
import random
from typing import Any

import pytest
from by_hand import changes_by_hand_are_known
from specimens import RESOURCES, ROUTES

from service.http.params import parse_list, parse_since
from service.http.problems import Problem
from service.parts import PARTS

WHO = (None, "apprentice", "instructor", "admin")
BRIEF = {"id", "fullname", "role", "status"}
READS = ("", "/metadata", "/{id}", "?since=2001-01-01", "?search=a", "/{id}?include_relations=1")
CREATED = {None: 401, "apprentice": 201, "instructor": 201, "admin": 201}
BY_ADMIN = {None: 401, "apprentice": 403, "instructor": 403, "admin": 200}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("who", WHO)
async def test_who_may_read(library: Any, route: str, who: str | None, read: str, method: str) -> None:
    row = (await library.get(f"/{route}", "limit=1")).data[0]
    path, _, query = read.format(id=row["id"]).partition("?")
    answer = await library(method, f"/{route}{path}", query, who=who)
    assert answer.status == (401 if who is None and RESOURCES[route].private else 200)


@pytest.mark.parametrize("method", ["POST", "bulk"])
@pytest.mark.parametrize("who", WHO)
async def test_who_may_create(farm: Any, route: str, who: str | None, method: str) -> None:
    body = await farm.new(route)
    answer = await farm.post(
        f"/{route}" + ("/bulk" if method == "bulk" else ""), [body] if method == "bulk" else body, who=who
    )
    allowed = BY_ADMIN | {"admin": 201} if route == "users" else CREATED
    assert answer.status == allowed[who]
    if answer.status == 403:
        assert answer.code == "ADMIN_ROLE_REQUIRED"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("who", WHO)
async def test_who_may_change_a_row(farm: Any, route: str, who: str | None, method: str) -> None:
    row = await farm.create(route)
    specimens = farm.specimens[route]
    body = {} if method == "DELETE" else {"json": {specimens.text_field: f"by {who} {next(specimens.numbers)}"}}
    before = (await farm.get(f"/{route}/{row['id']}")).body
    answer = await farm(method, f"/{route}/{row['id']}", who=who, **body)
    assert answer.status == BY_ADMIN[who]
    if answer.status != 200:
        assert (await farm.get(f"/{route}/{row['id']}")).body == before


async def test_a_refusal_comes_before_a_word_about_the_body_or_the_row(farm: Any, route: str) -> None:
    for who, status in ((None, 401), ("apprentice", 403)):
        for method, path, body in (
            ("PUT", f"/{route}/987654321", {"json": {"nothing": "right"}}),
            ("DELETE", f"/{route}/987654321", {}),
            ("PATCH", f"/{route}/987654321", {"body": b"no json"}),
        ):
            assert (await farm(method, path, who=who, **body)).status == status


# Users: one's own row whole, of the rest what everybody may know.


@pytest.mark.parametrize("who", ["apprentice", "instructor"])
async def test_of_others_only_who_they_are_is_seen(library: Any, who: str) -> None:
    own = library.people[who]
    answers = [
        await library.get("/users", "limit=1000", who=who),
        await library.get("/users", "limit=1000&include_relations=1", who=who),
        await library.get("/users", "since=2001-01-01", who=who),
        await library.get("/users", "limit=1000&fields=id,email,phone,fullname,role,status,password", who=who),
    ]
    for answer in answers:
        assert len(answer.data) > 50
        for row in answer.data:
            seen = row.keys() - {"diseases"}
            assert seen <= BRIEF if row["id"] != own else seen > BRIEF - {"status"}
    assert "email" in next(row for row in answers[0].data if row["id"] == own)
    for row in answers[0].data[:20]:
        detail = (await library.get(f"/users/{row['id']}", who=who)).data
        assert detail == row


async def test_an_administrator_sees_every_row_whole_but_the_password(library: Any) -> None:
    for row in (await library.get("/users", "limit=1000")).data:
        assert {"identification", "email", "phone", "address", "created_at", "updated_at"} <= row.keys()
        assert "password" not in row
        assert b"argon2" not in (await library.get(f"/users/{row['id']}")).body


@pytest.mark.parametrize("field", ["email", "phone", "address", "identification"])
async def test_another_cannot_be_found_by_what_is_not_seen(library: Any, field: str) -> None:
    rows = (await library.get("/users", "limit=1000")).data
    others = [row for row in rows if row["id"] not in library.people.values() and row[field]]
    for row in others[:5]:
        needle = str(row[field])
        assert row["id"] in (await library.get("/users", {"search": needle, "limit": 1000})).ids
        for who in ("apprentice", "instructor"):
            found = await library.get("/users", {"search": needle, "limit": 1000}, who=who)
            assert set(found.ids) <= {library.people[who]}
    own = next(row for row in rows if row["id"] == library.people["apprentice"])
    if own[field]:
        assert (await library.get("/users", {"search": own[field]}, who="apprentice")).ids == [own["id"]]


@pytest.mark.parametrize("query", ["created_at=2020-01-01", "updated_at__gte=2020-01-01", "created_at__lt=2999-01-01"])
async def test_what_is_not_seen_cannot_be_filtered_by(library: Any, query: str) -> None:
    answer = await library.get("/users", query, who="apprentice")
    assert (answer.status, answer.code) == (403, "ADMIN_ROLE_REQUIRED")
    assert (await library.get("/users", query)).status == 200


@pytest.mark.parametrize("column", ["email", "identification", "phone", "created_at", "updated_at"])
async def test_what_is_not_seen_cannot_be_sorted_by(library: Any, column: str) -> None:
    plain = await library.get("/users", "limit=20", who="apprentice")
    for direction in ("asc", "desc"):
        answer = await library.get("/users", f"limit=20&sort_by={column}&sort_order={direction}", who="apprentice")
        assert answer.meta["ignored"] == [column]
        assert answer.ids == plain.ids or direction == "asc"
        assert answer.ids == sorted(answer.ids, reverse=direction == "desc")


@pytest.mark.parametrize("query", ["role=Aprendiz", "status=true", "role__ne=Aprendiz", "sort_by=fullname"])
async def test_what_is_seen_may_be_asked_for(library: Any, query: str) -> None:
    mine = await library.get("/users", f"{query}&limit=1000", who="apprentice")
    assert mine.ids
    assert set(mine.ids) == set((await library.get("/users", f"{query}&limit=1000")).ids)


async def test_the_pages_of_another_view_are_walked_to_the_end(library: Any) -> None:
    whole = {row["id"] for row in (await library.get("/users", "limit=1000")).data}
    for by in ("page", "cursor"):
        rows = await library.asking.pages("/users", {"limit": 13}, by=by, who="instructor")
        assert [row["id"] for row in rows] == sorted(whole, reverse=True)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("field", ["fullname", "email", "phone", "address"])
async def test_one_may_change_contact_data_of_ones_own(farm: Any, field: str, method: str) -> None:
    own = await farm.enrol("self", role="Aprendiz")
    value = farm.specimens["users"].new({})[field]
    answer = await farm(method, f"/users/{own}", json={field: value}, who="self")
    assert (answer.status, answer.data[field]) == (200, value)
    assert (await farm.get("/auth/me", who="self")).data["user"][field] == value


@pytest.mark.parametrize(
    ("field", "value"),
    [("role", "Administrador"), ("status", True), ("identification", 777_000_001), ("password", "Another-Pass-9")],
)
async def test_one_may_not_change_what_one_is(farm: Any, field: str, value: Any) -> None:
    own = await farm.enrol("self", role="Aprendiz")
    before = (await farm.get(f"/users/{own}")).data
    for method in ("PUT", "PATCH"):
        answer = await farm(method, f"/users/{own}", json={"fullname": "new", field: value}, who="self")
        assert (answer.status, answer.code) == (403, "ADMIN_ROLE_REQUIRED")
    assert (await farm.get(f"/users/{own}")).data == before


async def test_one_may_not_delete_oneself_nor_change_another(farm: Any) -> None:
    own = await farm.enrol("self", role="Aprendiz")
    assert (await farm("DELETE", f"/users/{own}", who="self")).status == 403
    assert (await farm("PUT", f"/users/{farm.people['instructor']}", json={"fullname": "x"}, who="self")).status == 403


# What changes about a person counts at the next request.


async def test_a_new_role_counts_at_once(farm: Any) -> None:
    own = await farm.enrol("risen", role="Aprendiz")
    assert (await farm.get("/users", "created_at__gte=2001-01-01", who="risen")).status == 403
    assert (await farm("PUT", f"/users/{own}", json={"role": "Administrador"})).status == 200
    assert (await farm.get("/users", "created_at__gte=2001-01-01", who="risen")).status == 200
    assert "email" in (await farm.get("/users", "limit=1&sort_by=id&sort_order=asc", who="risen")).data[0]
    assert (await farm("PUT", f"/users/{own}", json={"role": "Instructor"})).status == 200
    assert (await farm.get("/users", "created_at__gte=2001-01-01", who="risen")).status == 403
    assert "email" not in (await farm.get("/users", "limit=1&sort_by=id&sort_order=asc", who="risen")).data[0]
    assert (await farm("DELETE", "/species/1", who="risen")).status == 403


async def test_a_deactivation_counts_at_once_and_so_does_its_end(farm: Any) -> None:
    own = await farm.enrol("away", role="Aprendiz")
    assert (await farm.get("/animals", who="away")).status == 200
    for active, status in ((False, 403), (True, 200)):
        assert (await farm("PUT", f"/users/{own}", json={"status": active})).status == 200
        for path in ("/animals", "/auth/me", "/animals/metadata", "/users"):
            answer = await farm.get(path, who="away")
            assert answer.status == status
            assert active or answer.code == "USER_INACTIVE"


async def test_a_deletion_counts_at_once(farm: Any) -> None:
    own = await farm.enrol("gone", role="Administrador")
    assert (await farm.get("/animals", who="gone")).status == 200
    assert (await farm("DELETE", f"/users/{own}")).status == 200
    for path in ("/animals", "/auth/me"):
        answer = await farm.get(path, who="gone")
        assert (answer.status, answer.code) == (401, "JWT_ERROR")


async def test_a_change_made_by_hand_counts_when_the_poller_has_seen_it(farm: Any) -> None:
    own = await farm.enrol("handled", role="Aprendiz")
    assert (await farm.get("/animals", who="handled")).status == 200
    farm.sql("UPDATE user SET status = FALSE WHERE id = %s", own)
    await changes_by_hand_are_known(farm.asking.app)
    assert (await farm.get("/animals", who="handled")).status == 403


# No page of one is ever given to another (S3).


async def test_eight_people_asking_at_once_each_get_their_own_pages(farm: Any) -> None:
    people = {f"person{number}": await farm.enrol(f"person{number}", role="Aprendiz") for number in range(7)}
    people["admin"] = farm.people["admin"]
    spellings = [
        "limit=1000",
        "page=1&limit=1000",
        "limit=1000&_ts={n}",
        "per_page=1000",
        "cache_bust={n}&limit=1000",
        "limit=1000&sort_by=id&dir=desc",
    ]
    numbers = itertools.count()
    wrong = []

    async def ask(name: str, spelled: str) -> None:
        answer = await farm.get("/users", spelled.format(n=next(numbers)), who=name)
        whole = {row["id"] for row in answer.data if "email" in row}
        if name != "admin" and whole != {people[name]}:
            wrong.append((name, spelled, whole))
        if name == "admin" and len(whole) != len(answer.data):
            wrong.append((name, spelled, whole))
        me = await farm.get("/auth/me", who=name)
        if me.data["user"]["id"] != people[name]:
            wrong.append((name, "me", me.data))

    asked = [(name, spelled) for name in people for spelled in spellings for _ in range(4)]
    random.Random(7).shuffle(asked)
    for first in range(0, len(asked), 48):
        tasks = [asyncio.create_task(ask(*one)) for one in asked[first : first + 48]]
        if first == 48:
            await asyncio.sleep(0.002)
            for task in tasks[::7]:
                task.cancel()
            await farm.create("users")
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [one for one in done if isinstance(one, Exception) and not isinstance(one, asyncio.CancelledError)]
    assert wrong == []


def questions(seed: int, count: int) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Route and parameters of questions made at random, from few values, so that many are alike."""
    rng = random.Random(seed)
    values = {
        "page": ["1", "2", "01", "12"],
        "limit": ["1", "2", "12", "1000", "10000", "02"],
        "sort_by": ["id", "-id", "created_at", "created_at,id", "-created_at,id", "updated_at"],
        "sort_order": ["asc", "desc", "ASC"],
        "search": ["1", "12", "a", "A", " a ", "a&limit=2", "%", "_", "1,2", "limit=2", ""],
        "fields": ["id", "name", "name,id", "id,name", "created_at"],
        "include_relations": ["1", "true", "0", ""],
        "created_at": ["2024-01-01", "2024-01-01T00:00:00Z", "2024-01-01T00:00Z"],
        "created_at__gte": ["2024-01-01", "2024-01-01T00:00:00.000000Z"],
        "created_at__lt": ["2024-01-02", "2024-01-01T00:00:01Z"],
        "q": ["1", "a"],
        "per_page": ["2", "12"],
        "_ts": ["1", "2"],
        "cache_bust": ["9"],
    }
    own = {
        "animals": {
            "sex": ["Hembra", "Macho", "Hembra,Macho", "Macho,Hembra"],
            "status": ["Vivo"],
            "weight": ["1", "12", "1,2", "2,1"],
            "weight__in": ["1,2"],
            "weight__ne": ["1"],
            "idFather__null": ["1", "true", "0"],
            "father_id": ["1"],
            "idFather": ["1"],
            "idMother": ["1"],
        },
        "users": {"role": ["Aprendiz"], "status": ["true", "1", "false"]},
        "species": {},
    }
    made = []
    for _ in range(count):
        route = rng.choice(list(own))
        names = rng.sample(list(values | own[route]), rng.randint(0, 4))
        made.append((route, tuple((name, rng.choice((values | own[route])[name])) for name in names)))
    return made


def meaning(route: str, given: tuple[tuple[str, str], ...]) -> Any:
    """What a question means, worked out anew and simply: what is asked for, not how."""
    said = {"page": "1", "limit": "50"}
    proper = {"q": "search", "per_page": "limit", "father_id": "idFather", "weight__in": "weight"}
    said |= {proper.get(name, name): value for name, value in given if name not in ("_ts", "cache_bust")}
    limit = int(said.pop("limit"))
    order = []
    down = said.pop("sort_order", "").lower() == "desc"
    spelled = said.pop("sort_by", "")
    for part in filter(None, spelled.split(",")):
        order.append((part.lstrip("-"), part.startswith("-") or down))
    meant: dict[str, Any] = {}
    for name, value in said.items():
        if name == "search":
            meant[name] = value.strip() or None
        elif name == "fields":
            meant[name] = frozenset(value.split(",")) | {"id"}
        elif name == "include_relations":
            meant[name] = value in ("1", "true")
        elif name == "created_at":
            span = {"2024-01-01": "day", "2024-01-01T00:00:00Z": "second", "2024-01-01T00:00Z": "second"}[value]
            meant["created_at__gte"] = "2024-01-01T00:00:00"
            meant["created_at__lt"] = "2024-01-02T00:00:00" if span == "day" else "2024-01-01T00:00:01"
        elif name.startswith("created_at__"):
            meant[name] = value[:10] + "T" + (value[11:19] or "00:00:00")
        elif (
            name in ("idFather__null", "status")
            and route in ("animals", "users")
            and value in ("1", "true", "0", "false")
        ):
            meant[name] = value in ("1", "true")
        elif name in ("page",):
            meant[name] = int(value)
        else:
            meant[name] = frozenset(value.split(","))
    meant["relations"] = meant.pop("include_relations", False)
    ordered = tuple(order) or (("updated_at", down or "sort_order" not in dict(given)),)
    return route, min(limit, 1000), limit > 1000, ordered, frozenset((k, v) for k, v in meant.items() if v is not None)


def test_ten_thousand_pairs_of_questions_share_a_key_only_if_they_mean_the_same() -> None:
    made = []
    for route, given in questions(11, 3000):
        resource = RESOURCES[route]
        try:
            query = parse_list(resource, given, whole_view=True, lenient=False)
        except Problem:  # two values for one thing
            continue
        made.append(((route, query), meaning(route, given), given))
    rng = random.Random(3)
    by_meaning: dict[Any, list[int]] = {}
    for at, (_, meant, _) in enumerate(made):
        by_meaning.setdefault(meant, []).append(at)
    alike = [pair for group in by_meaning.values() for pair in itertools.combinations(group[:8], 2)]
    random_pairs = [tuple(rng.sample(range(len(made)), 2)) for _ in range(10_000)]
    assert len(made) > 2000
    assert len(alike) > 200
    for one, other in alike:
        assert made[one][0] == made[other][0], (made[one], made[other])
        assert hash(made[one][0]) == hash(made[other][0])
    for one, other in random_pairs:
        if made[one][1] != made[other][1]:
            assert made[one][0] != made[other][0], (made[one], made[other])


def test_a_list_and_a_delta_never_share_a_key() -> None:
    for route in ROUTES:
        listed = parse_list(RESOURCES[route], [("limit", "5")], whole_view=True, lenient=False)
        since = parse_since(RESOURCES[route], [("since", "2024-01-01"), ("limit", "5")], lenient=False)
        assert len({listed, since, "metadata", (5, False), (5, True), ("me", 5)}) == 6


async def test_pages_of_one_person_are_kept_under_that_persons_name(farm: Any) -> None:
    cache = farm.asking.app[PARTS].cache
    for table in ("user", "animals", "animal_diseases"):
        route = next(route for route, one in RESOURCES.items() if one.table == table)
        await farm.get(f"/{route}", "limit=3", who="apprentice")
        await farm.get(f"/{route}", "limit=3", who="instructor")
        segments = {key.segment for key in cache.table(table).entries}
        assert {farm.people["apprentice"], farm.people["instructor"]} <= segments
        assert None not in {key.segment for key in cache.table(table).entries if key.request != "metadata"}
    await farm.get("/species", "limit=3", who="apprentice")
    assert {key.segment for key in cache.table("species").entries} == {None}
