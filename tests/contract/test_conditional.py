"""Conditional requests, HEAD, Range and encodings, as RFC 9110 has them, for every kind of answer of every resource."""

import asyncio
import gzip
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import pytest
from specimens import RESOURCES

STRONG = re.compile(r'"[\x21\x23-\x7e]+"')
KINDS = ("list", "detail", "metadata", "since", "related")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of GET in turn."""
    return str(request.param)


async def place(farm: Any, route: str, kind: str) -> tuple[str, str]:
    """Path and query of one GET of this kind."""
    row = (await farm.get(f"/{route}", "limit=1&sort_by=id&sort_order=asc")).data[0]
    return {
        "list": (f"/{route}", "limit=20"),
        "detail": (f"/{route}/{row['id']}", ""),
        "metadata": (f"/{route}/metadata", ""),
        "since": (f"/{route}", "since=2001-01-01&limit=20"),
        "related": (f"/{route}/{row['id']}", "include_relations=true"),
    }[kind]


async def test_every_get_has_a_strong_tag_and_says_how_it_may_be_kept(library: Any, route: str, kind: str) -> None:
    answer = await library.get(*await place(library, route, kind))
    assert STRONG.fullmatch(answer.headers["ETag"])
    private = RESOURCES[route].private
    assert answer.headers["Cache-Control"] == ("private, no-cache" if private else "public, no-cache")
    expected = {"Accept-Encoding"} | ({"Authorization", "Cookie"} if private else set())
    expected |= {"Accept"} if kind in ("list", "since") else set()
    assert set(answer.headers["Vary"].split(", ")) == expected
    assert parsedate_to_datetime(answer.headers["Last-Modified"]) <= datetime.now(UTC)


async def test_a_tag_that_is_named_is_answered_304_without_a_body(library: Any, route: str, kind: str) -> None:
    where = await place(library, route, kind)
    whole = await library.get(*where)
    answer = await library.get(*where, headers={"If-None-Match": whole.headers["ETag"]})
    assert (answer.status, answer.body) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary", "Last-Modified"):
        assert answer.headers[name] == whole.headers[name]
    assert "Content-Type" not in answer.headers
    assert answer.headers.get("Content-Length", "0") in ("0", str(len(whole.body)))


@pytest.mark.parametrize(
    "said",
    [
        "*",
        " * ",
        "W/{tag}",
        '"other", {tag}',
        '{tag},"other"',
        'W/"other" ,  W/{tag}',
        "{bare}",
        "other, {bare}",
        '"",{tag}',
        "{tag} ",
    ],
)
async def test_a_tag_may_be_named_in_many_ways(library: Any, route: str, said: str) -> None:
    where = await place(library, route, "list")
    tag = (await library.get(*where)).headers["ETag"]
    header = said.format(tag=tag, bare=tag.strip('"'))
    assert (await library.get(*where, headers={"If-None-Match": header})).status == 304


@pytest.mark.parametrize("said", ['"other"', "{tag}x", '"x{bare}"', "", ",", '"*"', "w/{upper}", "{bare}{bare}"])
async def test_a_tag_that_is_not_named_is_answered_200(library: Any, route: str, said: str) -> None:
    where = await place(library, route, "list")
    whole = await library.get(*where)
    tag = whole.headers["ETag"]
    header = said.format(tag=tag, bare=tag.strip('"'), upper=tag.upper().replace('"', '"X', 1))
    answer = await library.get(*where, headers={"If-None-Match": header})
    assert (answer.status, answer.body) == (200, whole.body)


async def test_if_none_match_goes_before_if_modified_since(library: Any, route: str, kind: str) -> None:
    where = await place(library, route, kind)
    whole = await library.get(*where)
    future, past = "Fri, 01 Jan 2999 00:00:00 GMT", "Mon, 01 Jan 2001 00:00:00 GMT"
    other = {"If-None-Match": '"other"', "If-Modified-Since": future}
    same = {"If-None-Match": whole.headers["ETag"], "If-Modified-Since": past}
    assert (await library.get(*where, headers=other)).status == 200
    assert (await library.get(*where, headers=same)).status == 304


@pytest.fixture(scope="module")
async def still(library: Any) -> Any:
    """The library, once the second of its last change is over."""
    await asyncio.sleep(1.1)
    # Ask what no page that was made in that second answers.
    for route in RESOURCES:
        await library.post(f"/{route}/bulk", [await library.new(route)])
    await asyncio.sleep(1.1)
    return library


@pytest.mark.parametrize(
    "form",
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S +0000"],
)
@pytest.mark.parametrize("plain", ["list", "detail", "metadata", "since"])
async def test_if_modified_since_takes_every_form_of_a_date(still: Any, route: str, plain: str, form: str) -> None:
    where = await place(still, route, plain)
    modified = parsedate_to_datetime((await still.get(*where)).headers["Last-Modified"])
    same, before = modified.strftime(form), (modified - timedelta(seconds=1)).strftime(form)
    answer = await still.get(*where, headers={"If-Modified-Since": same})
    assert (answer.status, answer.body) == (304, b"")
    assert "ETag" in answer.headers
    assert (await still.get(*where, headers={"If-Modified-Since": before})).status == 200


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "0",
        "yesterday",
        "Sun, 06 Nov 999999999999 08:49:37 GMT",
        "Sun, 06 Nov 1994 99999999999999999999:49:37 GMT",
        "2999-01-01",
        "-1",
    ],
)
async def test_a_date_that_is_none_is_no_condition(library: Any, route: str, bad: str) -> None:
    where = await place(library, route, "list")
    assert (await library.get(*where, headers={"If-Modified-Since": bad})).status == 200


async def test_two_changes_in_one_second_are_never_hidden(farm: Any, route: str) -> None:
    specimens = farm.specimens[route]
    row = await farm.create(route)
    where = f"/{route}/{row['id']}"
    for path in (where, f"/{route}", f"/{route}/metadata"):
        seen = await farm.get(path)
        for _ in range(2):
            body = {specimens.text_field: f"change {next(specimens.numbers)}"}
            changed = await farm("PUT", where, json=body)
            answer = await farm.get(path, headers={"If-Modified-Since": seen.headers["Last-Modified"]})
            assert answer.status == 200
            assert changed.data["updated_at"].encode() in answer.body
            tagged = await farm.get(path, headers={"If-None-Match": seen.headers["ETag"]})
            assert tagged.status == 200
            seen = answer


async def test_a_change_changes_the_tag_of_what_it_changes(farm: Any, route: str) -> None:
    row, other = await farm.create(route), await farm.create(route)
    paths = (f"/{route}", f"/{route}/{row['id']}", f"/{route}/metadata", f"/{route}/{other['id']}")
    before = [(await farm.get(path)).headers["ETag"] for path in paths]
    specimens = farm.specimens[route]
    await farm("PUT", paths[1], json={specimens.text_field: f"change {next(specimens.numbers)}"})
    after = [(await farm.get(path)).headers["ETag"] for path in paths]
    assert [one == two for one, two in zip(before, after, strict=True)] == [False, False, False, True]


# Encodings.


async def test_each_encoding_has_a_tag_of_its_own(library: Any, route: str) -> None:
    where = await place(library, route, "list")
    plain = await library.get(*where, headers={"Accept-Encoding": "identity"})
    packed = await library.get(*where, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)
    assert STRONG.fullmatch(packed.headers["ETag"])
    assert packed.headers["ETag"] != plain.headers["ETag"]
    for tag, encoding, status in (
        (packed.headers["ETag"], "gzip", 304),
        (plain.headers["ETag"], "identity", 304),
        (packed.headers["ETag"], "identity", 200),
        (plain.headers["ETag"], "gzip", 200),
    ):
        answer = await library.get(*where, headers={"Accept-Encoding": encoding, "If-None-Match": tag})
        assert answer.status == status, (tag, encoding)
        assert answer.headers["ETag"] == (packed if encoding == "gzip" else plain).headers["ETag"]


@pytest.mark.parametrize(
    ("said", "packed"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("gzip, deflate, br", True),
        ("gzip;q=0.5", True),
        ("gzip ; q=0.5", True),
        ("*", True),
        ("identity;q=0.5, *;q=0.8", True),
        ("gzip;q=0.001", True),
        ("", False),
        ("identity", False),
        ("br, deflate", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.5", False),
        ("gzip;q=x", False),
        ("x-nothing", False),
    ],
)
async def test_the_encoding_is_the_one_the_client_takes_best(library: Any, route: str, said: str, packed: bool) -> None:
    where = await place(library, route, "list")
    answer = await library.get(*where, headers={"Accept-Encoding": said})
    assert (answer.status, "Content-Encoding" in answer.headers) == (200, packed)


async def test_a_short_answer_is_not_packed(library: Any, route: str) -> None:
    answer = await library.get(f"/{route}/metadata", headers={"Accept-Encoding": "gzip"})
    assert len(answer.body) < 500
    assert "Content-Encoding" not in answer.headers


# HEAD and Range.


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_head_is_get_without_the_body(library: Any, route: str, kind: str, encoding: str) -> None:
    where = await place(library, route, kind)
    got = await library.get(*where, headers={"Accept-Encoding": encoding})
    head = await library("HEAD", *where, headers={"Accept-Encoding": encoding})
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.body))
    assert {k: v for k, v in head.headers.items() if k != "Date"} == {
        k: v for k, v in got.headers.items() if k != "Date"
    }


async def test_head_is_conditional_too(library: Any, route: str, kind: str) -> None:
    where = await place(library, route, kind)
    tag = (await library("HEAD", *where)).headers["ETag"]
    assert (await library("HEAD", *where, headers={"If-None-Match": tag})).status == 304
    assert (await library("HEAD", *where, headers={"If-None-Match": '"x"'})).status == 200


async def test_a_range_is_taken_no_notice_of(library: Any, route: str, kind: str) -> None:
    where = await place(library, route, kind)
    whole = await library.get(*where)
    for headers in (
        {"Range": "bytes=0-3"},
        {"Range": "bytes=0-3", "If-Range": whole.headers["ETag"]},
        {"Range": "bytes=999999-"},
    ):
        answer = await library.get(*where, headers=headers)
        assert (answer.status, answer.body) == (200, whole.body)
        assert "Content-Range" not in answer.headers


# Writes.


@pytest.fixture(params=["PUT", "PATCH", "DELETE"])
def method(request: pytest.FixtureRequest) -> str:
    """Each method that changes a row in turn."""
    return str(request.param)


async def attempt(farm: Any, route: str, method: str, row_id: int, headers: dict[str, str]) -> Any:
    specimens = farm.specimens[route]
    body = {} if method == "DELETE" else {"json": {specimens.text_field: f"try {next(specimens.numbers)}"}}
    return await farm(method, f"/{route}/{row_id}", headers=headers, **body)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_write_with_the_tag_of_the_row_is_done(farm: Any, route: str, method: str, encoding: str) -> None:
    row = await farm.create(route)
    tag = (await farm.get(f"/{route}/{row['id']}", headers={"Accept-Encoding": encoding})).headers["ETag"]
    assert (await attempt(farm, route, method, row["id"], {"If-Match": f'"x", {tag}'})).status == 200


@pytest.mark.parametrize("said", ['"x"', "W/{tag}", "", "{old}", '"*"'])
async def test_a_write_with_another_tag_is_refused_and_changes_nothing(
    farm: Any, route: str, method: str, said: str
) -> None:
    row = await farm.create(route)
    where = f"/{route}/{row['id']}"
    old = (await farm.get(where)).headers["ETag"]
    assert (await attempt(farm, route, "PUT", row["id"], {})).status == 200
    now = await farm.get(where)
    answer = await attempt(farm, route, method, row["id"], {"If-Match": said.format(tag=now.headers["ETag"], old=old)})
    assert (answer.status, answer.code) == (412, "PRECONDITION_FAILED")
    assert (await farm.get(where)).body == now.body


async def test_a_write_if_there_is_a_row_at_all(farm: Any, route: str, method: str) -> None:
    row = await farm.create(route)
    assert (await attempt(farm, route, method, row["id"], {"If-Match": "*"})).status == 200
    assert (await attempt(farm, route, method, 987_654_321, {"If-Match": "*"})).status in (404, 412)


async def test_a_write_only_if_there_is_no_row_is_refused(farm: Any, route: str, method: str) -> None:
    row = await farm.create(route)
    now = await farm.get(f"/{route}/{row['id']}")
    for said in ("*", now.headers["ETag"]):
        answer = await attempt(farm, route, method, row["id"], {"If-None-Match": said})
        assert (answer.status, answer.code) == (412, "PRECONDITION_FAILED")
    assert (await farm.get(f"/{route}/{row['id']}")).body == now.body


async def test_a_write_only_if_unmodified_since(farm: Any, route: str, method: str) -> None:
    row = await farm.create(route)
    now = datetime.now(UTC)
    past, future = (format_datetime(now + timedelta(days=days), usegmt=True) for days in (-400, 400))
    assert (await attempt(farm, route, method, row["id"], {"If-Unmodified-Since": past})).status == 412
    # If-Match goes before it.
    tag = (await farm.get(f"/{route}/{row['id']}")).headers["ETag"]
    for headers in ({"If-Match": '"x"', "If-Unmodified-Since": future},):
        assert (await attempt(farm, route, method, row["id"], headers)).status == 412
    assert (await attempt(farm, route, method, row["id"], {"If-Match": tag, "If-Unmodified-Since": past})).status == 200


async def test_of_two_who_read_the_same_row_one_may_write(farm: Any, route: str) -> None:
    row = await farm.create(route)
    tag = (await farm.get(f"/{route}/{row['id']}")).headers["ETag"]
    both = [attempt(farm, route, "PUT", row["id"], {"If-Match": tag}) for _ in range(2)]
    assert sorted([one.status for one in await asyncio.gather(*both)]) == [200, 412]


async def test_the_answer_to_a_write_is_kept_by_nobody(farm: Any, route: str) -> None:
    answer = await farm.post(f"/{route}", await farm.new(route))
    assert answer.headers["Cache-Control"] == "no-store"
