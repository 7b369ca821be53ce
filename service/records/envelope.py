"""The body around rows: `{"success": true, "message": …, "data": …, "meta": …}`, put together from bytes."""

from collections.abc import Mapping
from typing import Any

import orjson


def envelope(data: bytes, meta: Mapping[str, Any] | None = None, message: str = "OK") -> bytes:
    """A success body; `data` is JSON already."""
    head = b'{"success":true,"message":' + orjson.dumps(message) + b',"data":' + data
    return head + (b"}" if meta is None else b',"meta":' + orjson.dumps(meta) + b"}")
