"""One error for all settings that cannot be used."""

from collections.abc import Mapping


class SettingsError(Exception):
    """Some settings have values that cannot be used; `problems` names each with its reason."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        lines = [f"  {name}: {reason}" for name, reason in self.problems.items()]
        super().__init__("\n".join(["these settings cannot be used:", *lines]))
