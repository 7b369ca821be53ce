"""Writes requirements*.txt: what setup.cfg asks for, all that this needs in exact versions, and the hash of every file.

`make lock` adds and drops what setup.cfg does and leaves other versions alone; with ARGS=--upgrade it renews them all.
"""

import configparser
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS_WITH = "requirements.txt"
# Each file and the extra that it adds to what the service runs with.
FILES = {
    RUNS_WITH: None,
    "requirements-dev.txt": "dev",
    "requirements-docs.txt": "docs",
    "requirements-bench.txt": "bench",
}
OLDEST_PYTHON = "3.11"


def wanted(extra: str | None = None) -> list[str]:
    """What setup.cfg asks for to run the service, and with `extra`."""
    configuration = configparser.ConfigParser()
    configuration.read(ROOT / "setup.cfg", encoding="utf-8")
    said = configuration["options"]["install_requires"]
    said += "\n" + configuration["options.extras_require"][extra] if extra else ""
    lines = (line.strip() for line in said.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def lock(name: str, extra: str | None, options: list[str]) -> None:
    """Write the file `name`, for every system and every Python from the oldest on."""
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "-", "--quiet", "--output-file", name]
    command += ["--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes", "--no-annotate"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock"]
    if name != RUNS_WITH:  # the same versions everywhere
        command += ["--constraint", RUNS_WITH]
    unseen = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    subprocess.run([*command, *options], input="\n".join(wanted(extra)), text=True, cwd=ROOT, env=unseen, check=True)


if __name__ == "__main__":
    for name, extra in FILES.items():
        lock(name, extra, sys.argv[1:])
