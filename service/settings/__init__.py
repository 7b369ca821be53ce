"""One frozen record of every setting, read from the environment, with one error that lists every bad key."""

from service.settings.database_url import DatabaseURL
from service.settings.errors import SettingsError
from service.settings.record import Settings, declarations
from service.settings.shown import table, unknown_names

__all__ = ["DatabaseURL", "Settings", "SettingsError", "declarations", "table", "unknown_names"]
