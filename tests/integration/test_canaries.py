"""No secret is in logs, problems or metrics, at DEBUG and with errors forced, and no line of a log is split (S12)."""

import http.client
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from service_process import ADMINISTRATOR, PASSWORD, ServiceProcess

from service.db.blocking import connect
from service.settings import DatabaseURL

KEY, PREVIOUS = "canary-key-" + "k" * 32, "canary-previous-" + "p" * 32
WRONG, NEW = "Canary-Wrong-1", "Canary-New-22"
FORGED = "FORGED 2026-01-01 error herdbook: all is lost"


@dataclass
class Canaries:
    """A running service, every secret it was ever told or told of, and all that it answered with an error."""

    service: ServiceProcess
    secrets: dict[str, str] = field(default_factory=dict)
    problems: list[bytes] = field(default_factory=list)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str, bytes]:
        """Status, cookies set and body."""
        connection = http.client.HTTPConnection(self.service.host, self.service.port, timeout=30)
        said = {"Authorization": f"Bearer {self.service.token}", **headers}
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {**said, "Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 400:
            self.problems.append(content)
        return answer.status, ", ".join(answer.headers.get_all("Set-Cookie", [])), content

    def sql(self, text: str) -> list[Any]:
        with connect(self.service.url) as connection, connection.cursor() as cursor:
            cursor.execute(text)
            return list(cursor.fetchall())


@pytest.fixture(params=["text", "json"])
def canaries(
    request: pytest.FixtureRequest, make_database: Callable[[], DatabaseURL], tmp_path: Path
) -> Iterator[Canaries]:
    url = make_database()
    further = {
        "HERDBOOK_LOG_LEVEL": "debug",
        "HERDBOOK_LOG_FORMAT": request.param,
        "HERDBOOK_SECRET_KEY": KEY,
        "HERDBOOK_SECRET_KEY_PREVIOUS": PREVIOUS,
    }
    with ServiceProcess(url, tmp_path, workers=2, **further) as service:
        found = Canaries(service)
        found.secrets = {"key": KEY, "previous key": PREVIOUS, "administrator's password": PASSWORD}
        found.secrets |= {"wrong password": WRONG, "new password": NEW, "token": service.token}
        if url.password:
            found.secrets["database's password"] = url.password
        yield found


def use_every_secret(canaries: Canaries) -> None:
    """Logins right and wrong, cookies, tokens good and spoilt, a user made and changed."""
    said = {"identification": ADMINISTRATOR, "password": PASSWORD}
    _, cookies, body = canaries.ask("POST", "/api/v1/auth/login", said)
    canaries.secrets["access token"] = json.loads(body)["access_token"]
    cookie = re.search(r"refresh_token_cookie=([^;]+)", cookies)
    assert cookie is not None
    canaries.secrets["refresh cookie"] = cookie[1]
    canaries.ask("POST", "/api/v1/auth/login", {**said, "password": WRONG})
    canaries.ask("GET", "/api/v1/auth/me", Authorization=f"Bearer {canaries.secrets['access token']}x")
    canaries.ask("GET", "/api/v1/auth/me", Authorization="", Cookie=f"access_token_cookie={cookie[1]}")
    canaries.ask("POST", "/api/v1/auth/refresh", Authorization="", Cookie=f"refresh_token_cookie={cookie[1]}")
    user = {
        "identification": 5550001,
        "fullname": "Canary",
        "email": "canary@farm.example",
        "phone": "555",
        "role": "Aprendiz",
        "password": NEW,
    }
    assert canaries.ask("POST", "/api/v1/users", user)[0] == 201
    assert canaries.ask("POST", "/api/v1/users", user)[0] == 409
    assert canaries.ask("POST", "/api/v1/users", {**user, "password": "canary-short", "role": 5})[0] == 422
    change = {"current_password": WRONG, "new_password": NEW}
    assert canaries.ask("POST", "/api/v1/auth/change-password", change)[0] == 422
    hashes = canaries.sql("SELECT password FROM user")
    canaries.secrets |= {f"hash {at}": row[0] for at, row in enumerate(hashes)}
    canaries.secrets["a password that was refused"] = "canary-short"


def force_errors(canaries: Canaries) -> None:
    """The schema breaks under the service while secrets are on their way through it."""
    canaries.sql("ALTER TABLE user RENAME COLUMN address TO elsewhere")
    user = {
        "identification": 5550002,
        "fullname": "Canary",
        "email": "canary2@farm.example",
        "phone": "556",
        "role": "Aprendiz",
        "password": NEW,
    }
    assert canaries.ask("POST", "/api/v1/users", user)[0] == 500
    assert canaries.ask("PATCH", "/api/v1/users/1", {"password": NEW})[0] == 500
    canaries.sql("ALTER TABLE user RENAME COLUMN elsewhere TO address")
    canaries.sql("ALTER TABLE user RENAME COLUMN password TO hidden")
    said = {"identification": ADMINISTRATOR, "password": PASSWORD}
    assert canaries.ask("POST", "/api/v1/auth/login", said)[0] == 500
    canaries.ask("GET", "/api/v1/animals", Authorization=f"Bearer {canaries.secrets['refresh cookie']}")
    canaries.sql("ALTER TABLE user RENAME COLUMN hidden TO password")


def try_to_split_lines(canaries: Canaries) -> None:
    """Line ends wherever a client can put them, on requests that fail."""
    ends = f"%0d%0a{FORGED.replace(' ', '%20')}%0a"
    for path in (f"/api/v1/{ends}", f"/api/v1/species/{ends}", f"/api/v1/api/v1/{ends}", f"/api/v1/species?{ends}=1"):
        canaries.ask("GET", path)
    canaries.sql("RENAME TABLE species TO species_away")
    for end in (ends, f"%e2%80%a8{FORGED.replace(' ', '%20')}", f"%1b[2K%0d{FORGED.replace(' ', '%20')}"):
        assert canaries.ask("GET", f"/api/v1/species?search={end}")[0] == 500
        assert canaries.ask("GET", f"/api/v1/breeds/by-species/1?search={end}")[0] in (200, 404, 500)
    assert canaries.ask("POST", "/api/v1/species", {"name": f"a\n{FORGED}\r{FORGED}"})[0] == 500
    canaries.sql("RENAME TABLE species_away TO species")


def test_no_secret_is_in_logs_problems_or_metrics_and_no_line_is_split(canaries: Canaries) -> None:
    use_every_secret(canaries)
    force_errors(canaries)
    try_to_split_lines(canaries)
    service = canaries.service
    told = {
        "the log": service.log(),
        "problems": b"\n".join(canaries.problems).decode(),
        "metrics": canaries.ask("GET", "/metrics")[2].decode(),
        "cache-stats": json.dumps(service.cache_stats()),
        "health": service.get("/health").decode(),
    }
    assert len(canaries.secrets) >= 8
    assert "INTERNAL_ERROR" in told["the log"], "the errors that were forced are not in the log"
    for place, text in told.items():
        for name, secret in canaries.secrets.items():
            assert secret not in text, f"the {name} is in {place}"
    assert all(json.loads(problem)["success"] is False for problem in canaries.problems)
    for line in re.split(r"[\n\r\x85\u2028\u2029]", told["the log"]):
        assert not line.lstrip().startswith("FORGED"), line
