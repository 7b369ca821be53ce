"""Every metric there is: its name, its kind, its labels and what it says; nothing else is exposed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from service.http.durations import BOUNDS

SEPARATOR = "\x1f"
SUM = "sum"


class Kind(Enum):
    """A count rises, and is added up over all processes; a state is of this moment."""

    COUNT = auto()
    STATE = auto()
    DURATION = auto()


@dataclass(frozen=True, slots=True)
class Family:
    """`name` without the ending that a count gets (_total); the states of several workers are added up."""

    name: str
    kind: Kind
    says: str
    labels: tuple[str, ...] = ()

    def key(self, *values: object) -> str:
        """What one of its series is called where counts are kept."""
        return SEPARATOR.join([self.name, *map(str, values)])


REQUESTS = Family(
    "herdbook_http_requests",
    Kind.COUNT,
    "Requests answered; by the memo of heads before they are parsed, or by the application.",
    ("method", "route", "status", "answered_by"),
)
DURATION = Family(
    "herdbook_http_request_duration_seconds",
    Kind.DURATION,
    "How long the application took for an answer; streams, waiting deltas and what the memo answers are not timed.",
    ("method", "route"),
)
CACHE_HITS = Family("herdbook_cache_hits", Kind.COUNT, "Look-ups answered by a cached page.", ("table",))
CACHE_MISSES = Family("herdbook_cache_misses", Kind.COUNT, "Look-ups that found no true page.", ("table",))
CACHE_SHARED = Family(
    "herdbook_cache_shared_fills", Kind.COUNT, "Misses answered by a page that another request filled.", ("table",)
)
CACHE_EVICTIONS = Family("herdbook_cache_evictions", Kind.COUNT, "Entries dropped for want of room.", ("table",))
CACHE_INVALIDATIONS = Family("herdbook_cache_invalidations", Kind.COUNT, "Entries dropped after a write.", ("table",))
CACHE_ENTRIES = Family("herdbook_cache_entries", Kind.STATE, "Entries kept now.", ("table",))
CACHE_PAGES = Family("herdbook_cache_pages", Kind.STATE, "Pages kept now; several entries may share one.", ("table",))
CACHE_BYTES = Family("herdbook_cache_bytes", Kind.STATE, "Bytes kept now.", ("table",))
CACHE_LIMIT = Family("herdbook_cache_limit_bytes", Kind.STATE, "Bytes that may be kept.")
MEMO_HITS = Family("herdbook_memo_hits", Kind.COUNT, "Requests answered by the memo of heads.")
MEMO_HEADS = Family("herdbook_memo_heads", Kind.STATE, "Heads that the memo knows now.")
MEMO_BYTES = Family("herdbook_memo_bytes", Kind.STATE, "Bytes that those heads take beside the pages.")
POOL = Family("herdbook_pool_connections", Kind.STATE, "Database connections, in use and idle.", ("state",))
POOL_LIMIT = Family("herdbook_pool_limit", Kind.STATE, "Database connections that may be open.")
POOL_WAITING = Family("herdbook_pool_waiting", Kind.STATE, "Requests that wait for a connection now.")
POOL_REFUSALS = Family(
    "herdbook_pool_refusals", Kind.COUNT, "Requests refused because too many waited for a connection, or too long."
)
DATABASE_ERRORS = Family(
    "herdbook_database_errors",
    Kind.COUNT,
    "Uses of a connection that ended in an error, by its kind in docs/running.md.",
    ("kind",),
)
BY_HAND = Family("herdbook_changes_by_hand", Kind.COUNT, "Changes of tables found that were made outside the service.")
UNKNOWN_COMMITS = Family(
    "herdbook_commits_of_unknown_outcome", Kind.STATE, "COMMITs whose connection was lost before the answer came."
)
CONNECTIONS = Family("herdbook_client_connections", Kind.STATE, "Connections of clients that are open.")
CUTS = Family(
    "herdbook_client_connections_cut",
    Kind.COUNT,
    "Connections or requests that were refused or ended for a limit, by its name in docs/limits.md.",
    ("reason",),
)
LISTENERS = Family("herdbook_event_streams", Kind.STATE, "Streams of /events that are open.")
WAITING = Family("herdbook_waiting_deltas", Kind.STATE, "Deltas that wait for something new.")
MEMORY = Family("herdbook_resident_memory_bytes", Kind.STATE, "Memory of the workers.")
FILES = Family("herdbook_open_files", Kind.STATE, "Files and connections that the workers hold open.")
WORKERS = Family("herdbook_workers", Kind.STATE, "Workers that run.")
GENERATION_WRITES = Family(
    "herdbook_generation_writes",
    Kind.COUNT,
    "Writes of a table that the workers of this host know to have ended.",
    ("table",),
)
STALENESS = Family(
    "herdbook_ledger_staleness_seconds", Kind.STATE, "Seconds since this host last looked for changes made by hand."
)
LEDGER_VERSION = Family(
    "herdbook_ledger_version", Kind.STATE, "How many times a table has changed; absent without a database.", ("table",)
)
LEDGER_ROWS = Family("herdbook_ledger_rows", Kind.STATE, "Rows of a table; absent without a database.", ("table",))
DISK_FREE = Family("herdbook_disk_free_bytes", Kind.STATE, "Room on the disk of the data folder.")
WITNESS_PAGES = Family("herdbook_witness_pages", Kind.COUNT, "Pages that `run.py audit --watch` has looked at.")
WITNESS_COMPARED = Family(
    "herdbook_witness_compared", Kind.COUNT, "Of those the ones held against the database byte for byte."
)
WITNESS_BREACHES = Family(
    "herdbook_witness_breaches", Kind.COUNT, "Of those the ones that were not exact: any is a fault of the service."
)
AUDITS = Family("herdbook_audits", Kind.COUNT, "Audits of ledger and schema, those of each start included.")
AUDIT_DIFFERENCES = Family("herdbook_audit_differences", Kind.COUNT, "Differences that audits have found.")

FAMILIES = (
    REQUESTS,
    DURATION,
    CACHE_HITS,
    CACHE_MISSES,
    CACHE_SHARED,
    CACHE_EVICTIONS,
    CACHE_INVALIDATIONS,
    CACHE_ENTRIES,
    CACHE_PAGES,
    CACHE_BYTES,
    CACHE_LIMIT,
    MEMO_HITS,
    MEMO_HEADS,
    MEMO_BYTES,
    POOL,
    POOL_LIMIT,
    POOL_WAITING,
    POOL_REFUSALS,
    DATABASE_ERRORS,
    BY_HAND,
    UNKNOWN_COMMITS,
    CONNECTIONS,
    CUTS,
    LISTENERS,
    WAITING,
    MEMORY,
    FILES,
    WORKERS,
    GENERATION_WRITES,
    STALENESS,
    LEDGER_VERSION,
    LEDGER_ROWS,
    DISK_FREE,
    WITNESS_PAGES,
    WITNESS_COMPARED,
    WITNESS_BREACHES,
    AUDITS,
    AUDIT_DIFFERENCES,
)


def duration_keys(method: str, route: str, classes: Iterable[int], seconds: float) -> dict[str, float]:
    """A series of DURATION as counts: how many took at most each bound but more than the one before, and the sum."""
    keys = [DURATION.key(method, route, bound) for bound in (*BOUNDS, "+Inf")]
    return {**dict(zip(keys, classes, strict=True)), DURATION.key(method, route, SUM): seconds}
