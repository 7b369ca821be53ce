"""The cookies of a session: two tokens that scripts cannot read, and beside each its csrf claim, which they can."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from service.auth.sessions import Opened
from service.auth.tokens import REFRESH_SECONDS

ACCESS = "access_token_cookie"
REFRESH = "refresh_token_cookie"
ACCESS_CSRF = "csrf_access_token"
REFRESH_CSRF = "csrf_refresh_token"
OF_ACCESS = (ACCESS, ACCESS_CSRF)
ALL = (ACCESS, REFRESH, ACCESS_CSRF, REFRESH_CSRF)
TOKENS = (ACCESS, REFRESH)


@dataclass(frozen=True, slots=True)
class Cookies:
    """Sets and deletes them; `secure`: Secure and SameSite=None, for a front end of another site, else SameSite=Lax."""

    secure: bool

    def give(self, response: web.StreamResponse, opened: Opened) -> None:
        """Set the cookies of the tokens in `opened`.

        They all last as long as a refresh token: a browser that dropped the access token when it expires could not be
        told that it has expired.
        """
        self._set(response, ACCESS, opened.access.text)
        self._set(response, ACCESS_CSRF, opened.access.csrf)
        if opened.refresh is not None:
            self._set(response, REFRESH, opened.refresh.text)
            self._set(response, REFRESH_CSRF, opened.refresh.csrf)

    def take(self, response: web.StreamResponse, names: Iterable[str] = ALL) -> None:
        """Delete the cookies `names`."""
        for name in names:
            self._set(response, name, "", seconds=0)

    def _set(self, response: web.StreamResponse, name: str, value: str, seconds: int = REFRESH_SECONDS) -> None:
        response.set_cookie(
            name,
            value,
            path="/",
            max_age=seconds,
            expires=None if seconds else "Thu, 01 Jan 1970 00:00:00 GMT",
            httponly=name in TOKENS,
            secure=self.secure,
            samesite="None" if self.secure else "Lax",
        )
