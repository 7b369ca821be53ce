"""Settings as people are shown them: a table without secrets, and names that are misspelt."""

from collections.abc import Mapping
from difflib import get_close_matches

from service.settings.database_url import DatabaseURL
from service.settings.declaration import Declaration
from service.settings.environment import as_text
from service.settings.record import Settings, declarations

PREFIX = "HERDBOOK_"


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
    return "(hidden)" if declared.secret else as_text(value)
