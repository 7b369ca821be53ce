"""What the supervisor says: where the service answers, how to log in, and what went wrong."""

import logging

from service.settings import Settings

log = logging.getLogger("herdbook.supervisor")

ADMINISTRATOR = 1000000001


def say(line: str) -> None:
    """One line for the operator, on standard error."""
    log.warning("%s", line)


def print_address(settings: Settings) -> None:
    """Where the service answers, and a line that tries it."""
    host = reachable_host(settings)
    base = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    workers = f"{settings.workers} worker{'s' if settings.workers > 1 else ''}"
    print(f"Herdbook serves at {base} with {workers}; stop it with Ctrl-C.")
    print(f"Try: curl {base}/api/v1/species", flush=True)


def print_login(settings: Settings, made_up: str | None) -> None:
    """Who can log in, and with which password; one that was made up is shown here only."""
    if made_up is not None:
        source = f"password {made_up} (made up just now and not shown again)"
    elif settings.admin_password is not None:
        source = "the password in HERDBOOK_ADMIN_PASSWORD when the farm was loaded"
    else:
        source = "the password that was shown at the first start"
    print(f"Log in: identification {ADMINISTRATOR}, {source}", flush=True)


def reachable_host(settings: Settings) -> str:
    """Where a client on this machine finds a service that listens on the host in the settings."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
