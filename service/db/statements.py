"""Statements are files: one hand-written SQL statement each, read once at start, its parameters checked then.

A file may hold three marks, all of them comments to the server, so that it can be pasted into a console as it stands
(with values for its `%(name)s` parameters):

- a line that ends in `-- if given` is left out when one of its parameters has no value;
- `/* name: */ … /* :name */` encloses text that may be chosen anew from a resource's own constants;
- leading `--` lines say what the statement answers.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

Scalar = None | bool | int | str | date
Value = Scalar | tuple[Scalar, ...]
Escape = Callable[[str], str]

# Where every statement of the service is.
SQL = Path(__file__).resolve().parents[2] / "sql"

_PARAMETER = re.compile(r"%\((\w+)\)s")
_CHOICE = re.compile(r"/\* (\w+): \*/(.*?)/\* :\1 \*/", re.DOTALL)
_OPTIONAL = re.compile(r"\s*-- if given\s*$")


class StatementError(Exception):
    """A statement file is missing, or its parameters are not the ones that the code gives."""


def literal(value: Value, escape: Escape) -> str:
    """SQL text of `value`; TypeError for a type that is not on the list above, never a silent str()."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        return f"'{escape(value)}'"
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    if isinstance(value, tuple) and value:
        return f"({', '.join(literal(one, escape) for one in value)})"
    raise TypeError(f"no SQL literal for {type(value).__name__}")


@dataclass(frozen=True, slots=True)
class _Line:
    is_optional: bool
    pieces: tuple[str, ...]  # text and parameter names in turn


def _line(text: str) -> _Line:
    bare = _OPTIONAL.sub("", text)
    pieces = tuple(_PARAMETER.split(bare + "\n"))
    if bare == text:
        return _Line(False, pieces)
    if len(pieces) == 1:
        raise StatementError(f"an optional line needs a parameter: {text.strip()}")
    return _Line(True, pieces)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `render` gives the text that is sent."""

    name: str
    text: str
    lines: tuple[_Line, ...] = field(repr=False)

    @classmethod
    def parse(cls, name: str, text: str) -> "Statement":
        kept = [line.strip() for line in text.splitlines() if not line.lstrip().startswith("--")]
        return cls(name, text, tuple(_line(line) for line in kept if line))

    @property
    def parameters(self) -> frozenset[str]:
        """The names of all its parameters."""
        return frozenset(name for line in self.lines for name in line.pieces[1::2])

    def marked(self, mark: str) -> str:
        """The text between the marks `mark`; StatementError when it has none."""
        for found in _CHOICE.finditer(self.text):
            if found[1] == mark:
                return found[2]
        raise StatementError(f"{self.name} has no mark {mark}")

    def choose(self, **texts: str) -> "Statement":
        """The same statement with other text between its marks; StatementError for a mark that it has not."""
        unknown = texts.keys() - {found[1] for found in _CHOICE.finditer(self.text)}
        if unknown:
            raise StatementError(f"{self.name} has no place for {', '.join(sorted(unknown))}")
        chosen = _CHOICE.sub(lambda mark: texts.get(mark[1], mark[0]), self.text)
        return Statement.parse(self.name, chosen)

    def render(self, values: Mapping[str, Value], escape: Escape) -> str:
        """The text to send, with every value as a literal; KeyError when one is missing."""
        sent: list[str] = []
        for line in self.lines:
            pieces = line.pieces
            if line.is_optional and not all(name in values for name in pieces[1::2]):
                continue
            sent.append(pieces[0])
            for at in range(1, len(pieces), 2):
                sent.append(literal(values[pieces[at]], escape))
                sent.append(pieces[at + 1])
        return "".join(sent)


class Statements:
    """All statement files below a folder, by name: `animals/list` is `animals/list.sql`."""

    def __init__(self, folder: Path) -> None:
        self._all = {
            path.relative_to(folder).with_suffix("").as_posix(): path.read_text("utf-8")
            for path in sorted(folder.rglob("*.sql"))
        }
        if not self._all:
            raise StatementError(f"no statements in {folder}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def get(self, name: str, parameters: Iterable[str] = ()) -> Statement:
        """The statement `name`; StatementError unless it takes exactly `parameters`."""
        if name not in self._all:
            raise StatementError(f"there is no sql/{name}.sql")
        statement = Statement.parse(name, self._all[name])
        wanted = frozenset(parameters)
        missing, unknown = wanted - statement.parameters, statement.parameters - wanted
        if missing or unknown:
            says = [f"lacks {', '.join(sorted(missing))}"] if missing else []
            says += [f"asks for unknown {', '.join(sorted(unknown))}"] if unknown else []
            raise StatementError(f"sql/{name}.sql {' and '.join(says)}")
        return statement
