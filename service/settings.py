"""One frozen record of every setting, read from the environment, with one error that lists every
bad key."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

SCHEMES = ("mysql", "mariadb")
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")
ACCESS_LOGS = ("off", "errors", "misses", "all")
COHERENCES = ("host", "database")
ROLES = ("Aprendiz", "Instructor", "Administrador")
NOTHING = "none"  # an empty list: an empty value counts as not given
PREFIX = "HERDBOOK_"

_NAME = re.compile(r"[0-9A-Za-z_$-]{1,64}")
# As browsers send it: RFC 6454, section 6.2.
_ORIGIN = re.compile(r"https?://[a-z0-9._-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](:[0-9]{1,5})?")
_BOOLEANS = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


class SettingsError(Exception):
    """Some settings have values that cannot be used; `problems` names each with its reason."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        lines = [f"  {name}: {reason}" for name, reason in self.problems.items()]
        super().__init__("\n".join(["these settings cannot be used:", *lines]))


@dataclass(frozen=True)
class DatabaseURL:
    """Where a MariaDB is and who logs in there. Neither its repr nor its str shows the password."""

    user: str
    password: str = field(repr=False)
    host: str
    port: int
    name: str
    unix_socket: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of `mysql://user:password@host:port/name[?unix_socket=/path]`.

        User and password are percent-decoded (RFC 3986). Raises ValueError, whose message says
        what is wrong and never quotes the text, because the text holds the password.
        """
        try:
            parts = urlsplit(text)
            port = parts.port or 3306
        except ValueError:
            raise ValueError(f"is not a URL such as {_EXAMPLE}") from None
        if parts.scheme not in SCHEMES or not parts.username or parts.fragment:
            raise ValueError(f"is not a URL such as {_EXAMPLE}")
        name = unquote(parts.path.removeprefix("/"))
        if not _NAME.fullmatch(name):
            raise ValueError("does not end in /name, the database: letters, digits and _ $ -")
        return cls(
            user=unquote(parts.username),
            password=unquote(parts.password or ""),
            host=parts.hostname or "localhost",
            port=port,
            name=name,
            unix_socket=_unix_socket(parts.query),
        )

    def with_name(self, name: str) -> Self:
        """The same server and user, with the database `name`."""
        return replace(self, name=name)

    def uri(self) -> str:
        """The whole URL, password included: `parse` of it gives an equal record."""
        return self._uri(quote(self.password, safe=""))

    def __str__(self) -> str:
        return self._uri("***" if self.password else "")

    def _uri(self, password: str) -> str:
        login = quote(self.user, safe="") + (f":{password}" if password else "")
        host = f"[{self.host}]" if ":" in self.host else self.host
        socket = f"?unix_socket={quote(self.unix_socket)}" if self.unix_socket else ""
        return f"mysql://{login}@{host}:{self.port}/{self.name}{socket}"


_EXAMPLE = "mysql://user:password@host:3306/name"


def _unix_socket(query: str) -> str | None:
    """The path in `unix_socket=`; the one other parameter taken is the charset we use anyway."""
    arguments = dict(parse_qsl(query, keep_blank_values=True))
    socket = arguments.pop("unix_socket", None)
    if arguments.pop("charset", "utf8mb4").lower() != "utf8mb4":
        raise ValueError("asks for a charset other than utf8mb4")
    if arguments:
        raise ValueError(f"has a parameter that is not known: {', '.join(sorted(arguments))}")
    if socket is not None and not socket.startswith("/"):
        raise ValueError("has a unix_socket that is not an absolute path")
    return socket


@dataclass(frozen=True)
class Declaration:
    """What is said once about a setting: its environment name, default, meaning and reader."""

    name: str
    default: str | None
    meaning: str
    secret: bool
    read: Callable[[str], Any]
    shown_default: str


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """A reader of whole numbers from `lowest` to `highest`."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"{text!r} is not a whole number from {lowest} to {highest}")
        return int(text)

    return read


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither 1 (yes) nor 0 (no)") from None


def one_of(*words: str) -> Callable[[str], str]:
    """A reader of one of `words`, in any case."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"{text!r} is not one of {', '.join(words)}")
        return text.lower()

    return read


def _listed(text: str) -> tuple[str, ...]:
    """The words between commas, each once; NOTHING stands for none."""
    words = dict.fromkeys(word for each in text.split(",") if (word := each.strip()))
    return () if list(words) == [NOTHING] else tuple(words)


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(each.lower() for each in _listed(text))
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is not an origin such as https://farm.example")
    return origins


def _roles(text: str) -> tuple[str, ...]:
    roles = _listed(text)
    for role in roles:
        if role not in ROLES:
            raise ValueError(f"{role!r} is not one of {', '.join(ROLES)}, {NOTHING}")
    return roles


def _database_url(text: str) -> str:
    DatabaseURL.parse(text)
    return text


def _secret_key(text: str) -> str:
    # RFC 7518, section 3.2: a key for HS256 is at least as long as its hash, 32 bytes.
    if len(text.encode()) < 32:
        raise ValueError("is shorter than 32 bytes; `openssl rand -hex 32` makes one")
    return text


def _metrics_token(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z._~+/-]{16,256}=*", text):  # RFC 6750, section 2.1
        raise ValueError("is not 16 characters or more of letters, digits and . _ ~ + / -")
    return text


def _admin_password(text: str) -> str:
    if len(text) < 8:
        raise ValueError("is shorter than 8 characters")
    return text


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _setting(
    name: str,
    default: str | None,
    meaning: str,
    read: Callable[[str], Any],
    *,
    secret: bool = False,
    shown_default: str | None = None,
) -> Any:
    """A field of `Settings` that carries its declaration."""
    shown = shown_default if shown_default is not None else default or ""
    declared = Declaration(name, default, meaning, secret, read, shown)
    return field(repr=not secret, metadata={"declaration": declared})


@dataclass(frozen=True)
class Settings:
    """Every setting of the service. Its repr shows no secret."""

    host: str = _setting("HERDBOOK_HOST", "127.0.0.1", "address to listen on", str)
    port: int = _setting("HERDBOOK_PORT", "8081", "port to listen on", whole_number(1, 65535))
    workers: int = _setting(
        "HERDBOOK_WORKERS",
        None,
        "worker processes",
        whole_number(1, 256),
        shown_default="one for each core",
    )
    database_url: str | None = _setting(
        "DATABASE_URL",
        None,
        f"the MariaDB to use, {_EXAMPLE}, with ?unix_socket=/path for a socket; "
        "without one the service runs a private MariaDB in its data folder",
        _database_url,
        secret=True,
        shown_default="a private MariaDB",
    )
    data_dir: Path = _setting(
        "HERDBOOK_DATA_DIR",
        ".herdbook",
        "folder of the private MariaDB and of the keys made at the first start",
        lambda text: Path(text).expanduser(),
    )
    secret_key: str | None = _setting(
        "HERDBOOK_SECRET_KEY",
        None,
        "what tokens are signed with, 32 bytes or more",
        _secret_key,
        secret=True,
        shown_default="made once, kept in the data folder",
    )
    secret_key_previous: str | None = _setting(
        "HERDBOOK_SECRET_KEY_PREVIOUS",
        None,
        "the key before that, while tokens signed with it shall still be good",
        _secret_key,
        secret=True,
        shown_default="none",
    )
    admin_password: str | None = _setting(
        "HERDBOOK_ADMIN_PASSWORD",
        None,
        "first password of the administrator 1000000001",
        _admin_password,
        secret=True,
        shown_default="made up and printed once",
    )
    sample_animals: int = _setting(
        "HERDBOOK_SAMPLE_ANIMALS",
        "2000",
        "animals of the sample farm loaded into an empty database; 0: no sample farm",
        whole_number(0, 10_000_000),
    )
    pool_size: int = _setting(
        "HERDBOOK_POOL_SIZE",
        "20",
        "database connections each worker keeps open",
        whole_number(1, 128),
    )
    pool_overflow: int = _setting(
        "HERDBOOK_POOL_OVERFLOW",
        "30",
        "connections each worker may open above that for a while",
        whole_number(0, 128),
    )
    pool_recycle: int = _setting(
        "HERDBOOK_POOL_RECYCLE",
        "1800",
        "seconds after which an idle connection is replaced",
        whole_number(1, 86_400),
    )
    pool_timeout: int = _setting(
        "HERDBOOK_POOL_TIMEOUT",
        "30",
        "seconds a request waits for a connection before it is answered 503",
        whole_number(1, 3600),
    )
    cache_entries: int = _setting(
        "HERDBOOK_CACHE_ENTRIES",
        "1000",
        "pages of each table that each worker keeps cached",
        whole_number(0, 10_000_000),
    )
    cache_mb: int = _setting(
        "HERDBOOK_CACHE_MB",
        "100",
        "MiB of cached pages on this host in all, shared out among the workers",
        whole_number(0, 1_000_000),
    )
    poll_ms: int = _setting(
        "HERDBOOK_POLL_MS",
        "100",
        "milliseconds between two looks at the ledger for writes made by hand in SQL",
        whole_number(1, 60_000),
    )
    coherence: str = _setting(
        "HERDBOOK_COHERENCE",
        "host",
        "host: exact for all writes through the service on this host, those made by hand in SQL seen within "
        "HERDBOOK_POLL_MS; database: every read is validated against the ledger, exact for any writer on any host",
        one_of(*COHERENCES),
    )
    tombstone_days: int = _setting(
        "HERDBOOK_TOMBSTONE_DAYS",
        "90",
        "days that `run.py purge` lets deletions be known to ?since= for",
        whole_number(1, 36_500),
    )
    memo: bool = _setting(
        "HERDBOOK_MEMO",
        "1",
        "0 turns off the memo of heads, which answers a request that comes again byte for byte before it is parsed",
        _boolean,
    )
    listeners: int = _setting(
        "HERDBOOK_LISTENERS",
        "6000",
        "streams of /events that each worker holds at once, and as many requests that wait for changes, three quarters "
        "of its connections at the most; further ones are answered 503",
        whole_number(0, 1_000_000),
    )
    session_streams: int = _setting(
        "HERDBOOK_SESSION_STREAMS",
        "1",
        "streams of /events that a session has on each worker; the oldest ends when another begins",
        whole_number(1, 1000),
    )
    ping_seconds: int = _setting(
        "HERDBOOK_PING_SECONDS",
        "25",
        "seconds between two signs of life on a stream of /events",
        whole_number(1, 3600),
    )
    cookie_secure: bool = _setting(
        "HERDBOOK_COOKIE_SECURE",
        "0",
        "1 makes session cookies Secure and SameSite=None, for HTTPS and front ends of other sites; 0: SameSite=Lax",
        _boolean,
    )
    cors_origins: tuple[str, ...] = _setting(
        "HERDBOOK_CORS_ORIGINS",
        NOTHING,
        "origins whose pages may ask and send cookies, with commas: https://farm.example,http://localhost:5173",
        _origins,
    )
    signup_roles: tuple[str, ...] = _setting(
        "HERDBOOK_SIGNUP_ROLES",
        "Aprendiz",
        "roles that anybody may sign up with, the first where none is asked for; none closes sign-up",
        _roles,
    )
    login_attempts: int = _setting(
        "HERDBOOK_LOGIN_ATTEMPTS",
        "10",
        "wrong passwords for one account in five minutes, and ten times as many from one address, before further "
        "attempts are answered 429; 0: no limit",
        whole_number(0, 1_000_000),
    )
    proxies: int = _setting(
        "HERDBOOK_PROXIES",
        "0",
        "proxies of your own in front, each of which appends the client's address to X-Forwarded-For",
        whole_number(0, 10),
    )
    metrics_token: str | None = _setting(
        "HERDBOOK_METRICS_TOKEN",
        None,
        "bearer token with which Prometheus reads /metrics; an Administrador's serves too",
        _metrics_token,
        secret=True,
        shown_default="none: an Administrador's only",
    )
    connection_limit: int = _setting(
        "HERDBOOK_CONNECTIONS",
        "8000",
        "client connections of each worker at once; further ones are answered 503",
        whole_number(1, 100_000),
    )
    connections_per_address: int = _setting(
        "HERDBOOK_CONNECTIONS_PER_ADDRESS",
        "64",
        "connections of each worker from one address, or behind HERDBOOK_PROXIES requests at once, before further ones "
        "are answered 429; 0: no limit; this host itself has none",
        whole_number(0, 100_000),
    )
    debug: bool = _setting(
        "HERDBOOK_DEBUG",
        "0",
        "1 opens /debug/cache-stats without a token: for development only",
        _boolean,
    )
    log_level: str = _setting(
        "HERDBOOK_LOG_LEVEL",
        "info",
        "least level of the lines logged: debug, info, warning or error",
        one_of(*LOG_LEVELS),
    )
    log_format: str = _setting(
        "HERDBOOK_LOG_FORMAT", "text", "how a line of the log is written: text or json", one_of(*LOG_FORMATS)
    )
    access_log: str = _setting(
        "HERDBOOK_ACCESS_LOG",
        "off",
        "which requests get a line of the log: off, errors (400 and up), misses (also all that no cached page answers) "
        "or all, which turns the memo of heads off",
        one_of(*ACCESS_LOGS),
    )
    timings: bool = _setting(
        "HERDBOOK_TIMINGS",
        "0",
        "1 has each answer say what it took (Server-Timing) and how the cache served it (Cache-Status)",
        _boolean,
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The settings in `environment`, defaults filled in; an empty value counts as not given.

        Raises SettingsError naming every bad key at once.
        """
        values: dict[str, Any] = {}
        problems: dict[str, str] = {}
        for key, declared in declarations().items():
            text = environment.get(declared.name, "").strip() or declared.default
            try:
                values[key] = None if text is None else declared.read(text)
            except ValueError as reason:
                problems[declared.name] = str(reason)
        if problems:
            raise SettingsError(problems)
        values["workers"] = values["workers"] or _cores()
        return cls(**values)

    def to_environment(self) -> dict[str, str]:
        """What `from_environment` reads back as these settings; secrets included."""
        values = {key: getattr(self, key) for key in declarations()}
        return {
            declared.name: _as_text(values[key]) for key, declared in declarations().items() if values[key] is not None
        }

    def secrets(self) -> tuple[str, ...]:
        """What no log may hold: every secret, and of the database's address the password."""
        values = [getattr(self, key) for key, declared in declarations().items() if declared.secret]
        if self.database_url is not None:
            values.append(self.database.password)
        return tuple(str(value) for value in values if value)

    @property
    def database(self) -> DatabaseURL:
        """The parsed database_url, which must be filled by now."""
        if self.database_url is None:
            raise LookupError("no database has been chosen yet")
        return DatabaseURL.parse(self.database_url)

    @property
    def connections(self) -> int:
        """The most database connections that the pools of all workers hold together."""
        return self.workers * (self.pool_size + self.pool_overflow)


def _as_text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(value) or NOTHING
    return str(int(value)) if isinstance(value, bool) else str(value)


def declarations() -> dict[str, Declaration]:
    """What is declared of each setting, by the name of its field, in order."""
    return {each.name: each.metadata["declaration"] for each in fields(Settings)}


def unknown_names(environment: Mapping[str, str]) -> dict[str, str | None]:
    """HERDBOOK_ names in `environment` that are no setting, each with the nearest that is one."""
    known = [declared.name for declared in declarations().values()]
    return {
        name: next(iter(get_close_matches(name, known, 1)), None)
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known
    }


def table(settings: Settings) -> list[tuple[str, str, str, str]]:
    """A row for each setting: name, present value, default, meaning; secrets are hidden."""
    return [
        (declared.name, _shown(declared, getattr(settings, key)), declared.shown_default,
         declared.meaning)
        for key, declared in declarations().items()
    ]  # fmt: skip


def _shown(declared: Declaration, value: object) -> str:
    if value is None:
        return "-"
    if declared.name == "DATABASE_URL":
        return str(DatabaseURL.parse(str(value)))
    return "(hidden)" if declared.secret else _as_text(value)
