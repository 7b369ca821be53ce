"""The linter behind every contract test finds what is wrong, and each kind of answer is right."""

from typing import Any

import pytest
from linting import Exchange, Linter, faults


def exchange(*fields: tuple[bytes, bytes], path: str = "/x", status: int = 200, body: bytes = b"{}") -> Exchange:
    """A GET and its answer."""
    return Exchange("GET", path, {}, status, fields, body)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ([(b"Content-Length", b"3")], "CL_INCORRECT"),
        ([(b"Date", b"yesterday")], "BAD_DATE_SYNTAX"),
    ],
)
def test_what_is_wrong_is_found(fields: list[tuple[bytes, bytes]], name: str) -> None:
    assert any(found.startswith(name) for found in faults(exchange(*fields))), faults(exchange(*fields))


def test_a_shape_that_was_right_is_not_looked_at_again() -> None:
    linter = Linter()
    linter.check(exchange((b"ETag", b'"a"')))
    linter.check(exchange((b"ETag", b'"b"')))
    assert len(linter.seen) == 1


def test_an_answer_that_is_wrong_fails_the_test_that_got_it() -> None:
    with pytest.raises(AssertionError, match="CL_INCORRECT"):
        Linter().check(exchange((b"Content-Length", b"3")))


def test_many_new_rows_have_no_one_location() -> None:
    assert faults(Exchange("POST", "/api/v1/x/bulk", {}, 201, (), b"{}")) == []
    assert faults(Exchange("POST", "/api/v1/x", {}, 201, (), b"{}")) != []


async def test_every_kind_of_answer_is_looked_at(farm: Any) -> None:
    row = await farm.create("species")
    path = f"/species/{row['id']}"
    tag = (await farm.get(path)).headers["ETag"]
    await farm.get(path, headers={"If-None-Match": tag})
    await farm.get(path, headers={"If-Match": '"other"'})
    await farm.get("/species", {"nonsense": 1})
    await farm.get("/animals", who=None)
    await farm.get("/nowhere")
    await farm("HEAD", "/species")
    await farm("TRACE", "/species")
    await farm("PUT", path, body=b"x", headers={"Content-Type": "text/plain"})
    seen = {(method, status) for method, status, *_ in farm.asking.linter.seen}
    assert {status for _, status in seen} >= {200, 201, 304, 400, 401, 404, 405, 412, 415}
