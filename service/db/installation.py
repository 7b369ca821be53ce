"""Finds the MariaDB programs of this system and makes the data folder of a new server."""

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

from service.host.processes import die_with_parent

INSTALL_HINT = "as root: apt-get update && apt-get install --yes mariadb-server-core"

_SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin")

# MariaDB 11 calls mariadb_ what older ones call mysql_. The help texts are left out.
_SCRIPTS = (
    "*_system_tables.sql",
    "*_performance_tables.sql",
    "*_system_tables_data.sql",
    "*_add_gis_sp_bootstrap.sql",
)


class PrivateDatabaseError(Exception):
    """The private MariaDB cannot be installed or started; the message says what to do."""


def find_program(name: str) -> str:
    """The path of a MariaDB program; the folders for root's programs are searched for anyone.

    Raises PrivateDatabaseError, with the command that installs it.
    """
    folders = os.pathsep.join([os.environ.get("PATH", ""), *_SERVER_FOLDERS])
    path = shutil.which(name, path=folders)
    if path is None:
        raise PrivateDatabaseError(f"{name} is not installed; {INSTALL_HINT}")
    return path


def as_root() -> list[str]:
    """mariadbd refuses to run as root unless it is told to."""
    return ["--user=root"] if os.geteuid() == 0 else []


def make_data_folder(data: Path) -> None:
    """Make the folder `data` with the system tables of a new server.

    It does what mariadb-install-db does, without that script: the script needs my_print_defaults,
    which Debian's mariadb-server-core does not bring. Raises PrivateDatabaseError.
    """
    server = find_program("mariadbd")
    share = _share_folder(Path(server))
    data.mkdir(mode=0o700)
    done = subprocess.run(
        [
            server,
            "--no-defaults",
            "--bootstrap",
            f"--datadir={data}",
            f"--tmpdir={data}",  # at its start a server deletes all temporary tables in there
            f"--lc-messages-dir={share}",
            *as_root(),
            "--skip-log-bin",
            "--skip-name-resolve",
            "--enforce-storage-engine=",
            "--max-allowed-packet=8M",
        ],
        input=_system_tables(share),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=data,
        preexec_fn=die_with_parent(),
    )
    if done.returncode != 0 or not (data / "mysql" / "global_priv.frm").exists():
        output = last_lines(done.stdout.decode(errors="replace"))
        raise PrivateDatabaseError(f"MariaDB could not make its tables in {data}:\n{output}")


def _share_folder(server: Path) -> Path:
    """Where the scripts lie that make the system tables of this MariaDB."""
    for prefix in (server.resolve().parent.parent, Path("/usr")):
        for name in ("mysql", "mariadb"):
            if any((prefix / "share" / name).glob("*_system_tables.sql")):
                return prefix / "share" / name
    raise PrivateDatabaseError(f"the SQL scripts of {server} are missing; {INSTALL_HINT}")


def _system_tables(share: Path) -> bytes:
    """The statements that make the system tables, with one administrator: this system's user,
    known to the server by the socket alone."""
    statements = [
        b"CREATE DATABASE IF NOT EXISTS mysql;",
        b"USE mysql;",
        b"SET @auth_root_socket='%s';" % _user_name().encode(),
    ]
    for pattern in _SCRIPTS:
        for script in sorted(share.glob(pattern)):
            lines = script.read_bytes().splitlines()
            # An account for the host's name besides localhost is of no use on a socket.
            statements += [line for line in lines if b"@current_hostname" not in line]
    return b"\n".join(statements) + b"\n"


def _user_name() -> str:
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # in a container the user often has no name
        return "root"
    return name if re.fullmatch(r"[0-9A-Za-z._-]{1,80}", name) else "root"


def last_lines(text: str, count: int = 15) -> str:
    """The end of a log, for an error message."""
    return "\n".join(text.strip().splitlines()[-count:])
