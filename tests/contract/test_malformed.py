"""What is no HTTP request is refused in the one shape that every failure has."""

from typing import Any

import orjson
import pytest
from raw import serving

MALFORMED = {
    "no version": b"GET /api/v1/species\r\n\r\n",
    "a line too long": b"GET /api/v1/species?search=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": b"POST /api/v1/species HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a version to come": b"GET /api/v1/species HTTP/2.0\r\nHost: x\r\n\r\n",
    "two words for a host": b"GET /api/v1/species HTTP/1.1\r\nHost: a b\r\n\r\n",
    "no host": b"GET /api/v1/species HTTP/1.1\r\n\r\n",
    "no request at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("memo", [True, False])
@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED.keys())
async def test_it_is_a_problem_and_the_end_of_the_connection(farm: Any, sent: bytes, memo: bool) -> None:
    async with serving(farm.settings, memo=memo) as served, served.connect() as connection:
        answer = await connection.ask(sent)
        said = orjson.loads(answer.body)
        assert answer.status == said["status"] == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert said["error"]["code"] == "MALFORMED_REQUEST"
        assert await connection.ended()
