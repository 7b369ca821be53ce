"""Lists as CSV and NDJSON, and uploads in them: the same rows in every form, whole or visibly not."""

import asyncio
import csv
import gzip
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from asking import BASE, Answer
from conftest import Farm
from specimens import RESOURCES

from service.db.connection import Connection
from service.http.forms import asked, csv_text, streams
from service.http.forms.asked import CSV, NDJSON, accepted_form, columns_of
from service.parts import PARTS
from service.records import export
from service.records.shapes import whole_text

CSV_TYPE = "text/csv; charset=utf-8; header=present"
NDJSON_TYPE = "application/x-ndjson"
HARD = [
    'says "Moo"',
    "a, b; c",
    "two\nlines",
    "three\r\nkinds\rof end",
    "🐄 ñandú – ünïcödé \u2028",
    " spaces around ",
    "=1+1",
    "-5",
    "''",
    "\ttab",
    "0012",
    "true",
    "null",
    '"',
    ",",
]


def as_csv(text: bytes) -> list[dict[str, str]]:
    """The rows as another program reads them."""
    return list(csv.DictReader(io.StringIO(text.decode(), newline=""), strict=True))


def as_ndjson(text: bytes) -> list[dict[str, Any]]:
    assert text == b"" or text.endswith(b"\n")
    return [json.loads(line) for line in text.split(b"\n")[:-1]]


def cell(value: Any) -> str:
    """A value of JSON as a cell says it."""
    if value is None:
        return ""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


async def in_form(farm: Farm, path: str, accept: str, query: Any = "", **rest: Any) -> Answer:
    answer = await farm.get(path, query, headers={"Accept": accept}, **rest)
    assert answer.status == 200, answer.body
    return answer


async def whole_list(farm: Farm, path: str, query: dict[str, Any], **rest: Any) -> list[dict[str, Any]]:
    return await farm.asking.pages(path, {"limit": 7, **query}, by="cursor", **rest)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports go in steps of seven rows."""
    monkeypatch.setattr(export, "MOST_ROWS", 7)


class TestOut:
    @pytest.mark.usefixtures("small_steps")
    async def test_both_forms_have_exactly_the_rows_of_the_json_list(self, library: Farm, route: str) -> None:
        for query in ({}, {"sort_by": "id", "sort_order": "asc"}, {"search": "1"}, {"created_at__gte": "2020-01-01"}):
            rows = await whole_list(library, f"/{route}", query)
            lines = await in_form(library, f"/{route}", NDJSON_TYPE, query)
            assert as_ndjson(lines.body) == rows
            table = await in_form(library, f"/{route}", "text/csv", query)
            assert as_csv(table.body) == [{name: cell(value) for name, value in row.items()} for row in rows]
            assert len(rows) > 0

    @pytest.mark.usefixtures("small_steps")
    async def test_every_sort_goes_through_all_rows(self, library: Farm, route: str) -> None:
        for column in RESOURCES[route].all_sorts:
            for direction in ("asc", "desc"):
                query = {"sort_by": column, "sort_order": direction}
                rows = await whole_list(library, f"/{route}", query)
                assert as_ndjson((await in_form(library, f"/{route}", NDJSON_TYPE, query)).body) == rows

    async def test_the_header_names_the_columns_in_the_order_of_the_rows(self, library: Farm, route: str) -> None:
        row = (await library.get(f"/{route}", {"limit": 1})).data[0]
        answer = await in_form(library, f"/{route}", "text/csv")
        assert answer.headers["Content-Type"] == CSV_TYPE
        assert answer.body.split(b"\r\n")[0].decode() == ",".join(row)
        assert columns_of(RESOURCES[route], (), False) == tuple(row)
        assert b"password" not in answer.body.split(b"\r\n")[0]

    async def test_an_empty_list_is_a_header_or_nothing(self, library: Farm, route: str) -> None:
        query = {"created_at__lt": "1999-01-01"}
        table = await in_form(library, f"/{route}", "text/csv", query)
        assert table.body.count(b"\r\n") == 1
        lines = await in_form(library, f"/{route}", NDJSON_TYPE, query)
        assert lines.body == b""

    async def test_what_others_may_not_see_is_not_in_it(self, library: Farm) -> None:
        rows = await whole_list(library, "/users", {}, who="apprentice")
        lines = await in_form(library, "/users", NDJSON_TYPE, who="apprentice")
        assert as_ndjson(lines.body) == rows
        table = as_csv((await in_form(library, "/users", "text/csv", who="apprentice")).body)
        assert [row["email"] for row in table] == [cell(row.get("email")) for row in rows]
        assert sum(bool(row["email"]) for row in table) == 1

    async def test_a_private_list_needs_a_token(self, library: Farm) -> None:
        answer = await library.get("/animals", headers={"Accept": "text/csv"}, who=None)
        assert (answer.status, answer.code) == (401, "JWT_ERROR")
        assert answer.headers["Content-Type"].startswith("application/problem+json")

    async def test_limit_and_page_hold_where_they_are_given(self, library: Farm) -> None:
        everything = await whole_list(library, "/animals", {})
        for query, wanted in (
            ({"limit": 10}, everything[:10]),
            ({"page_size": 10, "page": 2}, everything[10:20]),
            ({"per_page": 25, "page": 3}, everything[50:75]),
            ({"page": 2}, everything[50:100]),
            ({"limit": 10000}, everything),
            ({"page": 99, "limit": 10}, []),
        ):
            assert as_ndjson((await in_form(library, "/animals", NDJSON_TYPE, query)).body) == wanted
        cursor = (await library.get("/animals", {"limit": 12})).meta["pagination"]["next_cursor"]
        rest = await in_form(library, "/animals", NDJSON_TYPE, {"cursor": cursor})
        assert as_ndjson(rest.body) == everything[12:]

    async def test_fields_cut_the_columns(self, library: Farm) -> None:
        query = {"fields": "record,weight,nonsense", "limit": 3}
        rows = (await library.get("/animals", query)).data
        assert as_ndjson((await in_form(library, "/animals", NDJSON_TYPE, query)).body) == rows
        table = await in_form(library, "/animals", "text/csv", query)
        assert table.body.startswith(b"id,record,weight\r\n")
        assert as_csv(table.body) == [{name: cell(value) for name, value in row.items()} for row in rows]

    async def test_relations_are_json_in_a_cell(self, library: Farm) -> None:
        query = {"include_relations": "true", "limit": 5}
        rows = (await library.get("/breeds", query)).data
        assert as_ndjson((await in_form(library, "/breeds", NDJSON_TYPE, query)).body) == rows
        table = await in_form(library, "/breeds", "text/csv", query)
        assert [json.loads(row["species"]) for row in as_csv(table.body)] == [row["species"] for row in rows]
        assert "ETag" not in table.headers

    async def test_export_csv_is_a_file(self, library: Farm) -> None:
        query = {"export": "csv", "sort_by": "name"}
        answer = await library.get("/species", query, headers={"Accept": "application/json"})
        assert answer.headers["Content-Type"] == CSV_TYPE
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="species-')
        assert answer.headers["Content-Disposition"].endswith('.csv"')
        assert answer.body == (await in_form(library, "/species", "text/csv", "sort_by=name")).body

    async def test_an_export_that_is_none_is_refused(self, library: Farm) -> None:
        answer = await library.get("/species", {"export": "xls"})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER")
        answer = await library.get("/species", {"export": "csv", "since": "2020-01-01"})
        assert (answer.status, answer.code) == (400, "INVALID_PARAMETER")

    async def test_a_delta_is_json_whatever_is_accepted(self, library: Farm) -> None:
        answer = await in_form(library, "/species", "text/csv", "since=2020-01-01")
        assert "next_since" in answer.meta

    @pytest.mark.parametrize(
        ("accept", "form"),
        [
            ("", None),
            ("*/*", None),
            ("application/json", None),
            ("application/json, text/plain, */*", None),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None),
            ("text/csv", CSV),
            ("TEXT/CSV;header=present", CSV),
            ("text/*", CSV),
            ("application/x-ndjson", NDJSON),
            ("application/jsonl", NDJSON),
            ("text/csv;q=0.5, application/x-ndjson", NDJSON),
            ("text/csv, application/json;q=0.9", CSV),
            ("text/csv; q=0.8, application/json;q=0.9", None),
            ("text/csv;q=0, */*;q=0.1", None),
            ("text/csv, */*;q=0.1", CSV),
            ("*/*, application/json;q=0", CSV),
            ("image/png", None),
            ("text/csv;q=high", None),
            (",;,", None),
        ],
    )
    def test_the_form_is_chosen_by_quality(self, accept: str, form: asked.Form | None) -> None:
        assert accepted_form(accept) is form

    async def test_vary_names_accept(self, library: Farm) -> None:
        public = await in_form(library, "/species", "text/csv")
        assert set(public.headers["Vary"].split(", ")) == {"Accept", "Accept-Encoding"}
        private = await in_form(library, "/animals", "text/csv")
        assert set(private.headers["Vary"].split(", ")) == {"Accept", "Accept-Encoding", "Authorization", "Cookie"}
        assert "private" in private.headers["Cache-Control"]

    async def test_head_says_what_get_says(self, library: Farm) -> None:
        got = await in_form(library, "/species", "text/csv")
        head = await library("HEAD", "/species", headers={"Accept": "text/csv"})
        assert (head.status, head.body) == (200, b"")
        for name in ("Content-Type", "ETag", "Vary", "Cache-Control", "Content-Disposition"):
            assert head.headers[name] == got.headers[name]
        assert (await library.get("/species")).status == 200  # on the same connection

    async def test_gzip_where_it_is_taken(self, library: Farm) -> None:
        plain = await in_form(library, "/animals", "text/csv", "sort_by=id")
        packed = await library.get("/animals", "sort_by=id", headers={"Accept": "text/csv", "Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body

    async def test_who_has_it_is_told_so_until_the_table_changes(self, farm: Farm, route: str) -> None:
        row = await farm.create(route)
        for accept in ("text/csv", NDJSON_TYPE):
            first = await in_form(farm, f"/{route}", accept)
            assert first.headers["ETag"].startswith('W/"')
            known = {"Accept": accept, "If-None-Match": first.headers["ETag"]}
            again = await farm.get(f"/{route}", headers=known)
            assert (again.status, again.body) == (304, b"")
            assert again.headers["ETag"] == first.headers["ETag"]
            await farm("PUT", f"/{route}/{row['id']}", json={farm.specimens[route].text_field: f"changed {accept}"})
            changed = await farm.get(f"/{route}", headers=known)
            assert changed.status == 200
            assert changed.headers["ETag"] != first.headers["ETag"]
        as_json = await farm.get(f"/{route}")
        known = {"Accept": "text/csv", "If-None-Match": as_json.headers["ETag"]}
        assert (await farm.get(f"/{route}", headers=known)).status == 200

    async def test_if_match_never_holds_for_a_weak_tag(self, library: Farm) -> None:
        tag = (await in_form(library, "/species", "text/csv")).headers["ETag"]
        for given in (tag, tag.removeprefix("W/")):
            answer = await library.get("/species", headers={"Accept": "text/csv", "If-Match": given})
            assert answer.status == 412


class TestOneMoment:
    @pytest.mark.usefixtures("small_steps")
    async def test_writes_meanwhile_are_not_in_it(self, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
        for _ in range(20):
            await farm.create("species")
        before = await whole_list(farm, "/species", {})
        step, steps = export.Export._step, 0

        async def disturbed(self: export.Export, *arguments: Any) -> bytes:
            nonlocal steps
            rows = await step(self, *arguments)
            steps += 1
            await farm.create("species")
            await farm("PUT", f"/species/{before[-1]['id']}", json={"name": f"renamed {steps}"})
            return rows

        monkeypatch.setattr(export.Export, "_step", disturbed)
        lines = await in_form(farm, "/species", NDJSON_TYPE)
        assert steps > 2
        assert as_ndjson(lines.body) == before

    async def test_what_was_answered_before_is_in_it(self, farm: Farm) -> None:
        row = await farm.create("species")
        assert row in as_ndjson((await in_form(farm, "/species", NDJSON_TYPE)).body)


class TestBrokenOff:
    @pytest.mark.parametrize("version", ["1.1", "1.0"])
    async def test_a_stream_that_fails_has_no_end(
        self, library: Farm, monkeypatch: pytest.MonkeyPatch, small_steps: None, version: str
    ) -> None:
        step, steps = export.Export._step, 0

        async def failing(self: export.Export, *arguments: Any) -> bytes:
            nonlocal steps
            steps += 1
            if steps == 4:
                raise RuntimeError("the disk is gone")
            rows = await step(self, *arguments)
            await asyncio.sleep(0.02)
            return rows

        monkeypatch.setattr(export.Export, "_step", failing)
        with pytest.raises(ConnectionResetError):
            await raw_export(library, version)
        assert (await library.get("/species")).status == 200
        await nothing_lent(library)

    async def test_one_that_fails_at_once_is_a_problem(self, library: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
        async def failing(self: export.Export, *arguments: Any) -> bytes:
            raise RuntimeError("the disk is gone")

        monkeypatch.setattr(export.Export, "_step", failing)
        answer = await library.get("/species", headers={"Accept": "text/csv"})
        assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
        await nothing_lent(library)

    async def test_a_client_that_goes_away_frees_its_connection(self, big: Farm) -> None:
        port = big.asking.client.port
        lent = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /api/v1/diseases HTTP/1.1\r\nHost: farm\r\nAccept: text/csv\r\n\r\n")
            await reader.readexactly(1000)
            await asyncio.sleep(0.1)
            lent.append(big.asking.app[PARTS].database.pool.stats()["lent"])
            writer.transport.abort()
        assert max(lent) >= 1  # it waits for the client, and reads no further
        await nothing_lent(big)

    async def test_a_client_that_takes_nothing_is_given_up(self, big: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(streams, "STALL_SECONDS", 0.3)
        reader, writer = await asyncio.open_connection("127.0.0.1", big.asking.client.port)
        writer.write(b"GET /api/v1/diseases HTTP/1.1\r\nHost: farm\r\nAccept: text/csv\r\n\r\n")
        await asyncio.sleep(0.1)
        await nothing_lent(big)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    async def test_more_at_once_than_may_be_are_told_to_come_again(
        self, big: Farm, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "MOST_AT_ONCE", 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", big.asking.client.port)
        writer.write(b"GET /api/v1/diseases HTTP/1.1\r\nHost: farm\r\nAccept: text/csv\r\n\r\n")
        await reader.readexactly(1000)
        answer = await big.get("/diseases", headers={"Accept": "text/csv"})
        assert (answer.status, answer.code) == (503, "SERVICE_BUSY")
        assert "Retry-After" in answer.headers
        assert (await big.get("/diseases")).status == 200
        writer.transport.abort()
        await nothing_lent(big)

    async def test_a_dead_connection_is_replaced(self, library: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
        send = Connection.send
        sent: list[str] = []

        async def dying(self: Connection, text: str) -> Any:
            if not sent:
                self.close()
            sent.append(text)
            return await send(self, text)

        monkeypatch.setattr(Connection, "send", dying)
        assert len(as_csv((await in_form(library, "/species", "text/csv")).body)) > 0

    async def test_a_step_too_large_is_made_smaller(self, library: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
        tried: list[int] = []

        def narrow(text: bytes | None, warnings: int) -> bytes:
            tried.append(len(text or b""))
            return whole_text(text, 1 if len(text or b"") > 2000 else 0)

        monkeypatch.setattr(export, "whole_text", narrow)
        rows = await whole_list(library, "/animals", {})
        assert as_ndjson((await in_form(library, "/animals", NDJSON_TYPE)).body) == rows
        assert max(tried) > 2000


async def raw_export(farm: Farm, version: str) -> bytes:
    """All that comes over the wire until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", farm.asking.client.port)
    writer.write(f"GET {BASE}/species HTTP/{version}\r\nHost: farm\r\nAccept: text/csv\r\n\r\n".encode())
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def nothing_lent(farm: Farm) -> None:
    """Within seconds no request holds a connection of the database, and none is in a transaction."""
    pool = farm.asking.app[PARTS].database.pool
    for _ in range(300):
        if pool.stats()["lent"] == 0:
            assert all(connection.clean for connection in pool._idle)
            return
        await asyncio.sleep(0.01)
    raise AssertionError(pool.stats())


@pytest.fixture(scope="module")
async def big(open_farm: Callable[[], AbstractAsyncContextManager[Farm]]) -> AsyncIterator[Farm]:
    """Forty megabytes of diseases: more than the sockets between hold."""
    async with open_farm() as farm:
        text = "x" * 250
        for first in range(0, 60_000, 10_000):
            names = [f"disease {number:06d}" for number in range(first, first + 10_000)]
            farm.insert("diseases", [{"name": name, "symptoms": text, "details": text} for name in names])
        yield farm


class TestIn:
    async def upload(self, farm: Farm, route: str, body: bytes, kind: str = "text/csv", **rest: Any) -> Answer:
        return await farm("POST", f"/{route}/bulk", body=body, headers={"Content-Type": kind}, **rest)

    @pytest.mark.parametrize("accept", ["text/csv", NDJSON_TYPE])
    async def test_what_was_exported_comes_back_equal(
        self, open_farm: Callable[[], AbstractAsyncContextManager[Farm]], library: Farm, accept: str
    ) -> None:
        async with open_farm() as empty:
            empty.sql("DELETE FROM user WHERE id NOT IN (%s)", empty.people["admin"])
            for route in ("species", "breeds", "diseases", "animals"):
                query = {"sort_by": "id", "sort_order": "asc"}
                sent = await in_form(library, f"/{route}", accept, query)
                before = as_ndjson((await in_form(library, f"/{route}", NDJSON_TYPE, query)).body)
                answer = await self.upload(empty, route, sent.body, sent.headers["Content-Type"])
                assert answer.status == 201, answer.body
                after = as_ndjson((await in_form(empty, f"/{route}", NDJSON_TYPE, query)).body)
                assert [plain(row) for row in after] == [plain(row) for row in before]
                assert [row["id"] for row in before] == list(range(1, len(before) + 1))  # or references would differ
                assert {"created_at", "updated_at"} <= set(answer.meta["ignored"])

    @pytest.mark.parametrize("accept", ["text/csv", NDJSON_TYPE])
    async def test_hard_texts_and_nulls_come_back_equal(self, farm: Farm, accept: str) -> None:
        given = [await farm.new("diseases", symptoms=text, details=text) for text in HARD]
        made = await farm.post("/diseases/bulk", given)
        assert made.status == 201, made.body
        people = [await farm.new("users", address=address) for address in (None, "", '""', "null", "a\nb")]
        users = await farm.post("/users/bulk", people)
        assert users.status == 201, users.body
        for route, rows in (("diseases", made.data), ("users", users.data)):
            ids = {row["id"] for row in rows}
            sent = await in_form(farm, f"/{route}", accept, "sort_by=id&sort_order=asc")
            renamed = self.with_new_names(sent.body, accept, ids)
            answer = await self.upload(farm, route, renamed, accept)
            assert answer.status == 201, answer.body
            for before, after in zip(rows, answer.data, strict=True):
                for name in ("symptoms", "details", "address", "status"):
                    assert before.get(name, ...) == after.get(name, ...)

    def with_new_names(self, text: bytes, accept: str, ids: set[int]) -> bytes:
        """The rows with `ids` under other names, so that they can stand beside the first."""
        if accept == "text/csv":
            header, *lines = csv_text.parse(text.decode())
            names = [name or "" for name in header.cells]
            rows: list[dict[str, Any]] = [dict(zip(names, line.cells, strict=True)) for line in lines]
            rows = [row for row in rows if int(row["id"] or 0) in ids]
        else:
            rows = [row for row in as_ndjson(text) if row["id"] in ids]
            names = list(rows[0])
        for row in rows:
            for name in ("name", "email", "phone"):
                if name in row:
                    row[name] = "again-" + str(row[name])
            if "identification" in row:
                row["identification"] = str(int(row["identification"]) + 5_000_000)
                row["password"] = "Correct-Horse-1"
        if accept != "text/csv":
            return b"\n".join(json.dumps(row).encode() for row in rows)
        names = list(rows[0])
        return csv_text.header_line(names) + csv_text.lines(rows, names)

    async def test_the_header_takes_aliases_and_any_order(self, farm: Farm) -> None:
        breed = (await farm.create("breeds"))["id"]
        father = (await farm.create("animals", sex="Macho"))["id"]
        body = (
            "\ufefffather_id;ignored".replace(";", ",") + ",weight,breed_id,birth_date,sex,record\n"
            f"{father},x,500,{breed},2020-02-29,Hembra,alias {father}\n"
            f',"x, y"," 400 ",{breed},2020-02-28,Macho,"second ""alias"" {father}"'
        ).encode()
        answer = await self.upload(farm, "animals", body)
        assert answer.status == 201, answer.body
        first, second = answer.data
        assert (first["idFather"], first["weight"], first["breeds_id"]) == (father, 500, breed)
        assert first["status"] == "Vivo"  # no column: the default
        assert (second["idFather"], second["weight"], second["record"]) == (None, 400, f'second "alias" {father}')
        assert answer.meta["ignored"] == ["ignored"]

    async def test_booleans_and_numbers_are_read_by_the_records(self, farm: Farm) -> None:
        rows = [await farm.new("users") for _ in range(4)]
        for row, status in zip(rows, ("true", "FALSE", "0", None), strict=True):
            row["status"] = status
        names = list(rows[0])
        body = csv_text.header_line(names) + csv_text.lines(rows, names)
        answer = await self.upload(farm, "users", body, "text/csv; charset=UTF-8")
        assert answer.status == 201, answer.body
        assert [row["status"] for row in answer.data] == [True, False, False, True]
        assert [row["identification"] for row in answer.data] == [row["identification"] for row in rows]

    async def test_each_bad_row_is_named_with_its_line(self, farm: Farm) -> None:
        before = (await farm.get("/diseases/metadata")).data
        body = b'name,symptoms,details\n"one\ntwo",s,d\n,s,d\n\nthree,,d\nfour,s,d\n'
        answer = await self.upload(farm, "diseases", body)
        assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
        assert [(row["index"], row["line"], row["field"]) for row in answer.details["rows"]] == [
            (1, 4, "name"),
            (2, 6, "symptoms"),
        ]
        assert (await farm.get("/diseases/metadata")).data == before
        lines = b'{"name": "five", "symptoms": "s", "details": "d"}\n\n{"name": 5}\r\n[1]\n'
        answer = await self.upload(farm, "diseases", lines, NDJSON_TYPE)
        named = {(row["index"], row["line"], row["field"]) for row in answer.details["rows"]}
        assert named == {(1, 3, "name"), (1, 3, "symptoms"), (1, 3, "details"), (2, 4, "body")}

    async def test_a_value_that_is_taken_is_named_with_its_line(self, farm: Farm) -> None:
        taken = (await farm.create("species"))["name"]
        answer = await self.upload(farm, "species", f"name\nfresh {taken}\n{taken}\n".encode())
        assert answer.status == 422
        assert [(row["line"], row["field"]) for row in answer.details["rows"]] == [(3, "name")]

    @pytest.mark.parametrize(
        ("body", "kind", "line"),
        [
            (b"name,symptoms\na\nb,c,d\n", "text/csv", 2),
            (b'name\n"open', "text/csv", 2),
            (b'name\na\n"b"c\n', "text/csv", 3),
            (b'name\na"b\n', "text/csv", 2),
            (b"name\na\n\xff\n", "text/csv", 3),
            (b"name,name\na,b\n", "text/csv", 1),
            (b'{"name": "a"}\n{"name": \n', NDJSON_TYPE, 2),
            (b'{"name": "a"}\n\n{"name": "\xff"}', NDJSON_TYPE, 3),
            (b"nothing here", NDJSON_TYPE, 1),
        ],
    )
    async def test_what_cannot_be_read_is_named_with_its_line(
        self, farm: Farm, body: bytes, kind: str, line: int
    ) -> None:
        answer = await self.upload(farm, "species", body, kind)
        assert (answer.status, answer.code) == (422, "VALIDATION_ERROR"), answer.body
        assert answer.details["rows"][0]["line"] == line

    async def test_limits_are_those_of_json(self, farm: Farm) -> None:
        table = b"name\n" + b"".join(b"species %06d\n" % number for number in range(10_001))
        assert (await self.upload(farm, "species", table)).status == 413
        lines = b'{"name": "a"}\n' * 10_001
        assert (await self.upload(farm, "species", lines, NDJSON_TYPE)).status == 413
        assert (await self.upload(farm, "species", b"name\n" + b"x" * 17 * 1024 * 1024)).status == 413

    async def test_other_types_and_charsets_are_refused(self, farm: Farm) -> None:
        assert (await self.upload(farm, "species", b"name\na", "text/csv; charset=latin1")).status == 415
        assert (await self.upload(farm, "species", b"name\na", "text/plain")).status == 415

    async def test_an_empty_upload_stores_nothing(self, farm: Farm) -> None:
        for body, kind in ((b"", "text/csv"), (b"name\r\n", "text/csv"), (b"\n\n", NDJSON_TYPE)):
            answer = await self.upload(farm, "species", body, kind)
            assert (answer.status, answer.data) == (201, [])

    async def test_on_conflict_and_rights_hold_here_too(self, farm: Farm) -> None:
        taken = (await farm.create("species"))["name"]
        body = f"name\nnew beside {taken}\n{taken}\n".encode()
        answer = await self.upload(farm, "species", body, query="on_conflict=ignore")
        assert (answer.status, answer.meta["inserted"], answer.meta["skipped"]) == (201, 1, 1)
        assert (await self.upload(farm, "users", b"fullname\na\n", who="apprentice")).status == 403
        assert (await self.upload(farm, "species", b"name\na\n", who=None)).status == 401

    async def test_a_key_makes_an_upload_happen_once(self, farm: Farm) -> None:
        headers = {"Content-Type": "text/csv", "Idempotency-Key": "a-file-once"}
        first = await farm("POST", "/species/bulk", body=b"name\nonce only\n", headers=headers)
        again = await farm("POST", "/species/bulk", body=b"name\nonce only\n", headers=headers)
        assert (first.status, again.status, again.body) == (201, 201, first.body)


class TestCsvText:
    @pytest.mark.parametrize("text", HARD)
    def test_other_programs_read_what_is_written(self, text: str) -> None:
        written = csv_text.header_line(["a", "b"]) + csv_text.lines([{"a": text, "b": 1}], ["a", "b"])
        assert as_csv(written) == [{"a": text, "b": "1"}]

    @pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_what_other_programs_write_is_read(self, quoting: int, end: str) -> None:
        written = io.StringIO(newline="")
        rows = [[text, "x"] for text in HARD]
        csv.writer(written, quoting=quoting, lineterminator=end).writerows(rows)  # type: ignore[arg-type]
        assert [list(line.cells) for line in csv_text.parse(written.getvalue())] == rows

    def test_a_null_and_an_empty_text_differ(self) -> None:
        written = csv_text.lines([{"a": None, "b": ""}], ["a", "b"])
        assert written == b',""\r\n'
        assert next(csv_text.parse(written.decode())).cells == (None, "")

    def test_lines_are_counted_where_rows_begin(self) -> None:
        text = 'a,b\n"x\n\ny",1\r\n\r\nlast,'
        assert [(line.number, line.cells) for line in csv_text.parse(text)] == [
            (1, ("a", "b")),
            (2, ("x\n\ny", "1")),
            (6, ("last", None)),
        ]

    def test_a_hostile_file_is_read_in_linear_time(self) -> None:
        with pytest.raises(csv_text.MisplacedQuotes):
            list(csv_text.parse('"' + '""' * 1_000_000))
        with pytest.raises(csv_text.MisplacedQuotes):
            list(csv_text.parse('""\n' * 100_000 + '"'))


def plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("created_at", "updated_at")}
