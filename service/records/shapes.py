"""The rows of a page, whole, and what stands around them: its meta and its headers."""

from typing import Any
from urllib.parse import urlencode

import orjson

from service.records.errors import PageTooLarge
from service.records.queries import ListQuery
from service.resources.resource import Resource

ROW_END = b",\n"  # between rows


def project(rows: bytes, fields: tuple[str, ...]) -> bytes:
    """Only `fields` of each row; unknown names give nothing."""
    if not fields or not rows:
        return rows
    kept = [{name: row[name] for name in row if name in fields} for row in orjson.loads(b"[" + rows + b"]")]
    return orjson.dumps(kept)[1:-1]


def list_meta(query: ListQuery, total: int | None, more: bool, next_cursor: str | None) -> dict[str, Any]:
    """The meta of a list page, without its times."""
    by_page = query.cursor is None
    pagination = {
        "page": query.page if by_page else None,
        "limit": query.limit,
        "total_items": total,
        "total_pages": None if total is None else -(-total // query.limit),
        "has_next_page": more,
        "has_previous_page": query.page > 1 or not by_page,
        "next_cursor": next_cursor,
    }
    meta: dict[str, Any] = {"pagination": pagination}
    note(meta, query.ignored, query.capped)
    return meta


def note(meta: dict[str, Any], ignored: tuple[str, ...], capped: bool) -> None:
    """Say in `meta` what was not done as asked."""
    if ignored:
        meta["ignored"] = list(ignored)
    if capped:
        meta["limit_capped"] = True


def list_headers(resource: Resource, query: ListQuery, pagination: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Link (RFC 8288) and the total."""
    path = f"/api/v1/{resource.route}"
    rest = query.rest()
    links = [("first", f"page=1&{rest}")]
    if query.cursor is None and query.page > 1:
        links.append(("prev", f"page={query.page - 1}&{rest}"))
    if pagination["has_next_page"]:
        by_cursor = urlencode({"cursor": pagination["next_cursor"]})
        links.append(("next", f"{by_cursor if query.cursor else f'page={query.page + 1}'}&{rest}"))
    if query.cursor is None and pagination["total_pages"]:
        links.append(("last", f"page={pagination['total_pages']}&{rest}"))
    link = ", ".join(f'<{path}?{text}>; rel="{rel}"' for rel, text in links)
    total = pagination["total_items"]
    return (("Link", link), *((("X-Total-Count", str(total)),) if total is not None else ()))


def whole_text(text: bytes | None, warnings: int) -> bytes:
    """What an aggregate gave; PageTooLarge when the server had to cut it, which it says in a warning only."""
    if warnings:
        raise PageTooLarge
    return text or b""
