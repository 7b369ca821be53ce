"""`run.py audit`, and what audits and the witness have found, as counts beside those of the workers."""

from collections.abc import Mapping
from contextlib import suppress

from service.db import audit
from service.db.errors import DatabaseError
from service.ops.count_files import Counted, CountFiles
from service.ops.families import AUDIT_DIFFERENCES, AUDITS
from service.resources import all_resources
from service.settings import Settings


def run(settings: Settings) -> int:
    """Print every difference; 0 when there is none, 1 when there are some, 2 when the database cannot be asked."""
    try:
        differences = audited(settings)
    except DatabaseError as error:
        print(f"the database cannot be audited: {error}; `run.py migrate` makes the tables")
        return 2
    for difference in differences:
        print(difference)
    print(f"{len(all_resources())} tables audited, {len(differences)} differences")
    return 1 if differences else 0


def audited(settings: Settings, *, mend: bool = False) -> list[audit.Difference]:
    """Every difference that service.db.audit finds, counted."""
    differences = audit.audited(settings, mend=mend)
    count(settings, {AUDITS.key(): 1, AUDIT_DIFFERENCES.key(): len(differences)})
    return differences


def count(settings: Settings, counts: Mapping[str, float]) -> None:
    """Add `counts` to the metrics of the service that uses this data folder, where there is one and it has room."""
    if settings.data_dir.is_dir():
        with suppress(OSError), CountFiles(settings.data_dir / "metrics") as files:
            files.keep(Counted(counts))
