"""The further paths that the farm's front end asks, in its own spelling, and the shape it reads from each."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asking import Answer
from conftest import Farm
from specimens import RESOURCES

ONE = {"id", "hasDependencies", "canDelete", "totalDependencies", "message", "dependencies"}
DEPENDENCY = {"table", "count", "field", "cascade_delete", "message"}
TREE = {"rootId", "nodes", "edges", "depth", "counts", "summary"}
ROLES = ("Aprendiz", "Instructor", "Administrador")

# What the front end asks, as it asks it: no trailing slash, its own cache busters.
READS = (
    "/animals/status",
    "/animals/status?cache_bust=1790000000000",
    "/animals/tree/ancestors?animal_id=1&max_depth=3&fields=id,record,sex",
    "/animals/tree/descendants?animal_id=1&max_depth=10&fields=id,record,sex,status&_ts=1790000000000",
    "/breeds/by-species/1",
    "/breeds/by-species/1?page=1&limit=1000",
    "/users/roles",
    "/users/status",
    "/users/statistics",
    *(f"/{route}/stats" for route in RESOURCES),
    *(f"/{route}/1/dependencies" for route in RESOURCES),
)


def said(answer: Answer) -> Any:
    """What the answer says, its envelope being as it must be."""
    assert answer.status == 200, answer.body
    assert answer.json["success"] is True
    assert isinstance(answer.json["message"], str)
    return answer.json["data"]


async def ask(farm: Farm, path: str, **rest: Any) -> Answer:
    where, _, query = path.partition("?")
    return await farm.get(where, query, **rest)


class TestEveryRead:
    @pytest.mark.parametrize("path", READS)
    async def test_it_is_answered_like_any_other_read(self, library: Farm, path: str) -> None:
        first = await ask(library, path)
        said(first)
        where, _, query = path.partition("?")
        assert said(await library.get(f"{where}/", query)) == said(first)
        head = await library("HEAD", where, query)
        assert (head.status, head.body, head.headers["ETag"]) == (200, b"", first.headers["ETag"])
        known = await library.get(where, query, headers={"If-None-Match": first.headers["ETag"]})
        assert (known.status, known.body) == (304, b"")
        for name in ("ETag", "Cache-Control", "Vary"):
            assert known.headers[name] == first.headers[name]
        assert "no-cache" in first.headers["Cache-Control"]
        assert first.headers["Content-Type"] == "application/json; charset=utf-8"

    @pytest.mark.parametrize("path", READS)
    async def test_who_may_read_it_is_who_may_read_the_resource(self, library: Farm, path: str) -> None:
        private = RESOURCES[path.split("/")[1]].private
        assert (await ask(library, path, who=None)).status == (401 if private else 200)
        assert (await ask(library, path, who="apprentice")).status == 200

    async def test_no_path_is_taken_for_an_id(self, library: Farm, route: str) -> None:
        for word in ("stats", "metadata"):
            assert (await library.get(f"/{route}/{word}")).status == 200
        assert (await library.get(f"/{route}/stats/dependencies")).status == 404
        assert (await library("DELETE", f"/{route}/stats")).status == 405


class TestDependencies:
    async def test_a_free_row_has_none(self, farm: Farm, route: str) -> None:
        row = await farm.create(route)
        told = said(await farm.get(f"/{route}/{row['id']}/dependencies"))
        assert set(told) == ONE
        assert (told["id"], told["hasDependencies"], told["canDelete"]) == (row["id"], False, True)
        assert (told["totalDependencies"], told["dependencies"]) == (0, [])
        assert told["message"]

    async def test_each_reference_is_counted_at_once(self, farm: Farm) -> None:
        father = await farm.create("animals", sex="Macho")
        path = f"/animals/{father['id']}/dependencies"
        assert said(await farm.get(path))["canDelete"] is True
        for count in (1, 2):
            await farm.create("animals", idFather=father["id"])
            assert said(await farm.get(path))["totalDependencies"] == count
        diagnosis = await farm.create("animal-diseases", animal_id=father["id"])
        told = said(await farm.get(path))
        assert (told["hasDependencies"], told["canDelete"], told["totalDependencies"]) == (True, False, 3)
        assert all(set(one) == DEPENDENCY for one in told["dependencies"])
        counts = {(one["table"], one["field"]): one["count"] for one in told["dependencies"]}
        assert counts == {("animals", "idFather"): 2, ("animal_diseases", "animal_id"): 1}
        assert all(one["cascade_delete"] is False for one in told["dependencies"])
        assert "2 crías" in told["message"]
        await farm("DELETE", f"/animal-diseases/{diagnosis['id']}")
        assert said(await farm.get(path))["totalDependencies"] == 2

    async def test_it_says_what_a_deletion_says(self, library: Farm, route: str) -> None:
        for row in (await library.get(f"/{route}", {"limit": 5})).data:
            told = said(await library.get(f"/{route}/{row['id']}/dependencies"))
            if not told["canDelete"]:
                refused = await library("DELETE", f"/{route}/{row['id']}")
                assert refused.status == 409
                theirs = [{name: one[name] for name in ("table", "field", "count")} for one in told["dependencies"]]
                assert refused.details["dependencies"] == theirs

    async def test_a_missing_row_is_missing_until_it_is_there(self, farm: Farm, route: str) -> None:
        newest = (await farm.create(route))["id"]
        missing = await farm.get(f"/{route}/{newest + 1}/dependencies")
        assert (missing.status, missing.code) == (404, "NOT_FOUND")
        assert (await farm.get(f"/{route}/99999999999999999999/dependencies")).status == 404
        assert (await farm.create(route))["id"] == newest + 1
        assert said(await farm.get(f"/{route}/{newest + 1}/dependencies"))["canDelete"] is True
        await farm("DELETE", f"/{route}/{newest + 1}")
        assert (await farm.get(f"/{route}/{newest + 1}/dependencies")).status == 404

    async def test_many_at_once(self, library: Farm, route: str) -> None:
        ids = [row["id"] for row in (await library.get(f"/{route}", {"limit": 100})).data]
        answer = await library.post(f"/{route}/batch-dependencies", {"ids": [*ids, ids[0], 10**12]})
        told = said(answer)
        assert set(told) == {"results", "processed", "found"}
        assert (told["processed"], told["found"]) == (len(ids) + 1, len(ids))
        assert set(told["results"]) == {str(one) for one in ids}
        for one in ids[:5]:
            assert told["results"][str(one)] == said(await library.get(f"/{route}/{one}/dependencies"))
        assert said(await library.post(f"/{route}/batch-dependencies/", {"ids": [str(ids[0])]}))["found"] == 1

    @pytest.mark.parametrize(
        "body", [{}, {"ids": []}, {"ids": list(range(1, 102))}, {"ids": ["x"]}, {"ids": [True]}, {"ids": [0]}]
    )
    async def test_ids_that_are_none_are_refused(self, library: Farm, body: Any) -> None:
        answer = await library.post("/species/batch-dependencies", body)
        assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
        assert set(answer.details["validation_errors"]) == {"ids"}

    async def test_many_of_a_private_resource_need_a_token(self, library: Farm) -> None:
        assert (await library.post("/animals/batch-dependencies", {"ids": [1]}, who=None)).status == 401


class TestStats:
    async def test_they_follow_each_write(self, farm: Farm, route: str) -> None:
        before = said(await farm.get(f"/{route}/stats"))
        assert set(before) == {"total", "recent_today", "model_name"}
        assert before["total"] == (await farm.get(f"/{route}/metadata")).data["total_count"]
        row = await farm.create(route)
        after = said(await farm.get(f"/{route}/stats"))
        assert (after["total"], after["recent_today"]) == (before["total"] + 1, before["recent_today"] + 1)
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        update = f"UPDATE `{RESOURCES[route].table}` SET created_at = %s WHERE id = %s"
        farm.sql(update, f"{yesterday} 23:59:59.999999", row["id"])
        await farm("PUT", f"/{route}/{row['id']}", json={farm.specimens[route].text_field: "a change by hand is seen"})
        older = said(await farm.get(f"/{route}/stats"))
        assert (older["total"], older["recent_today"]) == (after["total"], before["recent_today"])
        await farm("DELETE", f"/{route}/{row['id']}")
        assert said(await farm.get(f"/{route}/stats")) == before


class TestAnimals:
    async def test_status(self, farm: Farm) -> None:
        before = said(await farm.get("/animals/status"))
        assert set(before) == {"total", "activos", "inactivos"}
        for status in ("Vivo", "Vendido", "Muerto"):
            await farm.create("animals", status=status)
        after = said(await farm.get("/animals/status"))
        assert {name: after[name] - before[name] for name in before} == {"total": 3, "activos": 1, "inactivos": 2}
        assert after["total"] == after["activos"] + after["inactivos"]

    async def family(self, farm: Farm) -> dict[str, int]:
        """Grandparents gf and gm of father f; f and mother m of a and b, who have the child c."""
        ids: dict[str, int] = {}
        for name, sex, parents in (
            ("gf", "Macho", ()),
            ("gm", "Hembra", ()),
            ("f", "Macho", ("gf", "gm")),
            ("m", "Hembra", ()),
            ("a", "Macho", ("f", "m")),
            ("b", "Hembra", ("f", "m")),
            ("c", "Hembra", ("a", "b")),
        ):
            of = {field: ids[parent] for field, parent in zip(("idFather", "idMother"), parents, strict=False)}
            ids[name] = (await farm.create("animals", sex=sex, **of))["id"]
        return ids

    async def test_ancestors(self, farm: Farm) -> None:
        ids = await self.family(farm)
        told = said(await farm.get("/animals/tree/ancestors", {"animal_id": ids["c"], "max_depth": 5}))
        assert set(told) == TREE
        assert told["rootId"] == ids["c"]
        assert set(told["nodes"]) == {str(one) for one in ids.values()}
        assert told["depth"] == 3
        assert told["counts"] == {"nodes": 7, "edges": 8}
        assert {"from": ids["gf"], "to": ids["f"], "type": "father"} in told["edges"]
        assert {"from": ids["b"], "to": ids["c"], "type": "mother"} in told["edges"]
        assert told["nodes"][str(ids["f"])] == (await farm.get(f"/animals/{ids['f']}")).data
        assert told["summary"]["truncated"] is False

    async def test_descendants(self, farm: Farm) -> None:
        ids = await self.family(farm)
        told = said(await farm.get("/animals/tree/descendants", {"animal_id": ids["gm"], "max_depth": 5}))
        assert set(told["nodes"]) == {str(ids[name]) for name in ("gm", "f", "a", "b", "c")}
        assert (told["depth"], told["counts"]) == (3, {"nodes": 5, "edges": 5})

    async def test_depth_and_fields(self, farm: Farm) -> None:
        ids = await self.family(farm)
        query = {"animal_id": ids["c"], "max_depth": 1, "fields": "record,sex,nonsense"}
        told = said(await farm.get("/animals/tree/ancestors", query))
        assert set(told["nodes"]) == {str(ids[name]) for name in "abc"}
        assert (told["depth"], told["counts"]["edges"]) == (1, 2)
        assert all(set(node) == {"id", "record", "sex"} for node in told["nodes"].values())
        alone = said(await farm.get("/animals/tree/ancestors", {"animal_id": ids["gf"], "max_depth": 0}))
        assert (set(alone["nodes"]), alone["edges"], alone["depth"]) == ({str(ids["gf"])}, [], 0)
        deepest = said(await farm.get("/animals/tree/ancestors", {"animal_id": ids["c"], "max_depth": 1000}))
        assert deepest["summary"]["max_depth"] == 20

    async def test_a_circle_ends(self, farm: Farm) -> None:
        ids = await self.family(farm)
        await farm("PUT", f"/animals/{ids['gf']}", json={"idFather": ids["a"]})
        for direction in ("ancestors", "descendants"):
            query = {"animal_id": ids["c"], "max_depth": 20}
            told = said(await farm.get(f"/animals/tree/{direction}", query))
            assert told["counts"]["nodes"] == (7 if direction == "ancestors" else 1)

    async def test_it_follows_each_write(self, farm: Farm) -> None:
        ids = await self.family(farm)
        path, query = "/animals/tree/descendants", {"animal_id": ids["c"]}
        assert said(await farm.get(path, query))["counts"]["nodes"] == 1
        child = await farm.create("animals", idMother=ids["c"])
        assert str(child["id"]) in said(await farm.get(path, query))["nodes"]

    async def test_a_large_family_is_cut_and_says_so(self, farm: Farm) -> None:
        father = await farm.create("animals", sex="Macho")
        children = [await farm.new("animals", idFather=father["id"]) for _ in range(1005)]
        assert (await farm.post("/animals/bulk", children)).status == 201
        told = said(await farm.get("/animals/tree/descendants", {"animal_id": father["id"], "fields": "id"}))
        assert (told["counts"], told["summary"]["truncated"]) == ({"nodes": 1000, "edges": 999}, True)

    async def test_what_cannot_be_asked_is_refused(self, farm: Farm) -> None:
        for query, code in (
            ("", "INVALID_PARAMETER"),
            ("animal_id=x", "INVALID_PARAMETER"),
            ("animal_id=1&max_depth=-1", "INVALID_PARAMETER"),
            ("animal_id=1&depth=3", "UNKNOWN_PARAMETER"),
        ):
            answer = await farm.get("/animals/tree/ancestors", query)
            assert (answer.status, answer.code) == (400, code)
        assert (await farm.get("/animals/tree/ancestors", "animal_id=999999999")).status == 404


class TestBreeds:
    async def test_by_species_is_the_list_with_that_filter(self, library: Farm) -> None:
        species = (await library.get("/species", {"limit": 3})).ids
        for one in (*species, 10**12):
            wanted = await library.get("/breeds", {"species_id": one, "limit": 10, "sort_by": "name"})
            answer = await library.get(f"/breeds/by-species/{one}", {"limit": 10, "sort_by": "name"})
            assert answer.json == wanted.json
            assert answer.headers["Link"] == wanted.headers["Link"]
        answer = await library.get("/breeds/by-species/1", {"export": "csv"})
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert (await library.get("/breeds/by-species/1", {"species_id": 2})).status == 400
        assert (await library.get("/breeds/by-species/cow")).status == 404


class TestUsers:
    async def test_numbers(self, farm: Farm) -> None:
        before = {name: said(await farm.get(f"/users/{name}")) for name in ("roles", "status", "statistics")}
        assert set(before["roles"]) == {"total", "roles"}
        assert set(before["status"]) == {"total", "activos", "inactivos"}
        assert set(before["statistics"]) == {"total", "activos", "inactivos", "recent_today", "roles"}
        assert set(before["roles"]["roles"]) == set(ROLES)
        for role, status in (("Aprendiz", True), ("Aprendiz", False), ("Instructor", False)):
            await farm.create("users", role=role, status=status)
        after = {name: said(await farm.get(f"/users/{name}")) for name in before}
        roles = {role: after["roles"]["roles"][role] - before["roles"]["roles"][role] for role in ROLES}
        assert roles == {"Aprendiz": 2, "Instructor": 1, "Administrador": 0}
        assert after["status"]["inactivos"] - before["status"]["inactivos"] == 2
        assert after["statistics"]["recent_today"] - before["statistics"]["recent_today"] == 3
        assert after["statistics"]["total"] == sum(after["roles"]["roles"].values()) == after["status"]["total"]
