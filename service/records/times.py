"""Times as the server writes them, as the service counts them and as clients read them: all UTC, to the microsecond."""

from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1)


def moment_of(text: bytes | None) -> datetime:
    """A DATETIME(6) as the server wrote it, naive UTC; the epoch for NULL."""
    return datetime.fromisoformat(text.decode()) if text else EPOCH


def rfc3339(moment: datetime) -> str:
    """Naive UTC `moment` with microseconds and Z."""
    return moment.isoformat(timespec="microseconds") + "Z"


def utc_now() -> datetime:
    """Now, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def microseconds(moment: datetime) -> int:
    """Microseconds since the epoch of a naive UTC `moment`."""
    return (moment - EPOCH) // timedelta(microseconds=1)
