"""Sessions as the front end knows them: every request of its login in its own spelling, and what it may not do."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from http.cookies import Morsel, SimpleCookie
from typing import Any

import bcrypt
import jwt
import pytest
from argon2 import PasswordHasher
from asking import Answer, Asking, asking
from by_hand import changes_by_hand_are_known
from raw import serving
from specimens import PASSWORD

from service.app import create_app
from service.auth.tokens import ACCESS_SECONDS, REFRESH_SECONDS

ACCESS, REFRESH = "access_token_cookie", "refresh_token_cookie"
ACCESS_CSRF, REFRESH_CSRF = "csrf_access_token", "csrf_refresh_token"
COOKIES = {ACCESS, REFRESH, ACCESS_CSRF, REFRESH_CSRF}
NEW_PASSWORD = "Another-Horse-2"
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def set_cookies(answer: Answer) -> dict[str, "Morsel[str]"]:
    """The cookies that an answer sets, by name."""
    cookies: SimpleCookie = SimpleCookie()
    for line in answer.headers.getall("Set-Cookie", []):
        cookies.load(line)
    return dict(cookies)


@dataclass
class Browser:
    """Keeps cookies and sends them, as a browser does; a script in it reads what is not HttpOnly."""

    asking: Asking
    cookies: dict[str, str] = field(default_factory=dict)

    async def __call__(
        self, method: str, path: str, *, csrf: str | None = ACCESS_CSRF, headers: Any = None, **rest: Any
    ) -> Answer:
        """`csrf`: the cookie whose value goes into X-CSRF-TOKEN."""
        sent = dict(headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if csrf in self.cookies and method in UNSAFE:
            sent.setdefault("X-CSRF-TOKEN", self.cookies[csrf])
        answer = await self.asking(method, path, who=None, headers=sent, **rest)
        for name, morsel in set_cookies(answer).items():
            if morsel["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value
        return answer

    async def login(self, identification: object, password: str = PASSWORD) -> Answer:
        """Log in with what the form sends."""
        answer = await self("POST", "/auth/login", json={"identification": identification, "password": password})
        assert answer.status == 200, answer.body
        return answer


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    id: int
    identification: int
    email: str


@pytest.fixture(autouse=True)
def forgotten_attempts(farm: Any) -> None:
    """The attempts of the tests before are forgotten: they all come from one address."""
    farm.sql("DELETE FROM login_attempt")


@pytest.fixture
async def person(farm: Any) -> Person:
    """An apprentice of the test's own."""
    return await enrol(farm)


async def enrol(farm: Any, *, hashed: str | None = None, **changes: Any) -> Person:
    """Store somebody by hand, whose password is kept as `hashed`."""
    body = farm.specimens["users"].new({}, **{"role": "Aprendiz", **changes})
    farm.insert("user", [body])
    (row,) = farm.sql("SELECT id FROM user WHERE identification = %s", body["identification"])
    if hashed is not None:
        farm.sql("UPDATE user SET password = %s WHERE id = %s", hashed, row["id"])
    return Person(row["id"], body["identification"], body["email"])


@pytest.fixture
async def browser(farm: Any, person: Person) -> Browser:
    """A browser in which the person is logged in."""
    browser = Browser(farm.asking)
    await browser.login(person.identification)
    return browser


@pytest.fixture(scope="module")
async def other_worker(farm: Any) -> AsyncIterator[Asking]:
    """A second worker on the same database, with a slot of its own."""
    asked = await asking(await create_app(farm.settings))
    yield asked
    await asked.client.close()


@pytest.fixture
def worker_with(farm: Any) -> Callable[..., Any]:
    """Gives a worker on the same database with other settings; close its client."""

    async def make(**changes: Any) -> Asking:
        return await asking(await create_app(replace(farm.settings, **changes)))

    return make


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def signed(farm: Any, token: str, **changes: Any) -> str:
    """The same token with other claims, signed with the service's key; None leaves one out."""
    claims = {key: value for key, value in {**claims_of(token), **changes}.items() if value is not None}
    return jwt.encode(claims, farm.settings.secret_key, algorithm="HS256")


def expired(farm: Any, token: str) -> str:
    now = int(time.time())
    return signed(farm, token, iat=now - 100, nbf=now - 100, exp=now - 1)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def is_refused(answer: Answer, status: int, code: str, client_action: str | None = None) -> bool:
    assert (answer.status, answer.code) == (status, code), answer.body
    assert answer.json["success"] is False
    assert answer.details.get("client_action") == client_action
    return True


# Login.


@pytest.mark.parametrize("spelling", ["identification", "identifier", "email", "text", "mixed case"])
async def test_login_takes_each_spelling_of_who(farm: Any, person: Person, spelling: str) -> None:
    ways: dict[str, dict[str, Any]] = {
        "identification": {"identification": person.identification},
        "identifier": {"identifier": str(person.identification)},
        "email": {"email": person.email},
        "text": {"identification": f" {person.identification} "},
        "mixed case": {"identifier": person.email.upper()},
    }
    answer = await farm.post("/auth/login", {**ways[spelling], "password": PASSWORD}, who=None)
    assert answer.status == 200, answer.body
    assert answer.json["success"] is True
    assert answer.json["message"]
    assert answer.data["user"]["id"] == person.id
    assert "password" not in answer.data["user"]
    assert answer.data["access_token"] == answer.json["access_token"]
    assert (answer.data["token_type"], answer.data["expires_in"]) == ("Bearer", ACCESS_SECONDS)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_tokens_say_what_the_front_end_reads(farm: Any, person: Person) -> None:
    browser = Browser(farm.asking)
    answer = await browser.login(person.identification)
    assert browser.cookies[ACCESS] == answer.json["access_token"]
    for cookie, kind, seconds, csrf in (
        (ACCESS, "access", ACCESS_SECONDS, ACCESS_CSRF),
        (REFRESH, "refresh", REFRESH_SECONDS, REFRESH_CSRF),
    ):
        claims = claims_of(browser.cookies[cookie])
        assert (claims["sub"], claims["id"], claims["type"]) == (str(person.id), person.id, kind)
        assert claims["exp"] - claims["iat"] == seconds
        assert claims["nbf"] == claims["iat"]
        assert claims["csrf"] == browser.cookies[csrf]
        assert claims["identification"] == person.identification
        assert claims["role"] == "Aprendiz"
        assert claims["fullname"] == answer.data["user"]["fullname"]
        assert claims["jti"]


@pytest.mark.parametrize("secure", [False, True])
async def test_login_sets_four_cookies(person: Person, worker_with: Any, secure: bool) -> None:
    worker = await worker_with(cookie_secure=secure)
    answer = await Browser(worker).login(person.identification)
    await worker.client.close()
    cookies = set_cookies(answer)
    assert set(cookies) == COOKIES
    for name, morsel in cookies.items():
        assert morsel["path"] == "/"
        assert bool(morsel["httponly"]) == (name in (ACCESS, REFRESH))
        assert bool(morsel["secure"]) == secure
        assert morsel["samesite"] == ("None" if secure else "Lax")
        assert morsel["max-age"] == str(REFRESH_SECONDS)
        assert not morsel["domain"]


async def test_a_wrong_password_and_nobody_are_refused_alike(farm: Any, person: Person) -> None:
    bodies = []
    for name in (person.identification, 99_999_999_999, "nobody@farm.example", "ñandú", "9" * 400):
        answer = await farm.post("/auth/login", {"identification": name, "password": "Wrong-Horse-1"}, who=None)
        assert is_refused(answer, 401, "INVALID_CREDENTIALS", "CHECK_CREDENTIALS")
        assert not set_cookies(answer)
        body = answer.json
        del body["error"]["trace_id"]
        bodies.append(body)
    assert all(body == bodies[0] for body in bodies)


async def test_a_megabyte_for_a_password_is_wrong_at_once(farm: Any, person: Person) -> None:
    said = {"identification": person.identification, "password": "x" * (2**20 - 100)}
    assert is_refused(await farm.post("/auth/login", said, who=None), 401, "INVALID_CREDENTIALS", "CHECK_CREDENTIALS")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"identification", "password"}),
        ({"identification": 1}, {"password"}),
        ({"password": "x"}, {"identification"}),
        ({"identification": True, "password": ["x"]}, {"identification", "password"}),
        ({"identification": {"a": 1}, "password": "x"}, {"identification"}),
    ],
)
async def test_a_login_that_lacks_something_names_it(farm: Any, body: Any, fields: set[str]) -> None:
    answer = await farm.post("/auth/login", body, who=None)
    assert is_refused(answer, 422, "VALIDATION_ERROR")
    assert set(answer.details["validation_errors"]) == fields


async def test_an_inactive_user_is_told_so_only_with_the_right_password(farm: Any) -> None:
    person = await enrol(farm, status=False)
    said = {"identification": person.identification, "password": PASSWORD}
    assert is_refused(await farm.post("/auth/login", said, who=None), 403, "USER_INACTIVE")
    said["password"] = "Wrong-Horse-1"
    assert is_refused(await farm.post("/auth/login", said, who=None), 401, "INVALID_CREDENTIALS", "CHECK_CREDENTIALS")


def werkzeug(form: str) -> str:
    """A hash as werkzeug writes it (werkzeug.security.generate_password_hash)."""
    if form == "scrypt":
        made = hashlib.scrypt(PASSWORD.encode(), salt=b"saltSALT12345678", n=2**15, r=8, p=1, maxmem=132 * 2**18)
        return f"scrypt:32768:8:1$saltSALT12345678${made.hex()}"
    made = hashlib.pbkdf2_hmac(form, PASSWORD.encode(), b"saltSALT", 2000)
    return f"pbkdf2:{form}:2000$saltSALT${made.hex()}"


def bcrypted(prefix: str) -> str:
    return prefix + bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()[4:]


@pytest.mark.parametrize("form", ["scrypt", "sha256", "sha512", "$2a$", "$2b$", "$2y$", "argon2"])
async def test_an_old_hash_lets_in_once_and_is_made_anew(farm: Any, form: str) -> None:
    if form == "argon2":
        old = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    else:
        old = bcrypted(form) if form.startswith("$") else werkzeug(form)
    person = await enrol(farm, hashed=old)
    browser = Browser(farm.asking)
    said = {"identification": person.identification, "password": "Wrong-Horse-1"}
    assert (await farm.post("/auth/login", said, who=None)).status == 401
    assert stored_hash(farm, person) == old
    await browser.login(person.identification)
    new = stored_hash(farm, person)
    assert new.startswith("$argon2id$")
    assert new != old
    assert (await browser("GET", "/auth/me")).data["user"]["id"] == person.id
    await browser.login(person.identification)
    assert stored_hash(farm, person) == new


def stored_hash(farm: Any, person: Person) -> str:
    return str(farm.sql("SELECT password FROM user WHERE id = %s", person.id)[0]["password"])


async def test_two_logins_at_once_on_an_old_hash_both_last(farm: Any) -> None:
    person = await enrol(farm, hashed=bcrypted("$2b$"))
    browsers = [Browser(farm.asking) for _ in range(4)]
    await asyncio.gather(*(browser.login(person.identification) for browser in browsers))
    assert [(await browser("GET", "/auth/me")).status for browser in browsers] == [200] * 4


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "plain",
        PASSWORD,
        "scrypt:0:0:0$a$00",
        "scrypt:999999999:8:1$a$00",
        "pbkdf2:sha256:0$a$00",
        "$2b$31$" + "." * 53,
        "$2b$99$" + "." * 53,
        "$argon2id$",
    ],
)
async def test_a_hash_of_no_use_lets_nobody_in(farm: Any, stored: str) -> None:
    person = await enrol(farm, hashed=stored)
    said = {"identification": person.identification, "password": PASSWORD}
    assert is_refused(await farm.post("/auth/login", said, who=None), 401, "INVALID_CREDENTIALS", "CHECK_CREDENTIALS")


# Who asks: a header or a cookie.


async def test_me_answers_to_a_cookie_and_to_a_header(farm: Any, browser: Browser, person: Person) -> None:
    by_cookie = await browser("GET", "/auth/me")
    by_header = await farm("GET", "/auth/me", who=None, headers=bearer(browser.cookies[ACCESS]))
    assert by_cookie.data["user"]["id"] == by_header.data["user"]["id"] == person.id
    assert by_cookie.body == by_header.body


@pytest.mark.parametrize("method", UNSAFE)
async def test_an_unsafe_request_with_a_cookie_needs_its_csrf_token(farm: Any, method: str) -> None:
    admin = await enrol(farm, role="Administrador")
    browser = Browser(farm.asking)
    await browser.login(admin.identification)
    path, body = ("/species", {"name": f"csrf {method}"}) if method == "POST" else ("/species/999999999", {"name": "x"})
    for wrong in ({}, {"X-CSRF-TOKEN": ""}, {"X-CSRF-TOKEN": "x"}, {"X-CSRF-TOKEN": browser.cookies[REFRESH_CSRF]}):
        answer = await browser(method, path, json=body, csrf=None, headers=wrong)
        assert is_refused(answer, 401, "CSRF_ERROR", "ATTEMPT_REFRESH")
    assert (await browser(method, path, json=body)).status == (201 if method == "POST" else 404)


async def test_a_bearer_token_needs_no_csrf_token(farm: Any, browser: Browser) -> None:
    answer = await farm.post("/species", {"name": "by bearer"}, who=None, headers=bearer(browser.cookies[ACCESS]))
    assert answer.status == 201


async def test_what_is_read_needs_no_csrf_token(browser: Browser) -> None:
    assert (await browser("GET", "/animals", csrf=None)).status == 200
    assert (await browser("HEAD", "/animals", csrf=None)).status == 200


async def test_without_a_token_nobody_is_asking(farm: Any) -> None:
    for headers in ({}, {"Cookie": "a=b"}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer"}):
        answer = await farm("GET", "/auth/me", who=None, headers=headers)
        assert is_refused(answer, 401, "JWT_ERROR", "CLEAR_AUTH_AND_RELOGIN")


async def test_an_expired_access_token_leads_to_a_refresh_and_its_cookies_go(farm: Any, browser: Browser) -> None:
    browser.cookies[ACCESS] = expired(farm, browser.cookies[ACCESS])
    answer = await browser("GET", "/auth/me")
    assert is_refused(answer, 401, "TOKEN_EXPIRED", "ATTEMPT_REFRESH")
    deleted = set_cookies(answer)
    assert set(deleted) == {ACCESS, ACCESS_CSRF}
    assert all(morsel["max-age"] == "0" and morsel["path"] == "/" for morsel in deleted.values())
    assert set(browser.cookies) == {REFRESH, REFRESH_CSRF}
    assert is_refused(await browser("GET", "/auth/me"), 401, "JWT_ERROR", "ATTEMPT_REFRESH")
    assert (await browser("POST", "/auth/refresh", json=None, csrf=REFRESH_CSRF)).status == 200
    assert (await browser("GET", "/auth/me")).status == 200


async def test_a_token_expires_while_it_is_remembered(farm: Any, browser: Browser) -> None:
    end = int(time.time()) + 3  # soon, but not before a slow machine has asked once
    token = signed(farm, browser.cookies[ACCESS], exp=end)
    assert (await farm("GET", "/auth/me", who=None, headers=bearer(token))).status == 200
    await asyncio.sleep(end + 0.1 - time.time())
    answer = await farm("GET", "/auth/me", who=None, headers=bearer(token))
    assert is_refused(answer, 401, "TOKEN_EXPIRED", "ATTEMPT_REFRESH")


# Refresh.


@pytest.mark.parametrize("body", [None, ...])
async def test_refresh_gives_another_access_token(browser: Browser, body: Any) -> None:
    before = dict(browser.cookies)
    answer = await browser("POST", "/auth/refresh", json=body, csrf=REFRESH_CSRF)
    assert answer.status == 200, answer.body
    assert set(set_cookies(answer)) == {ACCESS, ACCESS_CSRF}
    assert answer.data["access_token"] == answer.json["access_token"] == browser.cookies[ACCESS] != before[ACCESS]
    assert (answer.data["token_type"], answer.data["expires_in"]) == ("Bearer", ACCESS_SECONDS)
    assert answer.data["user"]["id"]
    assert (await browser("GET", "/auth/me")).status == 200


async def test_refresh_with_the_cookie_needs_the_refresh_tokens_csrf(browser: Browser) -> None:
    for wrong in (None, ACCESS_CSRF):
        answer = await browser("POST", "/auth/refresh", csrf=wrong)
        assert is_refused(answer, 401, "CSRF_ERROR", "CLEAR_AUTH_AND_RELOGIN")


async def test_refresh_takes_the_refresh_token_as_bearer(farm: Any, browser: Browser) -> None:
    answer = await farm("POST", "/auth/refresh", who=None, headers=bearer(browser.cookies[REFRESH]))
    assert answer.status == 200
    both = await browser("POST", "/auth/refresh", csrf=REFRESH_CSRF, headers=bearer(browser.cookies[ACCESS]))
    assert both.status == 200  # the access token in the header is not what this is about


async def test_the_tokens_are_no_good_for_each_others_use(farm: Any, browser: Browser) -> None:
    answer = await farm("POST", "/auth/refresh", who=None, headers=bearer(browser.cookies[ACCESS]))
    assert is_refused(answer, 401, "JWT_ERROR", "CLEAR_AUTH_AND_RELOGIN")
    assert (await farm("POST", "/auth/refresh", who=None, headers=bearer(browser.cookies[REFRESH]))).status == 200
    answer = await farm("GET", "/auth/me", who=None, headers=bearer(browser.cookies[REFRESH]))
    assert is_refused(answer, 401, "JWT_ERROR", "CLEAR_AUTH_AND_RELOGIN")
    browser.cookies[ACCESS] = browser.cookies[REFRESH]
    assert is_refused(await browser("GET", "/auth/me"), 401, "JWT_ERROR", "CLEAR_AUTH_AND_RELOGIN")


async def test_an_expired_refresh_token_ends_it(farm: Any, browser: Browser) -> None:
    browser.cookies[REFRESH] = expired(farm, browser.cookies[REFRESH])
    answer = await browser("POST", "/auth/refresh", json=None, csrf=REFRESH_CSRF)
    assert is_refused(answer, 401, "TOKEN_EXPIRED", "CLEAR_AUTH_AND_RELOGIN")
    assert not browser.cookies


async def test_refresh_without_a_token_is_refused(farm: Any) -> None:
    answer = await farm.post("/auth/refresh", None, who=None)
    assert is_refused(answer, 401, "JWT_ERROR", "CLEAR_AUTH_AND_RELOGIN")


async def test_a_new_role_is_in_the_next_access_token(farm: Any, browser: Browser, person: Person) -> None:
    await farm("PUT", f"/users/{person.id}", json={"role": "Instructor"})
    answer = await browser("POST", "/auth/refresh", csrf=REFRESH_CSRF)
    assert claims_of(answer.json["access_token"])["role"] == answer.data["user"]["role"] == "Instructor"


# Logout, and everything else that ends a session, on every worker at the very next request.


@pytest.mark.parametrize("body", [None, ...])
async def test_logout_ends_the_session_and_its_cookies(farm: Any, browser: Browser, body: Any) -> None:
    before = dict(browser.cookies)
    answer = await browser("POST", "/auth/logout", json=body, csrf=None)
    assert answer.status == 200
    assert answer.json["success"] is True
    assert set(set_cookies(answer)) == COOKIES
    assert not browser.cookies
    browser.cookies = before
    assert is_refused(await browser("GET", "/auth/me"), 401, "JWT_ERROR", "CLEAR_AUTH_AND_RELOGIN")
    answer = await browser("POST", "/auth/refresh", csrf=REFRESH_CSRF)
    assert is_refused(answer, 401, "JWT_ERROR", "CLEAR_AUTH_AND_RELOGIN")


async def test_logout_is_for_everybody(farm: Any) -> None:
    for headers in ({}, bearer("rubbish"), bearer(""), {"Cookie": f"{ACCESS}=rubbish"}):
        answer = await farm.post("/auth/logout", None, who=None, headers=headers)
        assert answer.status == 200
        assert set(set_cookies(answer)) == COOKIES


@pytest.mark.parametrize("which", ["access", "refresh", "expired access"])
async def test_one_token_of_a_session_is_enough_to_end_it(farm: Any, browser: Browser, which: str) -> None:
    refreshed = await browser("POST", "/auth/refresh", csrf=REFRESH_CSRF)
    token = browser.cookies[REFRESH if which == "refresh" else ACCESS]
    if which == "expired access":
        token = expired(farm, token)
    assert (await farm.post("/auth/logout", None, who=None, headers=bearer(token))).status == 200
    assert (await browser("GET", "/auth/me")).status == 401
    assert (await farm("GET", "/auth/me", who=None, headers=bearer(refreshed.json["access_token"]))).status == 401
    assert (await browser("POST", "/auth/refresh", csrf=REFRESH_CSRF)).status == 401


async def test_the_users_other_session_goes_on(farm: Any, browser: Browser, person: Person) -> None:
    other = Browser(farm.asking)
    await other.login(person.identification)
    await browser("POST", "/auth/logout")
    assert (await other("GET", "/auth/me")).status == 200


async def test_a_forged_logout_ends_nothing(farm: Any, browser: Browser) -> None:
    forged = jwt.encode(claims_of(browser.cookies[ACCESS]), "another key, as long as one must be", algorithm="HS256")
    await farm.post("/auth/logout", None, who=None, headers=bearer(forged))
    assert (await browser("GET", "/auth/me")).status == 200


async def log_out(farm: Any, browser: Browser, person: Person) -> None:
    assert (await browser("POST", "/auth/logout")).status == 200


async def deactivate(farm: Any, browser: Browser, person: Person) -> None:
    assert (await farm("PUT", f"/users/{person.id}", json={"status": False})).status == 200


async def delete(farm: Any, browser: Browser, person: Person) -> None:
    assert (await farm("DELETE", f"/users/{person.id}")).status == 200


async def change_own_password(farm: Any, browser: Browser, person: Person) -> None:
    said = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert (await browser("POST", "/auth/change-password", json=said)).status == 200


async def set_password(farm: Any, browser: Browser, person: Person) -> None:
    assert (await farm("PUT", f"/users/{person.id}", json={"password": NEW_PASSWORD})).status == 200


@pytest.mark.parametrize(
    ("end", "status", "code"),
    [
        (log_out, 401, "JWT_ERROR"),
        (deactivate, 403, "USER_INACTIVE"),
        (delete, 401, "JWT_ERROR"),
        (change_own_password, 401, "JWT_ERROR"),
        (set_password, 401, "JWT_ERROR"),
    ],
)
async def test_what_ends_a_session_counts_at_the_next_request_on_every_worker(
    farm: Any, other_worker: Asking, browser: Browser, person: Person, end: Any, status: int, code: str
) -> None:
    headers = bearer(browser.cookies[ACCESS])
    refresh = bearer(browser.cookies[REFRESH])
    for _ in range(2):  # remembered on both
        assert (await farm("GET", "/animals", who=None, headers=headers)).status == 200
        assert (await other_worker("GET", "/animals", who=None, headers=headers)).status == 200
    await end(farm, browser, person)
    for worker in (other_worker, farm):
        answer = await worker("GET", "/animals", who=None, headers=headers)
        assert (answer.status, answer.code) == (status, code)
        answer = await worker("POST", "/auth/refresh", who=None, headers=refresh)
        assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize("end", [log_out, deactivate, change_own_password])
@pytest.mark.parametrize("how", ["header", "cookie"])
async def test_what_ends_a_session_counts_also_for_a_head_that_is_remembered(
    farm: Any, browser: Browser, person: Person, end: Any, how: str
) -> None:
    token = browser.cookies[ACCESS]
    said = f"Authorization: Bearer {token}" if how == "header" else f"Cookie: {ACCESS}={token}"
    head = f"GET /api/v1/animals/metadata HTTP/1.1\r\nHost: farm\r\nOrigin: {ORIGIN}\r\n{said}\r\n\r\n".encode()
    settings = replace(farm.settings, cors_origins=(ORIGIN,))
    async with serving(settings, memo=True) as served, served.connect() as connection:
        for _ in range(3):
            answer = await connection.ask(head)
            assert answer.status == 200
            assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert served.memo_hits == 2
        await end(farm, browser, person)
        assert (await connection.ask(head)).status == (403 if end is deactivate else 401)


async def test_a_new_role_counts_at_the_next_request_on_every_worker(
    farm: Any, other_worker: Asking, browser: Browser, person: Person
) -> None:
    headers = bearer(browser.cookies[ACCESS])
    for role, status in (("Administrador", 404), ("Instructor", 403), ("Administrador", 404), ("Aprendiz", 403)):
        await farm("PUT", f"/users/{person.id}", json={"role": role})
        answer = await other_worker("DELETE", "/species/999999999", who=None, headers=headers)
        assert answer.status == status


async def test_a_revoked_session_stays_so_across_a_restart(worker_with: Any, browser: Browser) -> None:
    before = bearer(browser.cookies[ACCESS])
    await browser("POST", "/auth/logout")
    started_anew = await worker_with()
    assert (await started_anew("GET", "/auth/me", who=None, headers=before)).status == 401
    await started_anew.client.close()


async def test_a_session_revoked_by_hand_is_seen_by_the_poller(farm: Any, browser: Browser) -> None:
    assert (await browser("GET", "/auth/me")).status == 200
    session_id = claims_of(browser.cookies[ACCESS])["sid"]
    farm.sql("INSERT INTO revoked_session (session_id, expires_at) VALUES (%s, NOW(6) + INTERVAL 7 DAY)", session_id)
    await changes_by_hand_are_known(farm.asking.app)
    assert (await browser("GET", "/auth/me")).status == 401


async def test_revoked_sessions_are_forgotten_once_they_expired(farm: Any, browser: Browser) -> None:
    farm.sql("INSERT INTO revoked_session (session_id, expires_at) VALUES ('old', NOW(6) - INTERVAL 1 MINUTE)")
    await browser("POST", "/auth/logout")
    assert farm.sql("SELECT COUNT(*) AS number FROM revoked_session WHERE expires_at < NOW(6)") == [{"number": 0}]
    (ledger,) = farm.sql("SELECT row_count FROM ledger WHERE table_name = 'revoked_session'")
    (table,) = farm.sql("SELECT COUNT(*) AS row_count FROM revoked_session")
    assert ledger == table


async def test_a_logout_that_comes_again_changes_nothing(farm: Any, browser: Browser) -> None:
    headers = bearer(browser.cookies[ACCESS])
    await farm.post("/auth/logout", None, who=None, headers=headers)
    (before,) = farm.sql("SELECT version FROM ledger WHERE table_name = 'revoked_session'")
    assert (await farm.post("/auth/logout", None, who=None, headers=headers)).status == 200
    assert farm.sql("SELECT version FROM ledger WHERE table_name = 'revoked_session'") == [before]


# Another password.


async def test_change_password_leaves_this_session_only(farm: Any, browser: Browser, person: Person) -> None:
    other = Browser(farm.asking)
    await other.login(person.identification)
    said = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = await browser("POST", "/auth/change-password", json=said)
    assert answer.status == 200, answer.body
    assert set(set_cookies(answer)) == COOKIES
    assert answer.json["access_token"] == answer.data["access_token"] == browser.cookies[ACCESS]
    assert answer.data["user"]["id"] == person.id
    assert (await browser("GET", "/auth/me")).status == 200
    assert (await browser("POST", "/auth/refresh", csrf=REFRESH_CSRF)).status == 200
    assert is_refused(await other("GET", "/auth/me"), 401, "JWT_ERROR", "CLEAR_AUTH_AND_RELOGIN")
    old = {"identification": person.identification, "password": PASSWORD}
    assert (await farm.post("/auth/login", old, who=None)).status == 401
    await Browser(farm.asking).login(person.identification, NEW_PASSWORD)


async def test_a_wrong_current_password_is_a_field_error(farm: Any, browser: Browser, person: Person) -> None:
    before = stored_hash(farm, person)
    said = {"current_password": "Wrong-Horse-1", "new_password": NEW_PASSWORD}
    answer = await browser("POST", "/auth/change-password", json=said)
    assert is_refused(answer, 422, "VALIDATION_ERROR")
    assert set(answer.details["validation_errors"]) == {"current_password"}
    assert stored_hash(farm, person) == before
    assert (await browser("GET", "/auth/me")).status == 200


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"current_password", "new_password"}),
        ({"current_password": PASSWORD, "new_password": "Short-1"}, {"new_password"}),
        ({"current_password": PASSWORD, "new_password": "onlylowercase"}, {"new_password"}),
        ({"current_password": PASSWORD, "new_password": "Aa1" * 50}, {"new_password"}),
        ({"current_password": 5, "new_password": None}, {"current_password", "new_password"}),
    ],
)
async def test_a_new_password_follows_the_rules(browser: Browser, body: Any, fields: set[str]) -> None:
    answer = await browser("POST", "/auth/change-password", json=body)
    assert is_refused(answer, 422, "VALIDATION_ERROR")
    assert set(answer.details["validation_errors"]) == fields


async def test_change_password_needs_a_session_and_its_csrf_token(farm: Any, browser: Browser) -> None:
    said = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = await farm.post("/auth/change-password", said, who=None)
    assert is_refused(answer, 401, "JWT_ERROR", "CLEAR_AUTH_AND_RELOGIN")
    answer = await browser("POST", "/auth/change-password", json=said, csrf=None)
    assert is_refused(answer, 401, "CSRF_ERROR", "ATTEMPT_REFRESH")


async def test_of_two_changes_at_once_one_is_refused(browser: Browser) -> None:
    headers = bearer(browser.cookies[ACCESS])
    said = [{"current_password": PASSWORD, "new_password": f"{NEW_PASSWORD}{number}"} for number in range(2)]
    answers = await asyncio.gather(
        *(Browser(browser.asking)("POST", "/auth/change-password", json=one, headers=headers) for one in said)
    )
    assert sorted(answer.status for answer in answers) in ([200, 401], [200, 422])


# Sign-up.


def newcomer(farm: Any, **changes: Any) -> dict[str, Any]:
    body = farm.specimens["users"].new({})
    del body["role"], body["status"]
    return {**body, "identification": str(body["identification"]), **changes}


@pytest.mark.parametrize("role", [None, "Aprendiz"])
async def test_anybody_may_sign_up(farm: Any, role: str | None) -> None:
    body = newcomer(farm, first_name="ignored", **({"role": role} if role else {}))
    answer = await farm.post("/users/public", body, who=None)
    assert answer.status == 201, answer.body
    assert (answer.data["role"], answer.data["status"]) == ("Aprendiz", True)
    assert answer.data["email"] == body["email"]
    assert "password" not in answer.data
    assert answer.meta["ignored"] == ["first_name"]
    assert answer.headers["Location"] == f"/api/v1/users/{answer.data['id']}"
    await Browser(farm.asking).login(body["identification"])


@pytest.mark.parametrize("role", ["Administrador", "Instructor", "", None, 5, "aprendiz"])
async def test_sign_up_gives_no_other_role(farm: Any, role: object) -> None:
    answer = await farm.post("/users/public", newcomer(farm, role=role), who=None)
    assert is_refused(answer, 422, "VALIDATION_ERROR")
    assert set(answer.details["validation_errors"]) == {"role"}


async def test_who_signs_up_says_nothing_of_their_status(farm: Any) -> None:
    answer = await farm.post("/users/public", newcomer(farm, status=False), who=None)
    assert answer.data["status"] is True
    assert answer.meta["ignored"] == ["status"]


async def test_sign_up_names_what_is_wrong_and_what_is_taken(farm: Any, person: Person) -> None:
    answer = await farm.post("/users/public", newcomer(farm, email="nowhere", password="short"), who=None)
    assert is_refused(answer, 422, "VALIDATION_ERROR")
    assert set(answer.details["validation_errors"]) == {"email", "password"}
    answer = await farm.post("/users/public", newcomer(farm, email=person.email), who=None)
    assert is_refused(answer, 409, "CONFLICT")
    assert answer.details["conflict"]["field"] == "email"


async def test_sign_up_can_be_closed(farm: Any, worker_with: Any) -> None:
    worker = await worker_with(signup_roles=())
    answer = await worker.post("/users/public", newcomer(farm), who=None)
    await worker.client.close()
    assert is_refused(answer, 403, "SIGN_UP_CLOSED")


async def test_the_role_of_who_signs_up_is_one_of_the_settings(farm: Any, worker_with: Any) -> None:
    worker = await worker_with(signup_roles=("Instructor", "Aprendiz"))
    assert (await worker.post("/users/public", newcomer(farm), who=None)).data["role"] == "Instructor"
    assert (await worker.post("/users/public", newcomer(farm, role="Aprendiz"), who=None)).data["role"] == "Aprendiz"
    await worker.client.close()


# Limits.


async def test_an_account_has_so_many_attempts_on_all_workers(worker_with: Any, person: Person, farm: Any) -> None:
    one, two = await worker_with(login_attempts=4), await worker_with(login_attempts=4)
    headers = {"X-Forwarded-For": "203.0.113.9"}
    answers = []
    for name in (person.identification, person.email):  # two names of one account
        for worker in (one, two, one):
            said = {"identification": name, "password": "Wrong-Horse-1"}
            answers.append(await worker.post("/auth/login", said, who=None, headers=headers))
    assert [answer.status for answer in answers] == [401] * 4 + [429] * 2
    said = {"identification": person.identification, "password": PASSWORD}
    right = await two.post("/auth/login", said, who=None)
    assert is_refused(right, 429, "RATE_LIMIT_EXCEEDED")
    seconds = right.details["retry_after_seconds"]
    assert 0 < seconds <= 300
    assert right.headers["Retry-After"] == str(seconds)
    assert right.headers["RateLimit-Policy"] == '"account";q=4;w=300'
    assert right.headers["RateLimit"] == f'"account";r=0;t={seconds}'
    farm.sql("UPDATE login_attempt SET ends_at = NOW(6) - INTERVAL 1 SECOND")
    assert (await two.post("/auth/login", said, who=None)).status == 200
    for worker in (one, two):
        await worker.client.close()


async def test_an_unknown_account_is_limited_as_a_known_one(worker_with: Any, farm: Any) -> None:
    worker = await worker_with(login_attempts=2)
    said = {"identification": "nobody.at.all@farm.example", "password": "Wrong-Horse-1"}
    statuses = [(await worker.post("/auth/login", said, who=None)).status for _ in range(4)]
    await worker.client.close()
    assert statuses == [401, 401, 429, 429]


async def test_attempts_that_were_right_do_not_count(worker_with: Any, person: Person) -> None:
    worker = await worker_with(login_attempts=2)
    for _ in range(5):
        await Browser(worker).login(person.identification)
    await worker.client.close()


async def test_many_attempts_at_once_are_no_way_around_the_limit(worker_with: Any, person: Person) -> None:
    worker = await worker_with(login_attempts=3)
    said = {"identification": person.identification, "password": "Wrong-Horse-1"}
    answers = await asyncio.gather(*(worker.post("/auth/login", said, who=None) for _ in range(12)))
    await worker.client.close()
    assert sorted(answer.status for answer in answers) == [401] * 3 + [429] * 9


async def test_an_address_has_ten_times_as_many(worker_with: Any, farm: Any) -> None:
    worker = await worker_with(login_attempts=1, proxies=1)

    async def attempt(number: int, address: str) -> int:
        said = {"identification": f"nobody{number}@{address}.example", "password": "Wrong-Horse-1"}
        headers = {"X-Forwarded-For": f"198.51.100.{number}, {address}"}  # the first was written by the client
        return int((await worker.post("/auth/login", said, who=None, headers=headers)).status)

    assert [await attempt(number, "203.0.113.7") for number in range(12)] == [401] * 10 + [429] * 2
    assert await attempt(12, "203.0.113.8") == 401
    one_network = [await attempt(number, f"2001:db8:7:7::{number:x}") for number in range(12)]
    assert one_network == [401] * 10 + [429] * 2
    await worker.client.close()


async def test_guesses_at_the_current_password_are_counted_too(worker_with: Any, person: Person) -> None:
    worker = await worker_with(login_attempts=3)
    browser = Browser(worker)
    await browser.login(person.identification)
    said = {"current_password": "Wrong-Horse-1", "new_password": NEW_PASSWORD}
    statuses = [(await browser("POST", "/auth/change-password", json=said)).status for _ in range(5)]
    await worker.client.close()
    assert statuses == [422] * 3 + [429] * 2


async def test_counts_that_ended_are_forgotten(farm: Any, person: Person) -> None:
    farm.sql("INSERT INTO login_attempt VALUES (REPEAT('0', 64), 5, NOW(6) - INTERVAL 1 HOUR)")
    await Browser(farm.asking).login(person.identification)
    assert farm.sql("SELECT subject FROM login_attempt WHERE ends_at < NOW(6)") == []


async def test_a_clock_that_was_set_back_locks_nobody_out(farm: Any, worker_with: Any, person: Person) -> None:
    worker = await worker_with(login_attempts=1)
    said = {"identification": person.identification, "password": "Wrong-Horse-1"}
    for _ in range(2):
        await worker.post("/auth/login", said, who=None)
    farm.sql("UPDATE login_attempt SET ends_at = NOW(6) + INTERVAL 10 YEAR")
    await Browser(worker).login(person.identification)
    await worker.client.close()


async def test_a_hundred_logins_at_once_are_served_or_told_to_wait(worker_with: Any, farm: Any) -> None:
    person = await enrol(farm, hashed=PasswordHasher().hash(PASSWORD))
    worker = await worker_with(login_attempts=0)
    said = {"identification": person.identification, "password": PASSWORD}
    answers = await asyncio.gather(*(worker.post("/auth/login", said, who=None) for _ in range(100)))
    for answer in answers:
        if answer.status != 200:
            assert is_refused(answer, 429, "RATE_LIMIT_EXCEEDED")
            assert answer.headers["Retry-After"] == str(answer.details["retry_after_seconds"])
    assert 32 <= sum(answer.status == 200 for answer in answers) < 100
    await worker.client.close()


# Tokens that are not ours.


FORGERIES: dict[str, Callable[[Any, str], str]] = {
    "empty": lambda farm, token: "",
    "rubbish": lambda farm, token: "a.b.c",
    "one part": lambda farm, token: token.split(".")[0],
    "no signature": lambda farm, token: token.rpartition(".")[0] + ".",
    "signature cut": lambda farm, token: token[:-4],
    "signature of another": lambda farm, token: token.rpartition(".")[0] + "." + "A" * 43,
    "claims of another": lambda farm, token: _with_claims(token, sub="1", id=1),
    "alg none": lambda farm, token: jwt.encode(claims_of(token), None, algorithm="none"),
    "alg none, signature kept": lambda farm, token: (
        jwt.encode(claims_of(token), None, algorithm="none") + token.rpartition(".")[2]
    ),
    "another key": lambda farm, token: jwt.encode(claims_of(token), "k" * 32, algorithm="HS256"),
    "HS384": lambda farm, token: jwt.encode(claims_of(token), "k" * 48, algorithm="HS384"),
    "HS512 with the key": lambda farm, token: jwt.encode(
        claims_of(token), farm.settings.secret_key.ljust(64, "0"), algorithm="HS512"
    ),
    "crit": lambda farm, token: _with_header(farm, token, crit=["x"], x=1),
    "kid": lambda farm, token: _with_header(farm, token, kid="../../dev/null"),
    "jku": lambda farm, token: _with_header(farm, token, jku="https://evil.example/keys"),
    "huge": lambda farm, token: signed(farm, token, fullname="x" * 5000),
    "longer than a header may be": lambda farm, token: token + "A" * 3000,
    "not ASCII": lambda farm, token: token[:-1] + "é",
    "spaces": lambda farm, token: token.replace(".", " . "),
    "no exp": lambda farm, token: signed(farm, token, exp=None),
    "exp as text": lambda farm, token: signed(farm, token, exp=str(int(time.time()) + 60)),
    "exp as a list": lambda farm, token: signed(farm, token, exp=[1]),
    "exp beyond numbers": lambda farm, token: signed(farm, token, exp=1e300),
    "no sub": lambda farm, token: signed(farm, token, sub=None),
    "sub as a number": lambda farm, token: signed(farm, token, sub=1),
    "sub as SQL": lambda farm, token: signed(farm, token, sub="1 OR 1=1"),
    "sub of nobody": lambda farm, token: signed(farm, token, sub="9" * 30),
    "sub in other digits": lambda farm, token: signed(farm, token, sub="١"),
    "no iat": lambda farm, token: signed(farm, token, iat=None),
    "iat to come": lambda farm, token: signed(farm, token, iat=int(time.time()) + 600),
    "nbf to come": lambda farm, token: signed(farm, token, nbf=int(time.time()) + 600),
    "no jti": lambda farm, token: signed(farm, token, jti=None),
    "no type": lambda farm, token: signed(farm, token, type=None),
    "another type": lambda farm, token: signed(farm, token, type="admin"),
    "type as a list": lambda farm, token: signed(farm, token, type=["access"]),
    "no csrf": lambda farm, token: signed(farm, token, csrf=None),
    "csrf as a number": lambda farm, token: signed(farm, token, csrf=5),
    "no session": lambda farm, token: signed(farm, token, sid=None),
    "no password": lambda farm, token: signed(farm, token, pwd=None),
    "another password": lambda farm, token: signed(farm, token, pwd="0" * 16),
}


def _with_claims(token: str, **changes: Any) -> str:
    head, _, rest = token.partition(".")
    body = jwt.encode({**claims_of(token), **changes}, "k" * 32, algorithm="HS256").split(".")[1]
    return f"{head}.{body}.{rest.rpartition('.')[2]}"


def _with_header(farm: Any, token: str, **headers: Any) -> str:
    return jwt.encode(claims_of(token), farm.settings.secret_key, algorithm="HS256", headers=headers)


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("how", ["header", "cookie"])
async def test_a_token_that_is_not_as_we_write_it_is_refused(
    farm: Any, browser: Browser, forgery: str, how: str
) -> None:
    token = FORGERIES[forgery](farm, browser.cookies[ACCESS])
    headers = bearer(token) if how == "header" else {"Cookie": f"{ACCESS}={token}"}
    answer = await farm("GET", "/auth/me", who=None, headers=headers)
    assert (answer.status, answer.code) == (401, "JWT_ERROR"), answer.body


async def test_two_authorizations_do_not_add_up(farm: Any, browser: Browser) -> None:
    good = browser.cookies[ACCESS]
    answer = await farm("GET", "/auth/me", who=None, headers={"Authorization": f"Bearer {good} {good}"})
    assert answer.status == 401
    answer = await browser("GET", "/auth/me", headers=bearer("rubbish"))
    assert answer.status == 401  # a good cookie does not make up for a bad header


async def test_a_token_is_good_to_its_last_second(farm: Any, browser: Browser) -> None:
    token = browser.cookies[ACCESS]
    now = int(time.time())
    for end, status in ((now + 5, 200), (now, 401), (now - 1, 401), (0, 401), (-1, 401)):
        headers = bearer(signed(farm, token, exp=end))
        assert (await farm("GET", "/auth/me", who=None, headers=headers)).status == status


# Paths.


@pytest.mark.parametrize(
    "path", ["/auth/login", "/auth/refresh", "/auth/logout", "/auth/change-password", "/users/public"]
)
async def test_a_trailing_slash_makes_no_difference(farm: Any, path: str) -> None:
    plain, slash = [await farm.post(where, {}, who=None) for where in (path, f"{path}/")]
    assert plain.status == slash.status != 404


@pytest.mark.parametrize("method", ["GET", "HEAD", *UNSAFE])
@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("//api/v1/api/v1/auth/logout", "/api/v1/auth/logout"),
        ("//api/v1/api/v1/animals/5/dependencies?a=b%20c&d=%C3%B1", "/api/v1/animals/5/dependencies?a=b%20c&d=%C3%B1"),
        ("//api/v1/api/v1/api/v1/species", "/api/v1/species"),
        ("//api/v1/api/v1", "/api/v1"),
        ("//api/v1/api/v1/", "/api/v1/"),
        ("//api/v1/api/v1//evil.example/", "/api/v1//evil.example/"),
        ("//api/v1/api/v1/a%2Fb%0d%0aX:y", "/api/v1/a%2Fb%0D%0AX:y"),
    ],
)
async def test_a_doubled_prefix_leads_to_the_single_one(farm: Any, method: str, path: str, location: str) -> None:
    answer = await farm(method, path, who=None)
    assert answer.status == 308
    assert answer.headers["Location"].lower() == location.lower()


async def test_a_body_is_kept_across_the_doubled_prefix(farm: Any) -> None:
    url = farm.asking.client.make_url("/api/v1/api/v1/species")
    headers = bearer(farm.asking.tokens["admin"])
    async with farm.asking.client.session.post(url, json={"name": "twice prefixed"}, headers=headers) as response:
        assert response.status == 201
        assert (await response.json())["data"]["name"] == "twice prefixed"


# Cross-origin.

ORIGIN = "https://farm.example"
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
EXPOSED = {
    "ETag", "Last-Modified", "Cache-Control", "Retry-After", "RateLimit", "RateLimit-Policy", "Link", "Location",
    "X-Total-Count", "X-Has-More", "Vary",
}  # fmt: skip


@pytest.fixture(scope="module")
async def cross(farm: Any) -> AsyncIterator[Asking]:
    """A worker that lets pages of two origins ask."""
    settings = replace(farm.settings, cors_origins=(ORIGIN, "http://localhost:5173"))
    asked = await asking(await create_app(settings))
    asked.tokens.update(farm.asking.tokens)
    yield asked
    await asked.client.close()


def words(text: str) -> set[str]:
    return {word.strip() for word in text.split(",")}


@pytest.mark.parametrize("path", ["/animals", "/auth/login", "/nowhere", "//", "//api/v1/api/v1/species", "/users/5"])
async def test_a_preflight_is_answered_for_any_path_without_a_token(cross: Asking, path: str) -> None:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type,x-csrf-token,if-match,x-anything",
    }
    answer = await cross("OPTIONS", path, who=None, headers=headers)
    assert answer.status == 204
    assert answer.body == b""
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert words(answer.headers["Access-Control-Allow-Methods"]) == METHODS
    assert answer.headers["Access-Control-Allow-Headers"] == headers["Access-Control-Request-Headers"]
    assert answer.headers["Access-Control-Max-Age"] == "86400"
    assert {"Origin", "Access-Control-Request-Headers"} <= words(answer.headers["Vary"])


@pytest.mark.parametrize(
    ("method", "path", "who", "status"),
    [
        ("GET", "/species", None, 200),
        ("HEAD", "/species", None, 200),
        ("GET", "/animals", "admin", 200),
        ("GET", "/animals", None, 401),
        ("GET", "/nowhere", None, 404),
        ("PUT", "/species", "admin", 405),
        ("POST", "/auth/login", None, 400),
        ("DELETE", "/species/1", "apprentice", 403),
        ("POST", "//api/v1/api/v1/species", None, 308),
    ],
)
async def test_answers_and_errors_tell_the_origin_that_it_may_read(
    cross: Asking, method: str, path: str, who: str | None, status: int
) -> None:
    answer = await cross(method, path, who=who, headers={"Origin": ORIGIN})
    assert answer.status == status
    assert answer.headers.getall("Access-Control-Allow-Origin") == [ORIGIN]
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert words(answer.headers["Access-Control-Expose-Headers"]) == EXPOSED
    assert "Origin" in words(answer.headers["Vary"])


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://farm.example.evil", "http://farm.example", "*"]
)
async def test_another_origin_is_told_nothing(cross: Asking, origin: str) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    for answer in (
        await cross("GET", "/species", who=None, headers={"Origin": origin}),
        await cross("OPTIONS", "/species", who=None, headers=headers),
    ):
        assert not [name for name in answer.headers if name.startswith("Access-Control-")]
        assert "Origin" in words(answer.headers["Vary"])


async def test_without_a_list_of_origins_nothing_is_said(farm: Any) -> None:
    answer = await farm("GET", "/species", who=None, headers={"Origin": ORIGIN})
    assert not [name for name in answer.headers if name.startswith("Access-Control-")]


async def test_a_304_tells_the_origin_too(cross: Asking) -> None:
    first = await cross("GET", "/species", who=None, headers={"Origin": ORIGIN})
    again = await cross("GET", "/species", who=None, headers={"Origin": ORIGIN, "If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    assert again.headers["Access-Control-Allow-Origin"] == ORIGIN


OpenFarm = Callable[[], AbstractAsyncContextManager[Any]]


async def test_sessions_hold_with_coherence_by_the_database(open_farm: OpenFarm) -> None:
    async with open_farm() as farm:
        settings = replace(farm.settings, coherence="database")
        workers = [await asking(await create_app(settings)) for _ in range(2)]
        person = await enrol(farm)
        browser = Browser(workers[0])
        await browser.login(person.identification)
        headers = bearer(browser.cookies[ACCESS])
        assert (await workers[1]("GET", "/auth/me", who=None, headers=headers)).status == 200
        await browser("POST", "/auth/logout")
        assert (await workers[1]("GET", "/auth/me", who=None, headers=headers)).status == 401
        for worker in workers:
            await worker.client.close()
