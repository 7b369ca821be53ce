"""Another key: tokens of the one before are good until they expire, and new ones are signed with the new one."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import jwt
import pytest
from asking import Answer, Asking, asking
from specimens import PASSWORD

from service.app import create_app

OLD, NEW, THIRD = "the-tests-sign-their-tokens-with-this", "n" * 40, "t" * 40

Worker = Callable[..., AbstractAsyncContextManager[Asking]]


@pytest.fixture
def worker(farm: Any) -> Worker:
    """Opens a worker on the farm's database that signs with `key`."""

    @asynccontextmanager
    async def opened(key: str, previous: str | None = None) -> AsyncIterator[Asking]:
        asked = await asking(await create_app(replace(farm.settings, secret_key=key, secret_key_previous=previous)))
        try:
            yield asked
        finally:
            await asked.client.close()

    return opened


@pytest.fixture
async def own(farm: Any) -> int:
    """The id of somebody whose token was signed with the old key."""
    farm.sql("DELETE FROM login_attempt")
    return int(await farm.enrol("old", role="Aprendiz"))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def login(asked: Asking, farm: Any, own: int) -> tuple[str, str]:
    """The access and the refresh token of a new session."""
    identification = farm.sql("SELECT identification FROM user WHERE id = %s", own)[0]["identification"]
    said = {"identification": identification, "password": PASSWORD}
    answer = await asked.post("/auth/login", said, who=None)
    return answer.json["access_token"], refresh_token(answer)


def refresh_token(answer: Answer) -> str:
    lines = answer.headers.getall("Set-Cookie")
    return next(line for line in lines if line.startswith("refresh_token_cookie=")).partition("=")[2].partition(";")[0]


def is_signed_with(token: str, key: str) -> bool:
    try:
        return bool(jwt.decode(token, key, algorithms=["HS256"]))
    except jwt.InvalidSignatureError:
        return False


async def test_a_token_of_the_old_key_is_good_while_that_is_kept(farm: Any, worker: Worker, own: int) -> None:
    token = farm.asking.tokens["old"]
    for key, previous, status in ((NEW, OLD, 200), (OLD, NEW, 200), (NEW, None, 401), (NEW, THIRD, 401)):
        async with worker(key, previous) as asked:
            for _ in range(2):
                assert (await asked.get("/auth/me", who=None, headers=bearer(token))).status == status


async def test_new_tokens_are_signed_with_the_new_key(farm: Any, worker: Worker, own: int) -> None:
    async with worker(NEW, OLD) as asked:
        for token in await login(asked, farm, own):
            assert is_signed_with(token, NEW)
            assert not is_signed_with(token, OLD)


async def test_an_old_session_goes_on_under_the_new_key_and_outlives_the_old_one(
    farm: Any, worker: Worker, own: int
) -> None:
    _, refresh = await login(farm.asking, farm, own)
    async with worker(NEW, OLD) as asked:
        renewed = (await asked("POST", "/auth/refresh", who=None, headers=bearer(refresh))).json["access_token"]
        assert is_signed_with(renewed, NEW)
    async with worker(NEW) as asked:
        assert (await asked.get("/auth/me", who=None, headers=bearer(renewed))).status == 200
        assert (await asked("POST", "/auth/refresh", who=None, headers=bearer(refresh))).status == 401


@pytest.mark.parametrize("end", ["logout", "password", "status"])
async def test_what_ends_a_session_ends_those_of_the_old_key_too(farm: Any, worker: Worker, own: int, end: str) -> None:
    token = farm.asking.tokens["old"]
    async with worker(NEW, OLD) as asked:
        assert (await asked.get("/auth/me", who=None, headers=bearer(token))).status == 200
        if end == "logout":
            assert (await asked("POST", "/auth/logout", who=None, headers=bearer(token))).status == 200
        else:
            body = {"password": "Another-Horse-2"} if end == "password" else {"status": False}
            assert (await farm("PUT", f"/users/{own}", json=body)).status == 200
        refused = await asked.get("/auth/me", who=None, headers=bearer(token))
        assert refused.status == (403 if end == "status" else 401)


async def test_the_old_key_stretches_no_token(farm: Any, worker: Worker, own: int) -> None:
    claims = jwt.decode(farm.asking.tokens["old"], OLD, algorithms=["HS256"])
    expired = jwt.encode({**claims, "exp": int(time.time()) - 1}, OLD, algorithm="HS256")
    tampered = jwt.encode(claims, OLD, algorithm="HS256", headers={"kid": "old"})
    async with worker(NEW, OLD) as asked:
        assert (await asked.get("/auth/me", who=None, headers=bearer(expired))).code == "TOKEN_EXPIRED"
        assert (await asked.get("/auth/me", who=None, headers=bearer(tampered))).code == "JWT_ERROR"
