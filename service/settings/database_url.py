"""Where a MariaDB is and who logs in there, as one URL."""

import re
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

SCHEMES = ("mysql", "mariadb")
EXAMPLE = "mysql://user:password@host:3306/name"

_NAME = re.compile(r"[0-9A-Za-z_$-]{1,64}")


@dataclass(frozen=True)
class DatabaseURL:
    """Where a MariaDB is and who logs in there. Neither its repr nor its str shows the password."""

    user: str
    password: str = field(repr=False)
    host: str
    port: int
    name: str
    unix_socket: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of `mysql://user:password@host:port/name[?unix_socket=/path]`.

        User and password are percent-decoded (RFC 3986). Raises ValueError, whose message says
        what is wrong and never quotes the text, because the text holds the password.
        """
        try:
            parts = urlsplit(text)
            port = parts.port or 3306
        except ValueError:
            raise ValueError(f"is not a URL such as {EXAMPLE}") from None
        if parts.scheme not in SCHEMES or not parts.username or parts.fragment:
            raise ValueError(f"is not a URL such as {EXAMPLE}")
        name = unquote(parts.path.removeprefix("/"))
        if not _NAME.fullmatch(name):
            raise ValueError("does not end in /name, the database: letters, digits and _ $ -")
        return cls(
            user=unquote(parts.username),
            password=unquote(parts.password or ""),
            host=parts.hostname or "localhost",
            port=port,
            name=name,
            unix_socket=_unix_socket(parts.query),
        )

    def with_name(self, name: str) -> Self:
        """The same server and user, with the database `name`."""
        return replace(self, name=name)

    def uri(self) -> str:
        """The whole URL, password included: `parse` of it gives an equal record."""
        return self._uri(quote(self.password, safe=""))

    def __str__(self) -> str:
        return self._uri("***" if self.password else "")

    def _uri(self, password: str) -> str:
        login = quote(self.user, safe="") + (f":{password}" if password else "")
        host = f"[{self.host}]" if ":" in self.host else self.host
        socket = f"?unix_socket={quote(self.unix_socket)}" if self.unix_socket else ""
        return f"mysql://{login}@{host}:{self.port}/{self.name}{socket}"


def _unix_socket(query: str) -> str | None:
    """The path in `unix_socket=`; the one other parameter taken is the charset we use anyway."""
    arguments = dict(parse_qsl(query, keep_blank_values=True))
    socket = arguments.pop("unix_socket", None)
    if arguments.pop("charset", "utf8mb4").lower() != "utf8mb4":
        raise ValueError("asks for a charset other than utf8mb4")
    if arguments:
        raise ValueError(f"has a parameter that is not known: {', '.join(sorted(arguments))}")
    if socket is not None and not socket.startswith("/"):
        raise ValueError("has a unix_socket that is not an absolute path")
    return socket
