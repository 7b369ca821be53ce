"""A value in a body is stored and given back byte for byte, or refused by name: by POST, PATCH and bulk (S4)."""

import asyncio
import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JSON = {"Content-Type": "application/json"}
GENERATED = int(os.environ.get("HERDBOOK_TRIALS_BODIES", "150"))
REFUSED = object()
TEXT, NUMBER = "diseases", "animals"
FIELDS = {TEXT: "symptoms", NUMBER: "weight"}

# name → route, what stands in the body, what is given back
CASES: dict[str, tuple[str, str, Any]] = {
    "plain": (TEXT, '"a"', "a"),
    "NUL": (TEXT, '"a\\u0000b"', REFUSED),
    "raw NUL": (TEXT, '"a\x00b"', REFUSED),
    "bell": (TEXT, '"a\\u0007b"', REFUSED),
    "escape": (TEXT, '"a\\u001bb"', REFUSED),
    "DEL": (TEXT, '"a\\u007fb"', REFUSED),
    "C1 control": (TEXT, '"a\\u0085b"', "a\x85b"),
    "tab and line ends": (TEXT, '"a\\t\\r\\nb"', "a\t\r\nb"),
    "raw tab": (TEXT, '"a\tb"', REFUSED),
    "BOM inside": (TEXT, '"\\ufeffa"', "\ufeffa"),
    "BOM inside, raw": (TEXT, '"a\ufeff"', "a\ufeff"),
    "lone high surrogate": (TEXT, '"\\ud83d"', REFUSED),
    "lone low surrogate": (TEXT, '"\\ude00"', REFUSED),
    "surrogates turned round": (TEXT, '"\\ude00\\ud83d"', REFUSED),
    "high surrogate and a letter": (TEXT, '"\\ud83da"', REFUSED),
    "surrogate pair": (TEXT, '"\\ud83d\\ude00"', "😀"),
    "raw emoji": (TEXT, '"😀"', "😀"),
    "emoji of several": (TEXT, '"👩🏽‍🌾"', "👩🏽‍🌾"),
    "a flag": (TEXT, '"🇨🇴"', "🇨🇴"),
    "last code point": (TEXT, '"\\udbff\\udfff"', "\U0010ffff"),
    "noncharacters": (TEXT, '"\\uffff\\ufffe"', "\uffff\ufffe"),
    "combining, not composed": (TEXT, '"e\\u0301"', "e\u0301"),
    "composed": (TEXT, '"\\u00e9"', "é"),
    "ligature": (TEXT, '"\\ufb01"', "\ufb01"),
    "right to left": (TEXT, '"\\u202eabc"', "\u202eabc"),
    "line separators": (TEXT, '"\\u2028\\u2029"', "\u2028\u2029"),
    "quotes": (TEXT, '"\'\\"`"', "'\"`"),
    "backslashes": (TEXT, '"\\\\\\\\n"', "\\\\n"),
    "a backslash at the end": (TEXT, '"a\\\\"', "a\\"),
    "escaped solidus": (TEXT, '"a\\/b"', "a/b"),
    "trailing space": (TEXT, '"a "', "a "),
    "only a space": (TEXT, '" "', " "),
    "nothing": (TEXT, '""', REFUSED),
    "255 letters": (TEXT, json.dumps("x" * 255), "x" * 255),
    "256 letters": (TEXT, json.dumps("x" * 256), REFUSED),
    "255 characters of two bytes": (TEXT, json.dumps("ñ" * 255), "ñ" * 255),
    "255 characters of three bytes": (TEXT, json.dumps("牛" * 255), "牛" * 255),
    "255 characters of four bytes": (TEXT, json.dumps("🐄" * 255), "🐄" * 255),
    "256 characters of four bytes": (TEXT, json.dumps("🐄" * 256), REFUSED),
    "255 characters that are 256 as UTF-16": (TEXT, json.dumps("x" * 254 + "🐄"), "x" * 254 + "🐄"),
    "255 quotes": (TEXT, json.dumps('"' * 255), '"' * 255),
    "a number for a text": (TEXT, "5", REFUSED),
    "null": (TEXT, "null", REFUSED),
    "true": (TEXT, "true", REFUSED),
    "an array": (TEXT, '["a"]', REFUSED),
    "an object": (TEXT, '{"a": "b"}', REFUSED),
    "an unknown escape": (TEXT, '"\\x41"', REFUSED),
    "half an escape": (TEXT, '"\\u00"', REFUSED),
    "no end": (TEXT, '"a', REFUSED),
    "1": (NUMBER, "1", 1),
    "2^31 - 1": (NUMBER, str(2**31 - 1), 2**31 - 1),
    "2^31": (NUMBER, str(2**31), REFUSED),
    "2^53 + 1": (NUMBER, str(2**53 + 1), REFUSED),
    "2^63 - 1": (NUMBER, str(2**63 - 1), REFUSED),
    "2^63": (NUMBER, str(2**63), REFUSED),
    "2^64": (NUMBER, str(2**64), REFUSED),
    "-2^63 - 1": (NUMBER, str(-(2**63) - 1), REFUSED),
    "a thousand digits": (NUMBER, "9" * 1000, REFUSED),
    "0": (NUMBER, "0", REFUSED),
    "-0": (NUMBER, "-0", REFUSED),
    "-0.0": (NUMBER, "-0.0", REFUSED),
    "1e400": (NUMBER, "1e400", REFUSED),
    "-1e400": (NUMBER, "-1e400", REFUSED),
    "1e-400": (NUMBER, "1e-400", REFUSED),
    "1e2": (NUMBER, "1e2", 100),
    "5.0": (NUMBER, "5.0", 5),
    "5.5": (NUMBER, "5.5", REFUSED),
    "4.9999999999999999": (NUMBER, "4.9999999999999999", 5),
    "NaN": (NUMBER, "NaN", REFUSED),
    "Infinity": (NUMBER, "Infinity", REFUSED),
    "a leading zero": (NUMBER, "05", REFUSED),
    "a plus": (NUMBER, "+5", REFUSED),
    "a point at the end": (NUMBER, "5.", REFUSED),
    "hexadecimal": (NUMBER, "0x5", REFUSED),
    "digits as text": (NUMBER, '"5"', 5),
    "digits of another alphabet": (NUMBER, '"٥"', REFUSED),
    "a number that is true": (NUMBER, "true", REFUSED),
    "31 levels": (NUMBER, "[" * 31 + "]" * 31, REFUSED),
    "40 levels": (NUMBER, "[" * 40 + "]" * 40, REFUSED),
    "10,000 levels": (NUMBER, "[" * 10_000 + "]" * 10_000, REFUSED),
    "twice the same key": (NUMBER, '1, "weight": 2', 2),
    "twice the same key, the last bad": (NUMBER, '1, "weight": []', REFUSED),
}


def test_there_are_sixty_cases_and_more() -> None:
    assert len(CASES) >= 60


async def send(farm: Any, how: str, route: str, value: str) -> Any:
    """The answer to a body in which `value` stands for the route's field, as it is written here."""
    field = FIELDS[route]
    if how == "PATCH":
        row_id = await farm.reference(route if route == TEXT else "animals")
        text, method, path = f'{{"{field}": {value}}}', "PATCH", f"/{route}/{row_id}"
    else:
        others = {name: given for name, given in (await farm.new(route)).items() if name != field}
        text, method, path = json.dumps(others)[:-1] + f', "{field}": {value}}}', "POST", f"/{route}"
    if how == "bulk":
        text, path = f"[{text}]", f"{path}/bulk"
    return await farm(method, path, body=text.encode("utf-8", "surrogatepass"), headers=JSON)


@pytest.mark.parametrize("how", ["POST", "PATCH", "bulk"])
@pytest.mark.parametrize("name", CASES)
async def test_a_value_is_given_back_as_it_came_or_refused_by_name(farm: Any, name: str, how: str) -> None:
    route, value, expected = CASES[name]
    answer = await send(farm, how, route, value)
    if expected is not REFUSED:
        row = answer.data[0] if how == "bulk" else answer.data
        assert row[FIELDS[route]] == expected
        assert type(row[FIELDS[route]]) is type(expected)
        assert (await farm.get(f"/{route}/{row['id']}")).data[FIELDS[route]] == expected
        assert (await farm.get(f"/{route}", "limit=1")).data[0][FIELDS[route]] == expected
    else:
        assert_names_the_place(answer, FIELDS[route])


def assert_names_the_place(answer: Any, field: str) -> None:
    assert answer.status in (400, 422), answer.body
    if answer.status == 422:
        assert answer.code == "VALIDATION_ERROR"
        assert list(answer.details["validation_errors"]) == [field]
    else:
        assert answer.code == "INVALID_JSON"
        assert any(letter.isdigit() for letter in answer.json["message"]), "neither line and column nor a depth"


# Bodies made at random: whole ones, and ones with a few bytes of them changed.

LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=300)
    | st.sampled_from(["\ud800", "\x00", "🐄" * 255, "x" * 256, "5", "Vivo", "2024-02-30", "0000-00-00"])
)
ANY = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
)
NAMES = ["name", "symptoms", "details", "record", "weight", "birth_date", "breeds_id", "sex", "id", "updated_at", "x"]
BODY = st.dictionaries(st.sampled_from(NAMES), ANY, max_size=6)
FLAW = st.tuples(st.integers(0, 2000), st.binary(max_size=3))


@pytest.fixture
async def loop_of(farm: Any) -> Any:
    """The loop that the farm lives in."""
    return asyncio.get_running_loop(), farm


@settings(max_examples=GENERATED, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(route=st.sampled_from([TEXT, NUMBER]), body=BODY, flaws=st.lists(FLAW, max_size=2), how=st.sampled_from("pub"))
def test_whatever_is_sent_is_never_a_failure_of_the_service(
    loop_of: Any, route: str, body: dict[str, Any], flaws: list[tuple[int, bytes]], how: str
) -> None:
    loop, farm = loop_of
    said = json.dumps([body] if how == "b" else body).encode()
    for at, put in flaws:
        at = at % (len(said) + 1)
        said = said[:at] + put + said[at + 1 :]

    async def ask() -> Any:
        row_id = await farm.reference(route)
        method, path = {"p": ("POST", ""), "u": ("PATCH", f"/{row_id}"), "b": ("POST", "/bulk")}[how]
        return await farm(method, f"/{route}{path}", body=said, headers=JSON)

    answer = loop.run_until_complete(ask())
    assert answer.status in (200, 201, 400, 409, 422), (said, answer.body)
    if answer.status == 422:
        assert answer.details["validation_errors"]
