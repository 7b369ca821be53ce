"""Request bodies: JSON, bounded, with a clear word about what is wrong with one that is not."""

from typing import Any

import orjson
from aiohttp import web

from service.http.limits import LARGEST_BODY, LARGEST_ROW, MEBIBYTE
from service.http.problems import Problem

DEEPEST = 32
JSON_TYPES = ("application/json", "application/merge-patch+json")


async def json_body(request: web.Request, most: int = LARGEST_ROW) -> Any:
    """The JSON value in the body. 415 for another type, 413 for more than `most` bytes, 400 for no JSON or too deep."""
    if request.content_length is not None and request.content_length > most:
        raise _too_large(most)
    if request.content_type not in JSON_TYPES and (
        request.content_type != "application/octet-stream" or "Content-Type" in request.headers
    ):
        raise Problem("UNSUPPORTED_MEDIA_TYPE", expected="application/json")
    try:
        text = await request.read()
    except web.RequestPayloadError:
        raise Problem("INVALID_JSON", reason=("no llegó entero", "it did not arrive whole")) from None
    if len(text) > most:
        raise _too_large(most)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Problem("INVALID_JSON", reason=f"{error.msg} ({error.lineno}:{error.colno})") from None
    if _deeper(value, DEEPEST):
        raise Problem("INVALID_JSON", reason=(f"más de {DEEPEST} niveles", f"more than {DEEPEST} levels"))
    return value


async def json_array(request: web.Request, most: int) -> list[Any]:
    """The array in the body, at most `most` long; 413 for a longer one."""
    value = await json_body(request, LARGEST_BODY)
    if not isinstance(value, list):
        raise Problem("INVALID_JSON", reason=("debe ser un arreglo", "it must be an array"))
    if len(value) > most:
        raise Problem("PAYLOAD_TOO_LARGE", limit=(f"{most} filas", f"{most} rows"))
    return value


async def json_object(request: web.Request) -> dict[str, Any]:
    """The object in the body."""
    value = await json_body(request)
    if not isinstance(value, dict):
        raise Problem("INVALID_JSON", reason=("debe ser un objeto", "it must be an object"))
    return value


def _too_large(most: int) -> Problem:
    return Problem("PAYLOAD_TOO_LARGE", limit=f"{most // MEBIBYTE} MiB")


def _deeper(value: Any, levels: int) -> bool:
    """Whether arrays and objects stand in one another more than `levels` times; level by level, so without a stack."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        level = [
            inner
            for one in level
            for inner in (one.values() if type(one) is dict else one)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return bool(level)
