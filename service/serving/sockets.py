"""The sockets that the workers listen on, one for each, all on one port."""

import errno
import socket
import time
from contextlib import ExitStack

from service.serving.errors import ServeError
from service.settings import Settings

PORT_SECONDS = 3.0


def bound_sockets(settings: Settings, stack: ExitStack) -> list[socket.socket]:
    """A socket for each worker, all on the same port, for as long as the supervisor runs.

    Any process of this user may share a port by SO_REUSEPORT, so make sure first that nobody has
    it. Raises ServeError.
    """
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        try:
            _bind(settings, shared=False).close()
            return [stack.enter_context(_bind(settings, shared=True)) for _ in range(settings.workers)]
        except OSError as error:
            # The workers of a supervisor that was killed may need a moment to leave.
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise ServeError(
                    f"cannot listen on {settings.host} port {settings.port}: "
                    f"{error.strerror or error}; set HERDBOOK_PORT or HERDBOOK_HOST to another"
                ) from None
        time.sleep(0.2)


def _bind(settings: Settings, *, shared: bool) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
        if not shared:
            bound.listen(1)  # with SO_REUSEADDR only this finds out whether another listens
    except OSError:
        bound.close()
        raise
    return bound
