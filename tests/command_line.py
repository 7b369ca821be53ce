"""Commands as somebody types them: words in, exit code and output out."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from service.settings import DatabaseURL

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 120


class CommandLine:
    """Runs commands on the database at `url`, with a data folder of their own; `further` are settings."""

    def __init__(self, url: DatabaseURL, folder: Path, **further: str) -> None:
        known = {key: value for key, value in os.environ.items() if not key.startswith(("HERDBOOK_", "PYTHON"))}
        self.environment = {**known, "DATABASE_URL": url.uri(), "HERDBOOK_DATA_DIR": str(folder), **further}

    def __call__(self, *words: str, given: str | bytes = "", **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run one command with `given` on standard input."""
        text = given.encode() if isinstance(given, str) else given
        done = subprocess.run(
            [sys.executable, "run.py", *words],
            cwd=ROOT,
            env={**self.environment, **settings},
            input=text,
            capture_output=True,
            timeout=SECONDS,
        )
        return subprocess.CompletedProcess(words, done.returncode, done.stdout.decode(), done.stderr.decode())

    def begun(self, *words: str, **keywords: Any) -> "subprocess.Popen[bytes]":
        """A command that runs on; the caller ends it."""
        return subprocess.Popen([sys.executable, "run.py", *words], cwd=ROOT, env=self.environment, **keywords)


def yoyo(url: DatabaseURL, *words: str) -> None:
    """A command of yoyo's, from the project's root; CalledProcessError where it fails."""
    environment = {**os.environ, "DATABASE_URL": url.uri()}
    subprocess.run([sys.executable, "-m", "yoyo", *words], env=environment, cwd=ROOT, check=True, timeout=SECONDS)
