"""Refuses what aiohttp takes for a request and what another program on the way may take for something else.

Two programs that do not agree where a request ends, or whom it is for, can be made to answer one client with what was
meant for another (RFC 9112 sections 2.2, 3.2, 5.2 and 6.1).
"""

import re

from aiohttp import HttpVersion10, HttpVersion11, hdrs, web

from service.http.limits import LARGEST_BODY, LONGEST_HEAD, MEBIBYTE
from service.http.problems import Problem

VERSIONS = (HttpVersion10, HttpVersion11)
# RFC 3986 section 3.2.2, without the comma, which joins the values of two fields.
HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]*)(?::[0-9]*)?")


def require_http(request: web.Request) -> None:
    """Raise for what is not to be answered: MALFORMED_REQUEST, HEADERS_TOO_LARGE or PAYLOAD_TOO_LARGE.

    All of them end the connection.
    """
    headers = request.headers
    hosts = headers.getall(hdrs.HOST, ())
    if (
        request.version not in VERSIONS
        or len(hosts) > 1
        or (hosts and not HOST.fullmatch(hosts[0]))
        or request.method == hdrs.METH_CONNECT
        or not _is_framed_plainly(request)
    ):
        raise Problem("MALFORMED_REQUEST")
    if sum(len(name) + len(value) + 4 for name, value in request.raw_headers) > LONGEST_HEAD:
        raise Problem("HEADERS_TOO_LARGE", limit=f"{LONGEST_HEAD // 1024} KiB")
    if (request.content_length or 0) > LARGEST_BODY:
        raise Problem("PAYLOAD_TOO_LARGE", limit=f"{LARGEST_BODY // MEBIBYTE} MiB")


def _is_framed_plainly(request: web.Request) -> bool:
    """Whether the end of its body is told in one way that HTTP/1.1 has."""
    encodings = request.headers.getall(hdrs.TRANSFER_ENCODING, ())
    return not encodings or (
        [one.lower() for one in encodings] == ["chunked"]
        and request.version == HttpVersion11
        and hdrs.CONTENT_LENGTH not in request.headers
    )
