"""Every connection is an open file: a worker that may have too few of them is not started."""

import resource

from service.serving.errors import ServeError
from service.settings import Settings

BESIDE = 64  # what a worker has open besides: sockets that listen, memory, logs, the poller's connection


def needed_files(settings: Settings) -> int:
    """Files that one worker may have open: those of its clients, of the database, and some of its own."""
    return settings.connection_limit + settings.pool_size + settings.pool_overflow + BESIDE


def make_room_for_files(settings: Settings) -> None:
    """Raise this process's soft limit, which its workers inherit, as far as it is needed and allowed.

    ServeError where the hard limit is lower than that.
    """
    needed = needed_files(settings)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ServeError(
            f"a worker may need {needed} open files, but the system allows {hard}: lower HERDBOOK_CONNECTIONS, or "
            "raise the limit (ulimit -n, LimitNOFILE=)"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
