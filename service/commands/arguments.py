"""What each command takes, beside its name."""

import argparse
from collections.abc import Callable
from pathlib import Path

ADMINISTRATOR = "1000000001"


def _audit_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--watch",
        type=float,
        metavar="SECONDS",
        help="read pages through every worker of the running service, and hold each against the database",
    )
    parser.add_argument("--seed", type=int, default=1, help="which pages, in which order (default 1)")


def _load_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "resource", metavar="RESOURCE", help="animals, species, breeds, diseases, … as in the addresses"
    )
    parser.add_argument("file", metavar="FILE", help="a file, or - for standard input")
    parser.add_argument("--format", choices=("csv", "ndjson", "json"), help="where the file's name does not say it")
    parser.add_argument(
        "--on-conflict",
        choices=("error", "ignore", "update"),
        default="error",
        help="what becomes of a row whose unique value another row has: it is an error (default), left out, or "
        "that row is changed",
    )
    parser.add_argument("--collect", metavar="FILE", help="collect bad rows into this file (NDJSON), and go on")
    parser.add_argument("--resume", action="store_true", help="go on where an earlier load of this file has come to")
    parser.add_argument("--keep-ids", action="store_true", help="each row keeps the id that it brings")
    parser.add_argument("--json", action="store_true", help="tell progress and result as JSON, one object a line")


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "resource", metavar="RESOURCE", help="animals, species, breeds, diseases, … as in the addresses"
    )
    parser.add_argument("--format", choices=("csv", "ndjson", "json"), help="default: as the file is named, else csv")
    parser.add_argument("--to", metavar="FILE", help="write this file, whole or not at all (default: standard output)")
    parser.add_argument("--fields", metavar="A,B", help="only these columns, in this order")


def _user_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    added = actions.add_parser("add", help="store a user; their password is asked for")
    for name in ("identification", "fullname", "email", "phone"):
        added.add_argument(f"--{name}", required=True)
    added.add_argument("--role", default="Administrador", help="Administrador (default), Instructor or Aprendiz")
    for name, what in (
        ("password", "give them another password, which ends their sessions"),
        ("role", "give them another role"),
        ("disable", "let them in no more"),
        ("enable", "let them in again"),
    ):
        one = actions.add_parser(name, help=what)
        one.add_argument("who", metavar="WHO", help="their identification or email")
        if name == "role":
            one.add_argument("role", metavar="ROLE", help="Administrador, Instructor or Aprendiz")


def _backup_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", required=True, metavar="FILE", help="the file to write, whole or not at all")
    parser.add_argument("--json", action="store_true", help="tell progress and result as JSON, one object a line")


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a file that `run.py backup` wrote")
    parser.add_argument(
        "--deltas",
        choices=("anew", "go-on"),
        default="anew",
        help="anew (default): clients of ?since= are told to read the whole list again; go-on: nobody has written "
        "since the backup, so they may go on",
    )
    parser.add_argument("--json", action="store_true", help="tell progress and result as JSON, one object a line")


def _mirror_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("resources", nargs="+", metavar="RESOURCE", help="animals, breeds, …: as in the address")
    parser.add_argument("--to", required=True, type=Path, metavar="FILE", help="the SQLite file of the copies")
    parser.add_argument("--server", metavar="URL", help="the service (default: where the settings say that it listens)")
    parser.add_argument("--as", dest="user", default=ADMINISTRATOR, help="who logs in (default: the administrator)")
    parser.add_argument("--once", action="store_true", help="end when the copies have caught up")


ARGUMENTS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "audit": _audit_arguments,
    "load": _load_arguments,
    "export": _export_arguments,
    "user": _user_arguments,
    "backup": _backup_arguments,
    "restore": _restore_arguments,
    "mirror": _mirror_arguments,
}
