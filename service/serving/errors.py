"""Why the service cannot start or go on."""


class ServeError(Exception):
    """The service cannot start or go on; the message says what to do."""
