"""Login, and tokens that are none."""

import asyncio
import base64
import json
import time
from typing import Any

import jwt
import pytest
from specimens import PASSWORD

KEY = "the-tests-sign-their-tokens-with-this"


async def login(farm: Any, **body: Any) -> Any:
    return await farm.post("/auth/login", body, who=None)


async def person(farm: Any, **changes: Any) -> dict[str, Any]:
    """A person as stored, with their id."""
    body = farm.specimens["users"].new({}, **changes)
    farm.insert("user", [body])
    return {**body, **farm.sql("SELECT id FROM user WHERE email = %s", body["email"])[0]}


@pytest.mark.parametrize("name", ["identification", "identifier", "email"])
async def test_one_logs_in_by_identification_or_email(farm: Any, name: str) -> None:
    one = await person(farm)
    values = {
        "identification": one["identification"],
        "identifier": str(one["identification"]),
        "email": f" {one['email'].upper()} ",
    }
    answer = await login(farm, **{name: values[name]}, password=PASSWORD)
    assert answer.status == 200
    session = answer.data
    assert session.keys() >= {"user", "access_token", "token_type", "expires_in"}
    assert (session["token_type"], session["expires_in"]) == ("Bearer", 1800)
    assert answer.json["access_token"] == session["access_token"]
    assert session["user"]["id"] == one["id"]
    assert "password" not in session["user"]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_token_says_who_it_is_for_and_until_when(farm: Any) -> None:
    one = await person(farm, role="Instructor")
    token = (await login(farm, identification=one["identification"], password=PASSWORD)).data["access_token"]
    claims = jwt.decode(token, KEY, algorithms=["HS256"])
    assert claims.keys() >= {
        "sub",
        "iat",
        "nbf",
        "exp",
        "jti",
        "type",
        "csrf",
        "id",
        "identification",
        "role",
        "fullname",
    }
    assert claims["sub"] == str(one["id"])
    assert (claims["type"], claims["exp"] - claims["iat"]) == ("access", 1800)
    assert [claims[key] for key in ("identification", "role", "fullname")] == [
        one[key] for key in ("identification", "role", "fullname")
    ]
    assert PASSWORD not in json.dumps(claims)


async def test_a_wrong_password_and_an_unknown_user_are_told_alike(farm: Any) -> None:
    one = await person(farm)
    answers = [
        await login(farm, identification=one["identification"], password="wrong"),
        await login(farm, identification=1, password=PASSWORD),
        await login(farm, email="nobody@farm.example", password=PASSWORD),
        await login(farm, identification="' OR '1'='1", password=PASSWORD),
        await login(farm, identification=one["identification"], password=""),
        await login(farm, identification=one["identification"], password="x" * 2000),
        await login(farm, identification=one["identification"], password=PASSWORD + "\u0000"),
        await login(farm, identification=2**63 - 1, password=PASSWORD),
        await login(farm, identification="9" * 300, password=PASSWORD),
        await login(farm, email="%", password=PASSWORD),
    ]
    for answer in answers:
        assert answer.status == 401
        told = answer.json
        told["error"].pop("trace_id")
        first = answers[0].json
        first["error"].pop("trace_id")
        assert told == first


async def test_who_is_inactive_is_told_only_with_the_right_password(farm: Any) -> None:
    one = await person(farm, status=False)
    answer = await login(farm, identification=one["identification"], password=PASSWORD)
    assert (answer.status, answer.code) == (403, "USER_INACTIVE")
    assert (await login(farm, identification=one["identification"], password="wrong")).code == "INVALID_CREDENTIALS"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"identification": 1},
        {"password": "x"},
        {"identification": None, "password": None},
        {"identification": [1], "password": "x"},
        {"identification": 1, "password": 1},
        {"identification": {}, "password": []},
        {"identification": 2**70, "password": "x"},
    ],
)
async def test_a_login_that_lacks_something_is_422(farm: Any, body: dict[str, Any]) -> None:
    answer = await farm.post("/auth/login", body, who=None)
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")


async def test_who_am_i(farm: Any) -> None:
    for who, own in farm.people.items():
        answer = await farm.get("/auth/me", who=who)
        assert answer.data["user"]["id"] == own
        assert {"email", "phone", "identification"} <= answer.data["user"].keys()
        assert "password" not in answer.data["user"]
        assert answer.headers["Cache-Control"] == "private, no-cache"


def claims_of(farm: Any) -> dict[str, Any]:
    said: dict[str, Any] = jwt.decode(farm.asking.tokens["admin"], KEY, algorithms=["HS256"])
    return said


def raw(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def signed(claims: dict[str, Any], key: str = KEY, algorithm: str = "HS256", **header: Any) -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers=header or None)


def without(claims: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in claims.items() if key != name}


FORGED: dict[str, Any] = {
    "no algorithm": lambda c: raw({"alg": "none", "typ": "JWT"}, c),
    "no algorithm, in capitals": lambda c: raw({"alg": "NONE", "typ": "JWT"}, c),
    "no algorithm, with a signature": lambda c: raw({"alg": "none"}, c, b"x" * 32),
    "another key": lambda c: signed(c, "another key that is as long as the real one"),
    "another algorithm": lambda c: signed(c, KEY * 2, "HS512"),
    "HS384 with the key": lambda c: signed(c, KEY + "0123456789ab", "HS384"),
    "an algorithm nobody has": lambda c: raw({"alg": "XX256"}, c, b"x" * 32),
    "a critical header": lambda c: signed(c, crit=["exp"]),
    "no signature": lambda c: signed(c).rpartition(".")[0] + ".",
    "half a signature": lambda c: signed(c)[:-20],
    "claims exchanged": lambda c: ".".join(
        [signed(c).split(".")[0], raw({}, {**c, "sub": "1"}).split(".")[1], signed(c).split(".")[2]]
    ),
    "no subject": lambda c: signed(without(c, "sub")),
    "no end": lambda c: signed(without(c, "exp")),
    "no beginning": lambda c: signed(without(c, "iat")),
    "no name": lambda c: signed(without(c, "jti")),
    "no type": lambda c: signed(without(c, "type")),
    "a refresh token": lambda c: signed({**c, "type": "refresh"}),
    "not yet": lambda c: signed({**c, "nbf": time.time() + 3600}),
    "an end that is no time": lambda c: signed({**c, "exp": "never"}),
    "nobody": lambda c: signed({**c, "sub": "987654321"}),
    "a subject that is no id": lambda c: signed({**c, "sub": "admin"}),
    "a subject of SQL": lambda c: signed({**c, "sub": "1 OR 1=1"}),
    "a negative subject": lambda c: signed({**c, "sub": "-1"}),
    "a subject too great": lambda c: signed({**c, "sub": "9" * 40}),
    "a huge one": lambda c: signed({**c, "filler": "x" * 5000}),
    "text": lambda c: "text",
    "dots": lambda c: "..",
    "nothing between dots": lambda c: ".." + "a" * 20,
    "an array for claims": lambda c: ".".join([signed(c).split(".")[0], "W10", signed(c).split(".")[2]]),
}


@pytest.mark.parametrize("forgery", FORGED)
async def test_a_token_that_was_tampered_with_is_refused(farm: Any, forgery: str) -> None:
    token = FORGED[forgery](claims_of(farm))
    assert (await farm.get("/auth/me", who=None, headers={"Authorization": f"Bearer {token}"})).code == "JWT_ERROR"
    # And once more: what was refused is not remembered as good.
    answer = await farm.get("/animals", who=None, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.code) == (401, "JWT_ERROR")
    assert answer.details["client_action"]


@pytest.mark.parametrize("ago", [0, 1, 60, 10**9])
async def test_a_token_that_was_good_once_is_told_so(farm: Any, ago: int) -> None:
    token = signed({**claims_of(farm), "exp": int(time.time()) - ago})
    answer = await farm.get("/animals", who=None, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.code) == (401, "TOKEN_EXPIRED")
    assert answer.details["client_action"] == "ATTEMPT_REFRESH"


async def test_a_token_ends_though_it_is_remembered(farm: Any) -> None:
    claims = claims_of(farm)
    end = int(time.time()) + 3  # soon, but not before a slow machine has asked once
    token = signed({**claims, "exp": end})
    first = await farm.get("/animals", "limit=1", who=None, headers={"Authorization": f"Bearer {token}"})
    assert first.status == 200
    await asyncio.sleep(end + 0.1 - time.time())
    assert (
        await farm.get("/animals", "limit=1", who=None, headers={"Authorization": f"Bearer {token}"})
    ).code == "TOKEN_EXPIRED"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer", "Token x", "Bearer\tx", "Bearer é", "Bearer \x80\xff"]
)
async def test_an_authorization_that_is_none_is_refused(farm: Any, header: str) -> None:
    answer = await farm.get("/animals", who=None, headers={"Authorization": header})
    assert (answer.status, answer.code) == (401, "JWT_ERROR")


async def test_the_scheme_is_read_in_any_case(farm: Any) -> None:
    token = farm.asking.tokens["admin"]
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert (await farm.get("/animals", who=None, headers={"Authorization": f"{scheme} {token}"})).status == 200


async def test_the_payload_role_of_a_token_gives_no_right(farm: Any) -> None:
    own = jwt.decode(farm.asking.tokens["apprentice"], KEY, algorithms=["HS256"])
    token = signed({**own, "role": "Administrador"})
    answer = await farm("DELETE", "/species/1", who=None, headers={"Authorization": f"Bearer {token}"})
    assert (answer.status, answer.code) == (403, "ADMIN_ROLE_REQUIRED")
