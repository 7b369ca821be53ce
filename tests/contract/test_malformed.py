"""What is no HTTP request, or too long a one, is refused in the one shape that every failure has."""

from typing import Any

import orjson
import pytest
from raw import RawFarm, serving

START = b"GET /api/v1/species HTTP/1.1\r\nHost: x\r\n"
MALFORMED = {
    "no version": b"GET /api/v1/species\r\n\r\n",
    "two lengths": b"POST /api/v1/species HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a version to come": b"GET /api/v1/species HTTP/2.0\r\nHost: x\r\n\r\n",
    "two words for a host": b"GET /api/v1/species HTTP/1.1\r\nHost: a b\r\n\r\n",
    "no host": b"GET /api/v1/species HTTP/1.1\r\n\r\n",
    "no request at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}
TOO_LONG = {
    "an address": (b"GET /api/v1/species?search=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "URI_TOO_LONG"),
    "a field": (START + b"X-A: " + b"x" * 9000 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
    "101 fields": (START + b"X-A: x\r\n" * 100 + b"\r\n", 431, "HEADERS_TOO_LARGE"),
    "fields together": (START + (b"X-A: " + b"x" * 8000 + b"\r\n") * 5 + b"\r\n", 431, "HEADERS_TOO_LARGE"),
    "fields together, without an end": (START + (b"X-A: " + b"x" * 8000 + b"\r\n") * 5, 431, "HEADERS_TOO_LARGE"),
    "a length": (START + b"Content-Length: 16777217\r\n\r\n", 413, "PAYLOAD_TOO_LARGE"),
}


@pytest.mark.parametrize("memo", [True, False])
@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED.keys())
async def test_it_is_a_problem_and_the_end_of_the_connection(farm: Any, sent: bytes, memo: bool) -> None:
    async with serving(farm.settings, memo=memo) as served:
        await assert_refused(served, sent, 400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("memo", [True, False])
@pytest.mark.parametrize(("sent", "status", "code"), TOO_LONG.values(), ids=TOO_LONG.keys())
async def test_what_is_too_long_is_told_so(farm: Any, sent: bytes, status: int, code: str, memo: bool) -> None:
    async with serving(farm.settings, memo=memo) as served:
        await assert_refused(served, sent, status, code)


async def assert_refused(served: RawFarm, sent: bytes, status: int, code: str) -> None:
    """The answer, and that nothing comes after it."""
    async with served.connect() as connection:
        answer = await connection.ask(sent)
        said = orjson.loads(answer.body)
        assert answer.status == said["status"] == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert said["error"]["code"] == code
        assert await connection.ended()


@pytest.mark.parametrize("chunked", [True, False])
async def test_one_row_has_a_mebibyte(farm: Any, chunked: bool) -> None:
    body = b'{"name": "' + b"x" * (1 << 20) + b'"}'
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    head = (
        f"POST /api/v1/species HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}\r\n"
        f"Authorization: Bearer {farm.asking.tokens['admin']}\r\n\r\n"
    )
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    async with serving(farm.settings, memo=True) as served, served.connect() as connection:
        answer = await connection.ask(head.encode() + sent)
        assert answer.status == 413
        assert "1 MiB" in orjson.loads(answer.body)["message"]
