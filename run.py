#!/usr/bin/env python3
"""The one entry to Herdbook: its commands and what their help says. The work is done in service/."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from service.commands.arguments import ADMINISTRATOR, ARGUMENTS
from service.settings import Settings, SettingsError, table

ROOT = Path(__file__).resolve().parent
MIGRATIONS = ROOT / "migrations"
PYTHON_CLIENT = ROOT / "clients" / "python"

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
  .venv/bin/python run.py load animals herd.csv
                                  load a file; `run.py load --help` says more, as for each command

exit codes: 0 done, 1 it could not be done (the last line says why), 2 bad settings or arguments,
130 interrupted by Ctrl-C
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
    except KeyboardInterrupt:
        print("herdbook: interrupted", file=sys.stderr)
        return 130
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
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("run.py", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=as_written)
    parser.set_defaults(command=serve)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, command in (
        ("serve", serve),
        ("migrate", run_migrations),
        ("audit", audit),
        ("load", load),
        ("export", export),
        ("purge", purge),
        ("user", user),
        ("backup", backup),
        ("restore", restore),
        ("mirror", mirror),
        ("settings", show_settings),
    ):
        first, _, rest = (command.__doc__ or "").strip().partition("\n")
        added = commands.add_parser(
            name,
            help=first,
            description=first,
            epilog="\n".join(line.removeprefix("    ") for line in rest.strip("\n").splitlines()),
            formatter_class=as_written,
        )
        added.set_defaults(command=command)
        if name in ARGUMENTS:
            ARGUMENTS[name](added)
    return parser


# The commands: the first line of each docstring is its line in the help, the rest its examples.


def serve(settings: Settings, _options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM (what happens without a command).

    example:
      HERDBOOK_WORKERS=2 run.py serve
    """
    from service.serving.supervisor import run

    return run(settings)


def run_migrations(settings: Settings, _options: argparse.Namespace) -> int:
    """Apply the migrations that are missing, as `yoyo apply` does.

    example:
      DATABASE_URL=mysql://farm:secret@db/herdbook run.py migrate
    """
    from service.db.migrate import apply

    def migrate(filled: Settings) -> int:
        names = apply(filled.database, MIGRATIONS)
        print("\n".join(f"applied {name}" for name in names) or "nothing to apply")
        return 0

    return _with_database(settings, migrate)


def audit(settings: Settings, options: argparse.Namespace) -> int:
    """Compare the ledger with its tables and the schema with what must be there; --watch: also the answers.

    examples:
      run.py audit                after work by hand: 0 where nothing differs
      run.py audit --watch 60     for a minute also every worker's answers
    """
    if options.watch is not None:
        from service.commands.witness import run as watch

        return _with_database(settings, lambda filled: watch(filled, options.watch, options.seed))
    from service.commands.audits import run

    return _with_database(settings, run)


def load(settings: Settings, options: argparse.Namespace) -> int:
    """Load rows from a file of any size, by the rules of the service.

    Rows are stored a batch at a time, while the service runs as well. A bad row stops it, and is named
    with its line; what was stored before stays, and --resume goes on there.

    examples:
      run.py load animals herd.csv
      run.py load animals herd.csv --on-conflict update --collect bad.ndjson
      run.py load animals herd.csv --resume             after it was interrupted
      zcat herd.csv.gz | run.py load animals - --format csv
    """
    from service.commands.load import Options, run
    from service.records.bulk import OnConflict

    further = (options.collect, options.resume, options.keep_ids, options.json)
    asked = Options(options.resource, options.file, options.format, OnConflict(options.on_conflict), *further)
    return _with_database(settings, lambda filled: run(filled, asked))


def export(settings: Settings, options: argparse.Namespace) -> int:
    """Write a whole table as it is at one moment, in the order of ids; passwords never.

    examples:
      run.py export animals --to herd.csv
      run.py export animals --format ndjson --fields record,weight | gzip > weights.gz
    """
    from service.commands.export import Options, run

    fields = tuple(options.fields.split(",")) if options.fields else ()
    asked = Options(options.resource, options.format, options.to, fields)
    return _with_database(settings, lambda filled: run(filled, asked))


def purge(settings: Settings, _options: argparse.Namespace) -> int:
    """Forget deletions older than HERDBOOK_TOMBSTONE_DAYS; ?since= from before then is answered 410.

    example:
      HERDBOOK_TOMBSTONE_DAYS=30 run.py purge
    """
    from service.db.purge import run

    return _with_database(settings, run)


def user(settings: Settings, options: argparse.Namespace) -> int:
    """Store a user, or change the password, role or status of one; it counts at the next request.

    The password is asked for on the terminal, or read from standard input. WHO is an identification or an
    email.

    examples:
      run.py user add --identification 52123456 --fullname 'Ana Ruiz' --email ana@farm.example --phone 300
      run.py user password ana@farm.example < file-with-the-password
      run.py user role ana@farm.example Instructor
      run.py user disable 52123456
    """
    from service.commands import users

    def change(filled: Settings) -> int:
        match options.action:
            case "add":
                names = ("identification", "fullname", "email", "phone", "role")
                return users.add(filled, {name: getattr(options, name) for name in names})
            case "password":
                return users.set_password(filled, options.who)
            case "role":
                return users.set_role(filled, options.who, options.role)
            case action:
                return users.set_status(filled, options.who, active=action == "enable")

    return _with_database(settings, change)


def backup(settings: Settings, options: argparse.Namespace) -> int:
    """Write a backup of all tables as they are at one moment, compressed and with a checksum.

    It holds the password hashes of users, and is readable by this user only. Sessions are left out.

    example:
      run.py backup --to herdbook-$(date +%F).backup
    """
    from service.commands.backup import Options, run

    return _with_database(settings, lambda filled: run(filled, Options(options.to, options.json)))


def restore(settings: Settings, options: argparse.Namespace) -> int:
    """Restore a backup into an empty database: ids, times and deletions as they were, all or nothing.

    examples:
      DATABASE_URL=mysql://farm:secret@db/new run.py restore herdbook-2026-03-02.backup
      run.py restore herdbook.backup --deltas go-on     after a move, when nobody wrote since the backup
    """
    from service.commands.restore import Options, run

    asked = Options(options.file, MIGRATIONS, options.deltas == "go-on", options.json)
    return _with_database(settings, lambda filled: run(filled, asked))


def mirror(settings: Settings, options: argparse.Namespace) -> int:
    """Keep copies of resources in a SQLite file. The password is HERDBOOK_ADMIN_PASSWORD, or asked for.

    examples:
      run.py mirror animals breeds --to herd.sqlite
      run.py mirror animals --to herd.sqlite --once     end when the copy has caught up
    """
    sys.path.append(str(PYTHON_CLIENT))
    from herdbook_client.command import Wish, run

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    server = options.server or f"http://{host}:{settings.port}"
    password = settings.admin_password if options.user == ADMINISTRATOR else None
    return run(Wish(options.resources, server, options.user, password, options.to, options.once))


def show_settings(settings: Settings, _options: argparse.Namespace) -> int:
    """Show each setting: its name, present value, default and meaning; secrets stay hidden.

    example:
      HERDBOOK_WORKERS=2 run.py settings
    """
    rows = [("name", "value", "default", "meaning"), *table(settings)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        print("  ".join([*cells, row[3]]))
    return 0


def _with_database(settings: Settings, command: Callable[[Settings], int]) -> int:
    from service.commands.failure import CommandError
    from service.db.errors import DatabaseError
    from service.db.installation import PrivateDatabaseError
    from service.db.migrate import MigrationError
    from service.serving.database import UnusableDatabaseError, chosen_database

    try:
        with chosen_database(settings) as filled:
            return command(filled)
    except CommandError as error:
        print(f"herdbook: {error}", file=sys.stderr)
        return error.code
    except BrokenPipeError:
        # Python would say so once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print("herdbook: who read the output has gone", file=sys.stderr)
    except (DatabaseError, UnusableDatabaseError, MigrationError, PrivateDatabaseError) as error:
        hint = "; `run.py migrate` makes the tables" if "doesn't exist" in str(error) else ""
        print(f"herdbook: {error}{hint}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
