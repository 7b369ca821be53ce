"""The day of `make day` is the same for the same seed, and what is held against its answers finds a stale one."""

from bench.day_plan import TABLES, Day, Herd, roles
from bench.day_truth import Possible, Writes, version_told

HERD = Herd(animals=2000, breeds=60, diseases=30)
ROW = {"id": 7, "updated_at": "2026-01-01T00:00:00.000005Z"}


def test_the_same_seed_gives_the_same_day() -> None:
    one, same, other = (Day(HERD, seed).visits(50) for seed in (3, 3, 4))
    assert one == same
    assert [visit.steps for visit in one] == [visit.steps for visit in same]
    assert [visit.steps for visit in one] != [visit.steps for visit in other]


def test_a_day_is_in_order_and_begins_with_a_login_of_each() -> None:
    visits = Day(HERD, 1).visits(40)
    assert [visit.minute for visit in visits] == sorted(visit.minute for visit in visits)
    assert {visit.person for visit in visits if visit.first and visit.steps[0].kind == "login"} == set(range(40))
    assert len(roles(40)) == 40


def test_only_administrators_change_and_delete() -> None:
    for people in (12, 200):
        assert all(roles(people)[visit.person] == visit.role for visit in Day(HERD, 1).visits(people))
    steps = [(visit.role, step.kind) for visit in Day(HERD, 1).visits(200) for step in visit.steps]
    assert {role for role, kind in steps if kind in ("edit", "delete")} == {"Administrador"}
    assert {"edit", "delete", "create", "search", "delta", "prefetch"} <= {kind for _, kind in steps}


def test_an_answer_older_than_an_answered_write_is_told_apart() -> None:
    writes = Writes()
    writes.answered("animals", ROW)
    old = version_told("list", {"meta": {"as_of": "2026-01-01T00:00:00.000004Z"}})
    new = version_told("list", {"meta": {"as_of": ROW["updated_at"]}})
    assert old is not None
    assert new is not None
    assert old < writes.least("animals", "list", None) <= new
    assert version_told("detail", {"data": ROW}) == writes.least("animals", "detail", 7)
    assert writes.least("animals", "detail", 8) == 0  # another row was not written
    assert writes.least("breeds", "list", None) == 0
    writes.answered("animals", {"deleted_id": 7})
    assert writes.gone_now() == {("animals", 7)}


def test_what_a_cache_could_have_spared_is_counted_by_its_reason() -> None:
    possible, writes = Possible(), Writes()
    question = (None, "/animals?page=1")
    possible.read("animals", question, '"a"', writes)
    possible.read("animals", question, '"a"', writes)
    writes.answered("animals", ROW)
    possible.read("animals", question, '"a"', writes)  # the table changed, the answer did not
    possible.read("animals", question, '"b"', writes)  # the answer did
    found = [counter["animals"] for counter in (possible.reads, possible.first, possible.changed, possible.tables)]
    assert found == [4, 1, 1, 1]


def test_relations_count_for_the_tables_they_are_read_from() -> None:
    possible, writes = Possible(), Writes()
    for path in ("/animals?include_relations=true", "/animals?page=1"):
        possible.read("animals", (path,), '"a"', writes)
        writes.answered("breeds", ROW)
        possible.read("animals", (path,), '"a"', writes)
    assert possible.tables["animals"] == 1
    assert set(TABLES) <= {"species", "breeds", "diseases", "animals", "animal-diseases"}
