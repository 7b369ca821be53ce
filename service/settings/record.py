"""Every setting: its name, default and meaning, and the one frozen record that holds the values.

Longer than other modules because it is a table: one declaration after the other.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from service.settings import readers
from service.settings.database_url import EXAMPLE, DatabaseURL
from service.settings.declaration import Declaration, setting
from service.settings.environment import values_in, variables_of

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")
ACCESS_LOGS = ("off", "errors", "misses", "all")
COHERENCES = ("host", "database")
FEWEST_PROCESSES = 16  # several services on one host may use one database


@dataclass(frozen=True)
class Settings:
    """Every setting of the service. Its repr shows no secret."""

    host: str = setting("HERDBOOK_HOST", "127.0.0.1", "address to listen on", str)
    port: int = setting("HERDBOOK_PORT", "8081", "port to listen on", readers.whole_number(1, 65535))
    workers: int = setting(
        "HERDBOOK_WORKERS",
        None,
        "worker processes",
        readers.whole_number(1, 256),
        shown_default="one for each core",
    )
    database_url: str | None = setting(
        "DATABASE_URL",
        None,
        f"the MariaDB to use, {EXAMPLE}, with ?unix_socket=/path for a socket; "
        "without one the service runs a private MariaDB in its data folder",
        readers.database_url,
        secret=True,
        shown_default="a private MariaDB",
    )
    data_dir: Path = setting(
        "HERDBOOK_DATA_DIR",
        ".herdbook",
        "folder of the private MariaDB and of the keys made at the first start",
        lambda text: Path(text).expanduser(),
    )
    secret_key: str | None = setting(
        "HERDBOOK_SECRET_KEY",
        None,
        "what tokens are signed with, 32 bytes or more",
        readers.secret_key,
        secret=True,
        shown_default="made once, kept in the data folder",
    )
    secret_key_previous: str | None = setting(
        "HERDBOOK_SECRET_KEY_PREVIOUS",
        None,
        "the key before that, while tokens signed with it shall still be good",
        readers.secret_key,
        secret=True,
        shown_default="none",
    )
    admin_password: str | None = setting(
        "HERDBOOK_ADMIN_PASSWORD",
        None,
        "first password of the administrator 1000000001",
        readers.admin_password,
        secret=True,
        shown_default="made up and printed once",
    )
    sample_animals: int = setting(
        "HERDBOOK_SAMPLE_ANIMALS",
        "2000",
        "animals of the sample farm loaded into an empty database; 0: no sample farm",
        readers.whole_number(0, 10_000_000),
    )
    pool_size: int = setting(
        "HERDBOOK_POOL_SIZE",
        "20",
        "database connections each worker keeps open",
        readers.whole_number(1, 128),
    )
    pool_overflow: int = setting(
        "HERDBOOK_POOL_OVERFLOW",
        "30",
        "connections each worker may open above that for a while",
        readers.whole_number(0, 128),
    )
    pool_recycle: int = setting(
        "HERDBOOK_POOL_RECYCLE",
        "1800",
        "seconds after which an idle connection is replaced",
        readers.whole_number(1, 86_400),
    )
    pool_timeout: int = setting(
        "HERDBOOK_POOL_TIMEOUT",
        "30",
        "seconds a request waits for a connection before it is answered 503",
        readers.whole_number(1, 3600),
    )
    cache_entries: int = setting(
        "HERDBOOK_CACHE_ENTRIES",
        "1000",
        "pages of each table that each worker keeps cached",
        readers.whole_number(0, 10_000_000),
    )
    cache_mb: int = setting(
        "HERDBOOK_CACHE_MB",
        "100",
        "MiB of cached pages on this host in all, shared out among the workers",
        readers.whole_number(0, 1_000_000),
    )
    poll_ms: int = setting(
        "HERDBOOK_POLL_MS",
        "100",
        "milliseconds between two looks at the ledger for writes made by hand in SQL",
        readers.whole_number(1, 60_000),
    )
    coherence: str = setting(
        "HERDBOOK_COHERENCE",
        "host",
        "host: exact for all writes through the service on this host, those made by hand in SQL seen within "
        "HERDBOOK_POLL_MS; database: every read is validated against the ledger, exact for any writer on any host",
        readers.one_of(*COHERENCES),
    )
    tombstone_days: int = setting(
        "HERDBOOK_TOMBSTONE_DAYS",
        "90",
        "days that `run.py purge` lets deletions be known to ?since= for",
        readers.whole_number(1, 36_500),
    )
    memo: bool = setting(
        "HERDBOOK_MEMO",
        "1",
        "0 turns off the memo of heads, which answers a request that comes again byte for byte before it is parsed",
        readers.boolean,
    )
    listeners: int = setting(
        "HERDBOOK_LISTENERS",
        "6000",
        "streams of /events that each worker holds at once, and as many requests that wait for changes, three quarters "
        "of its connections at the most; further ones are answered 503",
        readers.whole_number(0, 1_000_000),
    )
    session_streams: int = setting(
        "HERDBOOK_SESSION_STREAMS",
        "1",
        "streams of /events that a session has on each worker; the oldest ends when another begins",
        readers.whole_number(1, 1000),
    )
    ping_seconds: int = setting(
        "HERDBOOK_PING_SECONDS",
        "25",
        "seconds between two signs of life on a stream of /events",
        readers.whole_number(1, 3600),
    )
    cookie_secure: bool = setting(
        "HERDBOOK_COOKIE_SECURE",
        "0",
        "1 makes session cookies Secure and SameSite=None, for HTTPS and front ends of other sites; 0: SameSite=Lax",
        readers.boolean,
    )
    cors_origins: tuple[str, ...] = setting(
        "HERDBOOK_CORS_ORIGINS",
        readers.NOTHING,
        "origins whose pages may ask and send cookies, with commas: https://farm.example,http://localhost:5173",
        readers.origins,
    )
    signup_roles: tuple[str, ...] = setting(
        "HERDBOOK_SIGNUP_ROLES",
        "Aprendiz",
        "roles that anybody may sign up with, the first where none is asked for; none closes sign-up",
        readers.roles,
    )
    login_attempts: int = setting(
        "HERDBOOK_LOGIN_ATTEMPTS",
        "10",
        "wrong passwords for one account in five minutes, and ten times as many from one address, before further "
        "attempts are answered 429; 0: no limit",
        readers.whole_number(0, 1_000_000),
    )
    user_rate: int = setting(
        "HERDBOOK_USER_RATE",
        "0",
        "requests of one user in a minute, on all workers together, before further ones are answered 429; those that "
        "need no token are nobody's; a limit turns the memo of heads off, so that each is counted; 0: no limit",
        readers.whole_number(0, 1_000_000_000),
    )
    address_rate: int = setting(
        "HERDBOOK_ADDRESS_RATE",
        "0",
        "requests from one address in a minute, in the same way",
        readers.whole_number(0, 1_000_000_000),
    )
    proxies: int = setting(
        "HERDBOOK_PROXIES",
        "0",
        "proxies of your own in front, each of which appends the client's address to X-Forwarded-For",
        readers.whole_number(0, 10),
    )
    metrics_token: str | None = setting(
        "HERDBOOK_METRICS_TOKEN",
        None,
        "bearer token with which Prometheus reads /metrics; an Administrador's serves too",
        readers.metrics_token,
        secret=True,
        shown_default="none: an Administrador's only",
    )
    connection_limit: int = setting(
        "HERDBOOK_CONNECTIONS",
        "8000",
        "client connections of each worker at once; further ones are answered 503",
        readers.whole_number(1, 100_000),
    )
    connections_per_address: int = setting(
        "HERDBOOK_CONNECTIONS_PER_ADDRESS",
        "64",
        "connections of each worker from one address, or behind HERDBOOK_PROXIES requests at once, before further ones "
        "are answered 429; 0: no limit; this host itself has none",
        readers.whole_number(0, 100_000),
    )
    debug: bool = setting(
        "HERDBOOK_DEBUG",
        "0",
        "1 opens /debug/cache-stats without a token: for development only",
        readers.boolean,
    )
    log_level: str = setting(
        "HERDBOOK_LOG_LEVEL",
        "info",
        "least level of the lines logged: debug, info, warning or error",
        readers.one_of(*LOG_LEVELS),
    )
    log_format: str = setting(
        "HERDBOOK_LOG_FORMAT", "text", "how a line of the log is written: text or json", readers.one_of(*LOG_FORMATS)
    )
    access_log: str = setting(
        "HERDBOOK_ACCESS_LOG",
        "off",
        "which requests get a line of the log: off, errors (400 and up), misses (also all that no cached page answers) "
        "or all, which turns the memo of heads off",
        readers.one_of(*ACCESS_LOGS),
    )
    timings: bool = setting(
        "HERDBOOK_TIMINGS",
        "0",
        "1 has each answer say what it took (Server-Timing) and how the cache served it (Cache-Status)",
        readers.boolean,
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The settings in `environment`, defaults filled in; an empty value counts as not given.

        Raises SettingsError naming every bad key at once.
        """
        values = values_in(declarations(), environment)
        values["workers"] = values["workers"] or len(os.sched_getaffinity(0))
        return cls(**values)

    def to_environment(self) -> dict[str, str]:
        """What `from_environment` reads back as these settings; secrets included."""
        return variables_of(declarations(), {key: getattr(self, key) for key in declarations()})

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
    def processes(self) -> int:
        """How many workers there may be at once: a reload has each of them twice."""
        return max(FEWEST_PROCESSES, 2 * self.workers + 2)

    @property
    def connections(self) -> int:
        """The most database connections that the pools of all workers hold together."""
        return self.workers * (self.pool_size + self.pool_overflow)


def declarations() -> dict[str, Declaration]:
    """What is declared of each setting, by the name of its field, in order."""
    return {each.name: each.metadata["declaration"] for each in fields(Settings)}
