"""Whatever a client sends is refused by name, or stored and given back byte for byte; it never becomes a 500 or SQL."""

import asyncio
import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specimens import RESOURCES

JSON = {"Content-Type": "application/json"}

# Text that is stored as it is.
KEPT = {
    "emoji": "🐄🏽‍🌾",
    "a flag": "🇨🇴",
    "another plane": "\U0002f80c",
    "combining": "e\u0301 n\u0303",
    "right to left": "\u202eabc\u202c",
    "Arabic": "بقرة",
    "zero width": "a\u200bb\ufeffc",
    "line ends": "a\r\nb\tc\nd",
    "separators": "a\u2028b\u2029c\u0085d",
    "quotes": "a'b\"c`d\\e",
    "escapes": "\\n \\u0041 \\' %s %(name)s {name} ${name}",
    "markup": "<script>alert('x')</script>&amp;",
    "comment": "a -- b # c /* d */",
    "noncharacter": "a\uffffb\ufffe",
    "private": "a\ue000b",
    "JSON": '{"a": [1, "x"]},\n',
    "a row's end": '"},\n{"id":1',
    "a formula": "=1+1",
    "spaces": " a  b ",
}

# A body's text after {"…": , and what is said of it: None where it is no JSON at all.
REFUSED = {
    "NUL": '"a\\u0000b"',
    "a control character": '"a\\u0007b"',
    "an escape character": '"a\\u001bb"',
    "DEL": '"a\\u007fb"',
    "a number": "5",
    "2^63": str(2**63),
    "2^64": str(2**64),
    "a float": "1.5e300",
    "true": "true",
    "an object": '{"a": 1}',
    "an array": '["a"]',
    "nothing": "null",
    "no text": '""',
    "a lone surrogate": '"a\\ud800b"',
    "a low surrogate": '"a\\udc00b"',
    "surrogates the wrong way round": '"\\udc00\\ud800"',
    "1e400": "1e400",
    "NaN": "NaN",
    "Infinity": "-Infinity",
    "a raw control character": '"a\x01b"',
    "a raw line end": '"a\nb"',
    "half an escape": '"a\\u12"',
    "single quotes": "'a'",
    "a comma too many": '"a",',
}


@pytest.mark.parametrize("kind", KEPT)
async def test_text_is_given_back_as_it_came(farm: Any, route: str, kind: str) -> None:
    specimens = farm.specimens[route]
    value = f"{KEPT[kind]}{next(specimens.numbers)}"
    posted = await farm.post(f"/{route}", await farm.new(route, **{specimens.text_field: value}))
    assert posted.status == 201, posted.body
    row = posted.data
    assert row[specimens.text_field] == value
    assert (await farm.get(f"/{route}/{row['id']}")).data == row
    assert (await farm.get(f"/{route}", "limit=1")).data == [row]
    stored = farm.sql(
        f"SELECT HEX({specimens.text_field}) AS kept FROM `{specimens.resource.table}` WHERE id = %s", row["id"]
    )
    assert bytes.fromhex(stored[0]["kept"]) == value.encode()
    assert (await farm("DELETE", f"/{route}/{row['id']}")).status == 200


@pytest.mark.parametrize("where", ["", "/bulk"])
@pytest.mark.parametrize("kind", REFUSED)
async def test_what_no_text_can_be_is_refused_and_said_where(farm: Any, route: str, kind: str, where: str) -> None:
    name = next(name for name in farm.specimens[route].text_fields if name not in RESOURCES[route].nullable)
    body = {key: value for key, value in (await farm.new(route)).items() if key != name}
    text = json.dumps(body)[:-1] + f', "{name}": {REFUSED[kind]}}}'
    answer = await farm("POST", f"/{route}{where}", body=(f"[{text}]" if where else text).encode(), headers=JSON)
    assert answer.status in (400, 422), answer.body
    if answer.status == 422:
        assert list(answer.details["validation_errors"]) == [name]
    else:
        assert answer.code == "INVALID_JSON"


@pytest.mark.parametrize(
    "value",
    [2**63, 2**64, -(2**63) - 1, 2**1000, 1.5, 1e300, "9" * 30, "1e3", "0x10", "١", " ", True, [1], {"a": 1}, -1, 0],
)
@pytest.mark.parametrize("route", ["animals", "breeds", "animal-diseases", "users"])
async def test_what_no_number_can_be_is_refused_by_name(farm: Any, route: str, value: Any) -> None:
    name = {"animals": "weight", "breeds": "species_id", "animal-diseases": "animal_id", "users": "identification"}[
        route
    ]
    for where in ("", "/bulk"):
        body: Any = await farm.new(route, **{name: value})
        answer = await farm.post(f"/{route}{where}", [body] if where else body)
        assert (answer.status, list(answer.details["validation_errors"])) == (422, [name])


@pytest.mark.parametrize("text", ["5.0", "5e0", '"5"', '" 5 "', "5"])
async def test_a_number_may_be_spelled_in_the_ways_that_clients_do(farm: Any, text: str) -> None:
    body = {key: value for key, value in (await farm.new("animals")).items() if key != "weight"}
    sent = json.dumps(body)[:-1] + f', "weight": {text}}}'
    answer = await farm("POST", "/animals", body=sent.encode(), headers=JSON)
    assert answer.data["weight"] == 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\xef\xbb\xbf{}",
        b"{}x",
        b"{",
        b"[" * 5000,
        b'{"a":' * 2000,
        b"\xff\xfe{}",
        b'"\xff"',
        "{}".encode("utf-16"),
        b"\x00",
        b"{'a':1}",
        b"{,}",
        b'{"a":1,}',
        b"nul",
        b"01",
        b"//x\n{}",
    ],
)
async def test_a_body_that_is_no_json_is_refused(farm: Any, route: str, body: bytes) -> None:
    for method, path in (("POST", f"/{route}"), ("POST", f"/{route}/bulk"), ("PUT", f"/{route}/1")):
        answer = await farm(method, path, body=body, headers=JSON)
        assert (answer.status, answer.code) == (400, "INVALID_JSON")


@pytest.mark.parametrize("depth", [33, 200, 1000])
async def test_a_body_nested_too_deep_is_refused(farm: Any, route: str, depth: int) -> None:
    body = b'{"name": ' + b"[" * depth + b"]" * depth + b"}"
    answer = await farm("POST", f"/{route}", body=body, headers=JSON)
    assert (answer.status, answer.code) == (400, "INVALID_JSON")


async def test_of_duplicate_keys_the_last_counts(farm: Any) -> None:
    answer = await farm("POST", "/species", body=b'{"name": "the first", "name": "the last of two"}', headers=JSON)
    assert answer.data["name"] == "the last of two"


async def test_keys_of_any_text_are_dropped_and_named(farm: Any, route: str) -> None:
    odd = {"": 1, "🐄": 2, "a'b": 3, "__class__": 4, "x" * 300: 5, "a\nb": 6}
    answer = await farm.post(f"/{route}", {**await farm.new(route), **odd})
    assert answer.status == 201
    assert answer.meta["ignored"] == list(odd)


async def test_255_characters_are_counted_as_characters(farm: Any) -> None:
    cow = "🐄" * 246 + f"{next(farm.specimens['species'].numbers):09d}"
    assert (await farm.create("species", name=cow))["name"] == cow
    assert (await farm.post("/species", {"name": "🐄" * 256})).status == 422


async def test_a_note_of_many_bytes_is_kept_whole(farm: Any) -> None:
    for letter in ("x", "🐄", "\\", '"', "\n"):
        note = letter * 16_000
        row = await farm.create("animal-diseases", notes=note)
        assert row["notes"] == note
        listed = await farm.get("/animal-diseases", "limit=1")
        assert listed.data == [row]
    assert (await farm.post("/animal-diseases", await farm.new("animal-diseases", notes="x" * 16_001))).status == 422


async def test_a_page_that_is_very_long_is_whole(farm: Any) -> None:
    """group_concat_max_len cuts without a word: a thousand long notes are sixteen megabytes."""
    for _ in range(4):
        bodies = [await farm.new("animal-diseases", notes=f"{number}" + "ñ" * 6000) for number in range(250)]
        assert (await farm.post("/animal-diseases/bulk", bodies)).status == 201
    page = await farm.get("/animal-diseases", "limit=1000")
    assert len(page.data) == 1000
    assert all(len(row["notes"]) > 6000 for row in page.data)
    delta = await farm.get("/animal-diseases", {"since": page.data[-1]["updated_at"], "limit": 1000})
    assert len(delta.data) == 999


# Hypothesis: whatever text, in whatever field.

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=0, max_size=300)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@QUICK
@given(symptoms=TEXT, details=TEXT)
def test_any_text_makes_the_round_trip(round_trip: Any, symptoms: str, details: str) -> None:
    row, listed = round_trip({"symptoms": symptoms, "details": details})
    assert (row["symptoms"], row["details"]) == (symptoms, details)
    assert listed == row


@QUICK
@given(search=ANY_TEXT)
def test_any_search_is_answered(ask_in_loop: Any, search: str) -> None:
    assert ask_in_loop("/diseases", {"search": search}).status in (200, 400)


@QUICK
@given(name=ANY_TEXT, value=ANY_TEXT)
def test_any_parameter_is_answered(ask_in_loop: Any, name: str, value: str) -> None:
    answer = ask_in_loop("/animals", {name: value})
    assert answer.status in (200, 400, 410)
    assert answer.status != 400 or answer.details["parameter"] == name


@QUICK
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
        max_leaves=8,
    )
)
def test_any_json_is_answered(post_in_loop: Any, value: Any) -> None:
    for path in ("/species", "/species/bulk"):
        assert post_in_loop(path, value).status in (201, 400, 413, 422)
    for field in ("name", "symptoms"):
        assert post_in_loop("/diseases", {"name": "x", "symptoms": "x", "details": "x", field: value}).status in (
            201,
            409,
            422,
        )


@pytest.fixture
async def loop_of(farm: Any) -> Any:
    """The loop that the farm lives in."""
    return asyncio.get_running_loop(), farm


@pytest.fixture
def ask_in_loop(loop_of: Any) -> Any:
    """Asks from a test that is no coroutine, as hypothesis needs it."""
    loop, farm = loop_of
    return lambda path, query: loop.run_until_complete(farm.get(path, query))


@pytest.fixture
def post_in_loop(loop_of: Any) -> Any:
    """Posts from a test that is no coroutine."""
    loop, farm = loop_of
    return lambda path, body: loop.run_until_complete(farm.post(path, body))


@pytest.fixture
def round_trip(loop_of: Any) -> Any:
    """Changes one disease, and gives the row as answered and as listed."""
    loop, farm = loop_of
    row_id = loop.run_until_complete(farm.reference("diseases"))

    async def go(body: dict[str, Any]) -> Any:
        row = (await farm("PUT", f"/diseases/{row_id}", json=body)).data
        return row, (await farm.get("/diseases", "limit=1")).data[0]

    return lambda body: loop.run_until_complete(go(body))


async def test_a_very_long_name_of_a_parameter_costs_little(library: Any) -> None:
    start = time.process_time()
    answer = await library.get("/animals", {"x" * 7000: "1"})
    assert answer.status == 400
    assert time.process_time() - start < 1.0
