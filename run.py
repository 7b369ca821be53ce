#!/usr/bin/env python3
"""The one entry to Herdbook. It parses the command line; the work is done in service/."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from service.settings import Settings, SettingsError, table

ROOT = Path(__file__).resolve().parent
MIGRATIONS = ROOT / "migrations"
PYTHON_CLIENT = ROOT / "clients" / "python"
ADMINISTRATOR = "1000000001"

Command = Callable[[Settings, argparse.Namespace], int]

DESCRIPTION = """\
Herdbook, the read-cached records service of a livestock farm.

Without a command it serves. It is configured by environment variables only, all of which have
defaults: `run.py settings` lists them. Without DATABASE_URL it runs a private MariaDB on a unix
socket in its data folder, so nothing needs to be set up beforehand.
"""

EXAMPLES = """\
examples:
  make run                        install what is missing, then serve with a private MariaDB
  HERDBOOK_PORT=9000 make run     serve on another port
  DATABASE_URL=mysql://farm:secret@db/herdbook make run
                                  serve from a MariaDB of yours
  .venv/bin/python run.py migrate bring the database up to date, then end

exit codes: 0 done, 1 it could not be done (the last line says why), 2 bad settings or arguments
"""


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        print(f"herdbook: {error}", file=sys.stderr)
        return 2
    command: Command = chosen.command
    try:
        return command(settings, chosen)
    except ModuleNotFoundError as error:
        if (error.name or "service").partition(".")[0] == "service":
            raise
        print(
            f"herdbook: this Python lacks {error.name}; `make setup` installs what is needed, "
            "then use .venv/bin/python run.py",
            file=sys.stderr,
        )
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=serve)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, command in (
        ("serve", serve),
        ("migrate", run_migrations),
        ("audit", audit),
        ("purge", purge),
        ("user", add_user),
        ("mirror", mirror),
        ("settings", show_settings),
    ):
        text = (command.__doc__ or "").strip()
        added = commands.add_parser(name, help=text.splitlines()[0], description=text)
        added.set_defaults(command=command)
        if command is audit:
            _add_watch(added)
        if command is add_user:
            _add_user_fields(added)
        if command is mirror:
            _add_mirror(added)
    return parser


def _add_watch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--watch",
        type=float,
        metavar="SECONDS",
        help="read pages through every worker of the running service, and hold each against the database",
    )
    parser.add_argument("--seed", type=int, default=1, help="which pages, in which order (default 1)")


def _add_user_fields(parser: argparse.ArgumentParser) -> None:
    for name in ("identification", "fullname", "email", "phone"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--role", default="Administrador", help="Administrador (default), Instructor or Aprendiz")


def _add_mirror(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("resources", nargs="+", metavar="RESOURCE", help="animals, breeds, …: as in the address")
    parser.add_argument("--to", required=True, type=Path, metavar="FILE", help="the SQLite file of the copies")
    parser.add_argument("--server", metavar="URL", help="the service (default: where the settings say that it listens)")
    parser.add_argument("--as", dest="user", default=ADMINISTRATOR, help="who logs in (default: the administrator)")
    parser.add_argument("--once", action="store_true", help="end when the copies have caught up")


def serve(settings: Settings, _options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM (what happens without a command)."""
    from service.serving.supervisor import run

    return run(settings)


def run_migrations(settings: Settings, _options: argparse.Namespace) -> int:
    """Apply the migrations that are missing, as `yoyo apply` does."""
    from service.db.migrate import apply

    def migrate(filled: Settings) -> int:
        names = apply(filled.database, MIGRATIONS)
        print("\n".join(f"applied {name}" for name in names) or "nothing to apply")
        return 0

    return _with_database(settings, migrate)


def audit(settings: Settings, options: argparse.Namespace) -> int:
    """Compare the ledger with its tables and the schema with what must be there; --watch: also the answers."""
    if options.watch is not None:
        from service.commands.witness import run as watch

        return _with_database(settings, lambda filled: watch(filled, options.watch, options.seed))
    from service.commands.audits import run

    return _with_database(settings, run)


def purge(settings: Settings, _options: argparse.Namespace) -> int:
    """Forget deletions older than HERDBOOK_TOMBSTONE_DAYS; ?since= from before then is answered 410."""
    from service.db.purge import run

    return _with_database(settings, run)


def add_user(settings: Settings, options: argparse.Namespace) -> int:
    """Store a user: the first Administrador. Their password is HERDBOOK_ADMIN_PASSWORD, or asked for."""
    from service.commands.first_user import run

    fields = {name: getattr(options, name) for name in ("identification", "fullname", "email", "phone", "role")}
    return _with_database(settings, lambda filled: run(filled, fields))


def mirror(settings: Settings, options: argparse.Namespace) -> int:
    """Keep copies of resources in a SQLite file. The password is HERDBOOK_ADMIN_PASSWORD, or asked for."""
    sys.path.append(str(PYTHON_CLIENT))
    from herdbook_client.command import Wish, run

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    server = options.server or f"http://{host}:{settings.port}"
    password = settings.admin_password if options.user == ADMINISTRATOR else None
    return run(Wish(options.resources, server, options.user, password, options.to, options.once))


def show_settings(settings: Settings, _options: argparse.Namespace) -> int:
    """Show each setting: its name, present value, default and meaning; secrets stay hidden."""
    rows = [("name", "value", "default", "meaning"), *table(settings)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[3]]))
    return 0


def _with_database(settings: Settings, command: Callable[[Settings], int]) -> int:
    from service.db.installation import PrivateDatabaseError
    from service.db.migrate import MigrationError
    from service.serving.database import UnusableDatabaseError, chosen_database

    try:
        with chosen_database(settings) as filled:
            return command(filled)
    except (UnusableDatabaseError, MigrationError, PrivateDatabaseError) as error:
        print(f"herdbook: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
