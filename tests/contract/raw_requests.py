"""Bytes that two programs could read as different requests, or that are no request at all: each must be refused.

Each case is whole: what a careless reader takes for one or two requests, with a second one behind it that nobody may
answer. The names say what is wrong.
"""

PATH = "/api/v1/species?limit=1"
GET = f"GET {PATH} HTTP/1.1\r\nHost: farm\r\n"
POST = "POST /api/v1/species HTTP/1.1\r\nHost: farm\r\nContent-Type: application/json\r\n"
NEXT = f"GET {PATH}&page=2 HTTP/1.1\r\nHost: farm\r\n\r\n"  # what must not be answered
BODY = '{"name": "smuggled"}'
LENGTH = len(BODY)
CHUNK = f"{LENGTH:x}\r\n{BODY}\r\n0\r\n\r\n"


def _lines() -> dict[str, str]:
    """Request lines."""
    versions = ["HTTP/0.9", "HTTP/1", "HTTP/1.", "HTTP/1.2", "HTTP/1.10", "HTTP/01.1", "HTTP/2", "HTTP/2.0"]
    versions += ["HTTP/11", "HTTP/1.1.1", "HTTP/-1.1", "HTTP/1,1", "HTTP/ 1.1", "http/1.1", "Http/1.1", "HTTTP/1.1"]
    versions += [
        "HTTP",
        "HTTP/",
        "XTTP/1.1",
        "HTTP/1.1x",
        "ICE/1.0",
        "RTSP/1.0",
        "HTTP/9.9",
        "HTTP/1.1\x00",
        "HTTP\\1.1",
    ]
    cases = {f"version {one!r}": f"GET {PATH} {one}\r\nHost: farm\r\n\r\n" for one in versions}
    for name, line in {
        "no version": f"GET {PATH}",
        "no version, but a space": f"GET {PATH} ",
        "no path": "GET HTTP/1.1",
        "no path, two spaces": "GET  HTTP/1.1",
        "a space in the path": "GET /api/v1/species a HTTP/1.1",
        "a tab for a space": f"GET\t{PATH} HTTP/1.1",
        "a tab before the version": f"GET {PATH}\tHTTP/1.1",
        "a vertical tab before the version": f"GET {PATH}\x0bHTTP/1.1",
        "a form feed in the line": f"GET {PATH}\x0c HTTP/1.1",
        "a space before the method": f" GET {PATH} HTTP/1.1",
        "a method in brackets": f"(GET) {PATH} HTTP/1.1",
        "a method with a colon": f"GET: {PATH} HTTP/1.1",
        "a method with a NUL": f"GE\x00T {PATH} HTTP/1.1",
        "a method in quotes": f'"GET" {PATH} HTTP/1.1',
        "a method with a comma": f"GET,POST {PATH} HTTP/1.1",
        "no method": f" {PATH} HTTP/1.1",
        "a NUL in the path": "GET /api/v1/spe\x00cies HTTP/1.1",
        "a bare CR in the path": "GET /api/v1/spe\rcies HTTP/1.1",
        "a DEL in the path": "GET /api/v1/spe\x7fcies HTTP/1.1",
        "a relative path": "GET api/v1/species HTTP/1.1",
        "a path of dots": "GET ../api/v1/species HTTP/1.1",
        "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM",
        "CONNECT": "CONNECT farm:80 HTTP/1.1",
        "something after the version": f"GET {PATH} HTTP/1.1 HTTP/1.1",
        "a bare CR after the version": f"GET {PATH} HTTP/1.1\r",
    }.items():
        cases[name] = f"{line}\r\nHost: farm\r\n\r\n"
    return cases


def _hosts() -> dict[str, str]:
    """Whom it is for."""
    cases = {"no Host": f"GET {PATH} HTTP/1.1\r\n\r\n"}
    for name, value in {
        "two words": "a b",
        "a comma": "a, b",
        "a comma without a space": "a,b",
        "a slash": "farm/x",
        "a question mark": "farm?x",
        "a number sign": "farm#x",
        "a user": "user@farm",
        "a NUL": "fa\x00rm",
        "a tab within": "fa\trm",
        "a bare CR within": "fa\rrm",
        "a backslash": "farm\\x",
        "angle brackets": "<farm>",
        "quotes": '"farm"',
        "a port of letters": "farm:port",
        "two ports": "farm:80:81",
        "a scheme": "http://farm",
        "a bracket too few": "[::1",
        "a DEL": "fa\x7frm",
    }.items():
        cases[f"Host with {name}"] = f"GET {PATH} HTTP/1.1\r\nHost: {value}\r\n\r\n"
    two = {
        "two Hosts": "Host: farm\r\nHost: other",
        "two equal Hosts": "Host: farm\r\nHost: farm",
        "two Hosts spelled otherwise": "Host: farm\r\nhOST: other",
        "two Hosts, one empty": "Host:\r\nHost: farm",
        "a Host after others": "Host: farm\r\nAccept: */*\r\nHost: other",
        "three Hosts": "Host: a\r\nHost: b\r\nHost: c",
        "a Host folded": "Host:\r\n farm",
        "a Host with a space before its colon": "Host : farm",
        "a Host with a space before it, first": " Host: farm",
        "a Host with a tab before its colon": "Host\t: farm",
    }
    cases |= {name: f"GET {PATH} HTTP/1.1\r\n{lines}\r\n\r\n" for name, lines in two.items()}
    return cases


def _fields() -> dict[str, str]:
    """Header fields of a GET."""
    wrong = {
        "a folded field": "X-A: one\r\n two",
        "a field folded by a tab": "X-A: one\r\n\ttwo",
        "a first field folded into nothing": " X-A: one",
        "a field without a colon": "X-A",
        "a field without a name": ": one",
        "only a colon": ":",
        "a space in a name": "X A: one",
        "a space before the colon": "X-A : one",
        "a tab before the colon": "X-A\t: one",
        "a NUL in a name": "X\x00A: one",
        "a NUL in a value": "X-A: o\x00ne",
        "a bare CR in a value": "X-A: o\rne",
        "a bare CR before a field": "X-A: one\rX-B: two",
        "a bare CR in a name": "X\rA: one",
        "a control in a name": "X\x01A: one",
        "brackets in a name": "X(A): one",
        "an at sign in a name": "X@A: one",
        "a slash in a name": "X/A: one",
        "a comma in a name": "X,A: one",
        "a semicolon in a name": "X;A: one",
        "quotes in a name": '"X-A": one',
        "braces in a name": "{X}: one",
        "a DEL in a name": "X\x7fA: one",
        "an umlaut in a name": "X-\xc4: one",
        "a no-break space before the colon": "X-A\xa0: one",
        "a control in a value": "X-A: o\x01ne",
        "a BEL in a value": "X-A: o\x07ne",
        "a DEL in a value": "X-A: o\x7fne",
        "a vertical tab in a value": "X-A: o\x0bne",
    }
    cases = {name: f"{GET}{line}\r\n\r\n" for name, line in wrong.items()}
    cases["a field of 9,000 bytes"] = f"{GET}X-A: {'x' * 9000}\r\n\r\n"
    cases["a name of 9,000 bytes"] = f"{GET}{'x' * 9000}: a\r\n\r\n"
    cases["a path of 9,000 bytes"] = f"GET /api/v1/species?search={'x' * 9000} HTTP/1.1\r\nHost: farm\r\n\r\n"
    cases["101 fields"] = GET + "".join(f"X-{number}: a\r\n" for number in range(100)) + "\r\n"
    cases["1,000 fields"] = GET + "".join(f"X-{number}: a\r\n" for number in range(1000)) + "\r\n"
    cases["fields of 40 KiB"] = GET + "".join(f"X-{number}: {'x' * 8000}\r\n" for number in range(5)) + "\r\n"
    return cases


def _lengths() -> dict[str, str]:
    """Content-Length."""
    values = ["+20", "-1", "-20", "20 20", "20,20", "20, 20", "20;20", "0x14", "1e1", "2_0", "20.0", "twenty", "", " "]
    values += [
        "20\x00",
        "20\x0b",
        "20a",
        "a20",
        '"20"',
        "20, 21",
        "٢٠",
        "99999999999999999999999",
        "18446744073709551616",
    ]
    values += [
        "18446744073709551616",
        "18446744073709551636",
        "9223372036854775808",
        "20\r\n 0",
        "20\t0",
        "0 20",
        "- 20",
        "+ 20",
        "²0",
    ]
    cases = {f"length {value!r}": f"{POST}Content-Length: {value}\r\n\r\n{BODY}" for value in values}
    for name, lines in {
        "two lengths": "Content-Length: 20\r\nContent-Length: 21",
        "two lengths the other way": "Content-Length: 0\r\nContent-Length: 20",
        "two equal lengths": "Content-Length: 20\r\nContent-Length: 20",
        "two lengths spelled otherwise": "Content-Length: 20\r\ncontent-LENGTH: 0",
        "a length with a space before its colon": "Content-Length : 20",
        "a length with a tab before its colon": "Content-Length\t: 20",
        "a length with a NUL in its name": "Content-Length\x00: 20",
        "a folded length": "Content-Length:\r\n 20",
        "a length hidden in a fold": "X-A: one\r\n Content-Length: 20",
    }.items():
        cases[name] = f"{POST}{lines}\r\n\r\n{BODY}"
    return cases


def _encodings() -> dict[str, str]:
    """Transfer-Encoding."""
    values = ["gzip", "identity", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked, identity", "xchunked"]
    values += [
        "chunkedx",
        "chunked;x=y",
        "chunke",
        "\x0bchunked",
        "chunked\x0b",
        "\x00chunked",
        '"chunked"',
        "'chunked'",
    ]
    values += [
        "chunked,",
        ",chunked",
        "identity, chunked",
        "deflate, chunked",
        "chunked chunked",
        "chunked\r\n x",
        "cow",
    ]
    values += [
        "chunked\r\n x",
        "chunked\x00",
        "",
        "chunked; q=0.5",
        "x, chunked",
        "br",
        "\r\n chunked",
        "chu\rnked",
        "\xa0chunked",
    ]
    cases = {f"encoding {value!r}": f"{POST}Transfer-Encoding: {value}\r\n\r\n{CHUNK}" for value in values}
    for name, lines in {
        "both, the length first": f"Content-Length: {LENGTH}\r\nTransfer-Encoding: chunked",
        "both, the encoding first": f"Transfer-Encoding: chunked\r\nContent-Length: {LENGTH}",
        "both, with a length of 0": "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "both, spelled otherwise": f"content-length: {LENGTH}\r\ntransfer-encoding: CHUNKED",
        "both, the encoding unknown": f"Content-Length: {LENGTH}\r\nTransfer-Encoding: xchunked",
        "both, a space before the colon": f"Content-Length: {LENGTH}\r\nTransfer-Encoding : chunked",
        "two encodings": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "two encodings, the last another": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "two encodings, the first another": "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        "an encoding with a tab before its colon": "Transfer-Encoding\t: chunked",
        "an encoding with a NUL in its name": "Transfer\x00-Encoding: chunked",
        "an encoding hidden in a fold": "X-A: one\r\n Transfer-Encoding: chunked",
    }.items():
        cases[name] = f"{POST}{lines}\r\n\r\n{CHUNK}"
    for method in ("GET", "DELETE", "POST"):
        cases[f"an encoding in a {method} of HTTP/1.0"] = (
            f"{method} /api/v1/species HTTP/1.0\r\nHost: farm\r\nConnection: keep-alive\r\n"
            f"Transfer-Encoding: chunked\r\n\r\n{CHUNK}"
        )
    return cases


def _chunks() -> dict[str, str]:
    """Chunks."""
    start = f"{POST}Authorization: Bearer {{token}}\r\nTransfer-Encoding: chunked\r\n\r\n"
    size = f"{LENGTH:x}"
    wrong = {
        "a size with 0x": f"0x{size}\r\n{BODY}\r\n0\r\n\r\n",
        "a size with a plus": f"+{size}\r\n{BODY}\r\n0\r\n\r\n",
        "a size below nothing": f"-{size}\r\n{BODY}\r\n0\r\n\r\n",
        "a size with a space before it": f" {size}\r\n{BODY}\r\n0\r\n\r\n",
        "a size with an underscore": f"1_4\r\n{BODY}\r\n0\r\n\r\n",
        "a size that is no number": f"x\r\n{BODY}\r\n0\r\n\r\n",
        "a size with a NUL": f"{size}\x00\r\n{BODY}\r\n0\r\n\r\n",
        "an empty size": f"\r\n{BODY}\r\n0\r\n\r\n",
        "a size past 64 bits": f"1{'0' * 16}\r\n{BODY}\r\n0\r\n\r\n",
        "a size that wraps round": f"1{'0' * 14}{size}\r\n{BODY}\r\n0\r\n\r\n",
        "a size of 4 GiB and a bit": f"f{'0' * 15}{size}\r\n{BODY}\r\n0\r\n\r\n",
        "a bare LF after the size": f"{size}\n{BODY}\r\n0\r\n\r\n",
        "a bare CR after the size": f"{size}\r{BODY}\r\n0\r\n\r\n",
        "a bare LF after the data": f"{size}\r\n{BODY}\n0\r\n\r\n",
        "a bare CR after the data": f"{size}\r\n{BODY}\r0\r\n\r\n",
        "nothing after the data": f"{size}\r\n{BODY}0\r\n\r\n",
        "more data than the size": f"{size}\r\n{BODY}xx\r\n0\r\n\r\n",
        "less data than the size": f"{size}\r\n{BODY[:-2]}\r\n0\r\n\r\n",
        "a bare LF in an extension": f"{size};a\nb\r\n{BODY}\r\n0\r\n\r\n",
        "a bare CR in an extension": f"{size};a\rb\r\n{BODY}\r\n0\r\n\r\n",
        "a NUL in an extension": f"{size};a\x00b\r\n{BODY}\r\n0\r\n\r\n",
        "a bare LF in the last chunk": f"{size}\r\n{BODY}\r\n0\n\r\n",
        "a trailer with a space in its name": f"{size}\r\n{BODY}\r\n0\r\nX A: b\r\n\r\n",
        "a trailer without a colon": f"{size}\r\n{BODY}\r\n0\r\nX\r\n\r\n",
        "a trailer that is folded": f"{size}\r\n{BODY}\r\n0\r\n X: a\r\n\r\n",
        "a trailer with a bare CR": f"{size}\r\n{BODY}\r\n0\r\nX: a\rb\r\n\r\n",
        "a trailer with a NUL": f"{size}\r\n{BODY}\r\n0\r\nX: a\x00\r\n\r\n",
        "a trailer of 9,000 bytes": f"{size}\r\n{BODY}\r\n0\r\nX: {'x' * 9000}\r\n\r\n",
        "1,000 trailers": f"{size}\r\n{BODY}\r\n0\r\n" + "X: a\r\n" * 1000 + "\r\n",
    }
    return {f"chunks: {name}": start + chunks for name, chunks in wrong.items()}


def _other() -> dict[str, str]:
    """What is no HTTP at all."""
    return {
        "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "SSH": "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "a mail": "EHLO farm\r\nMAIL FROM:<a@b>\r\n\r\n",
        "SOCKS": "\x05\x01\x00\r\n\r\n",
        "the PROXY protocol": "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n\r\n",
        "an answer": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "NULs": "\x00" * 64 + "\r\n\r\n",
        "a bare LF after the line": f"GET {PATH} HTTP/1.1\nHost: farm\n\n",
        "a bare LF after a field": f"GET {PATH} HTTP/1.1\r\nHost: farm\nX-A: b\r\n\r\n",
        "a bare LF at the end": f"{GET}\n",
        "a bare CR after the line": f"GET {PATH} HTTP/1.1\rHost: farm\r\r",
        "a bare CR at the end": f"{GET}\r",
        "LF and CR the wrong way round": f"GET {PATH} HTTP/1.1\n\rHost: farm\n\r\n\r",
        "a byte order mark": f"\ufeff{GET}\r\n",
        "JSON": f"{BODY}\r\n\r\n",
        "UTF-16": GET.encode("utf-16-le").decode("latin-1") + "\r\n\r\n",
    }


def _bytes(text: str) -> bytes:
    """One byte for each character, where each has one; else UTF-8."""
    return text.encode("latin-1" if all(ord(one) < 256 for one in text) else "utf-8")


CASES: dict[str, bytes] = {
    name: _bytes(sent)
    for group in (_lines(), _hosts(), _fields(), _lengths(), _encodings(), _chunks(), _other())
    for name, sent in group.items()
}
