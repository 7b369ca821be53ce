"""The reference of the HTTP interface as a page, from the description that the service itself gives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from service.http.openapi.document import document
from service.resources import all_resources
from service.routes import BASE

METHODS = ("get", "post", "put", "patch", "delete")
INTRODUCTION = """# HTTP reference
Made from the OpenAPI document that a running service gives at `/openapi.json`; at `/docs` each operation can be tried.
HEAD is answered wherever GET is.
"""


def write_reference(page: Path) -> None:
    """Write the reference as Markdown to `page`."""
    described: dict[str, Any] = orjson.loads(orjson.dumps(document(all_resources(), BASE)))
    page.write_text(INTRODUCTION + "\n".join(_lines(described)) + "\n")


def _lines(described: dict[str, Any]) -> Iterator[str]:
    for tag in described["tags"]:
        yield f"\n## {tag['name']}"
        for path, item in described["paths"].items():
            for method in METHODS:
                operation = item.get(method)
                if operation and tag["name"] in operation["tags"]:
                    shared = [*item.get("parameters", ()), *operation.get("parameters", ())]
                    yield from _operation(method, path, operation, [_resolved(described, one) for one in shared])


def _operation(method: str, path: str, operation: dict[str, Any], parameters: list[dict[str, Any]]) -> Iterator[str]:
    yield f"\n### {method.upper()} {path}"
    yield operation["summary"] + "."
    yield f"\nAnswers: {', '.join(operation['responses'])}.\n"
    yield from (f"- `{one['name']}` ({one['in']}): {one.get('description', 'required')}" for one in parameters)


def _resolved(described: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in one:
        return one
    found: Any = described
    for name in one["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    resolved: dict[str, Any] = found
    return resolved
