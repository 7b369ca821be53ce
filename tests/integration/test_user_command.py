"""`run.py user`: users by command, whose changes count at the next request on every worker."""

import json
import os
import pty
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import ROOT, CommandLine
from service_process import ServiceProcess

from service.settings import DatabaseURL

PASSWORD = "Una-clave-1"
ANA = ("--identification", "52123456", "--fullname", "Ana Ruiz", "--email", "Ana@farm.example", "--phone", "300")
BEA = ("--identification", "52999", "--fullname", "Bea", "--email", "bea@farm.example", "--phone", "301")


@pytest.fixture
def run(make_database: Callable[[], DatabaseURL], tmp_path: Path) -> CommandLine:
    return CommandLine(make_database(), tmp_path)


def test_the_first_administrator_is_stored_by_command(run: CommandLine) -> None:
    done = run("user", "add", *ANA, given=PASSWORD + "\n")
    assert (done.returncode, done.stdout) == (0, "user 1 is stored: Ana Ruiz, Administrador\n")
    again = run("user", "add", *ANA, given=PASSWORD)
    assert (again.returncode, again.stderr) == (
        1,
        "herdbook: another user has this email and identification and phone\n",
    )


def test_a_user_that_breaks_a_rule_is_refused_with_every_reason(run: CommandLine) -> None:
    bad = ("--identification", "x", "--fullname", "", "--email", "nobody", "--phone", "1")
    done = run("user", "add", *bad, given="password1")
    assert (done.returncode, done.stdout) == (1, "")
    named = {line.removeprefix("herdbook: ").split()[0] for line in done.stderr.splitlines()}
    assert named == {"identification", "fullname", "email", "password"}
    assert "password1" not in done.stderr


def test_a_password_is_asked_for_twice_on_a_terminal_and_never_shown(run: CommandLine) -> None:
    assert "no password" in run("user", "add", *ANA).stderr
    shown = typed(run, ["user", "add", *ANA], [PASSWORD, "Otra-clave-2"])
    assert "the two passwords differ" in shown
    shown = typed(run, ["user", "add", *ANA], [PASSWORD, PASSWORD])
    assert "user 1 is stored" in shown
    assert PASSWORD not in shown


def typed(run: CommandLine, words: list[str], lines: list[str]) -> str:
    """What a terminal shows of a command that is answered with `lines`, one for each question."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "run.py", *words],
        cwd=ROOT,
        env=run.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, questions = b"", iter(lines)
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            try:
                piece = os.read(ours, 1024)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
            if piece.rstrip(b" ").endswith(b":") and (line := next(questions, None)) is not None:
                os.write(ours, line.encode() + b"\n")
        process.wait(60)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return shown.decode()


def test_who_is_not_there_is_named(run: CommandLine) -> None:
    done = run("user", "disable", "nobody@farm.example")
    assert done.returncode == 1
    assert done.stderr == "herdbook: there is no user with the identification or email nobody@farm.example\n"
    assert run("user", "add", *ANA, given=PASSWORD).returncode == 0
    role = run("user", "role", "52123456", "Boss")
    assert role.returncode == 1
    assert "role must be one of" in role.stderr


# Beside a running service.


@pytest.fixture(scope="module")
def service(
    make_database: Callable[[], DatabaseURL], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """A service that hardly looks for changes made by hand."""
    folder = tmp_path_factory.mktemp("users")
    with ServiceProcess(make_database(), folder, workers=2, HERDBOOK_POLL_MS="60000") as one:
        yield one


def log_in(service: ServiceProcess, password: str) -> str:
    """A token for Bea; urllib's HTTPError where she is not let in."""
    said = json.dumps({"identification": 52999, "password": password}).encode()
    request = urllib.request.Request(f"http://{service.host}:{service.port}/api/v1/auth/login", said)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=15) as answer:
        return str(json.load(answer)["access_token"])


def statuses(service: ServiceProcess, token: str, method: str = "GET", path: str = "/api/v1/auth/me") -> set[int]:
    """What many requests are answered with, each on a connection of its own, so that every worker is asked."""
    found = set()
    for _ in range(16):
        request = urllib.request.Request(f"http://{service.host}:{service.port}{path}", method=method)
        request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                found.add(answer.status)
        except urllib.error.HTTPError as error:
            found.add(error.code)
    return found


def test_a_change_counts_at_the_next_request_on_every_worker(service: ServiceProcess, tmp_path: Path) -> None:
    run = CommandLine(service.url, tmp_path, HERDBOOK_POLL_MS="60000")
    added = run("user", "add", *BEA, "--role", "Aprendiz", given=PASSWORD)
    assert added.returncode == 0, added.stderr
    token = log_in(service, PASSWORD)
    missing = "/api/v1/species/999999"
    assert statuses(service, token) == {200}
    assert statuses(service, token, "DELETE", missing) == {403}

    role = run("user", "role", "bea@farm.example", "Administrador")
    assert role.returncode == 0, role.stderr
    assert "has the role Administrador; the running service sees it at once" in role.stdout
    assert statuses(service, token, "DELETE", missing) == {404}

    assert run("user", "disable", "52999").returncode == 0
    assert not statuses(service, token) & {200}
    assert run("user", "enable", "52999").returncode == 0
    assert statuses(service, token) == {200}

    assert run("user", "password", "52999", given="Otra-clave-2\n").returncode == 0
    assert statuses(service, token) == {401}
    with pytest.raises(urllib.error.HTTPError):
        log_in(service, PASSWORD)
    assert log_in(service, "Otra-clave-2")
