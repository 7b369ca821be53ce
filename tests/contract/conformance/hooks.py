"""What schemathesis cannot guess from the description: values of the formats that are Herdbook's own."""

from typing import Any
from urllib.parse import urlencode

import schemathesis
from hypothesis import strategies as st

# Any cursor but one that a page gave is refused, as it must be: none is given.
schemathesis.openapi.format("cursor", st.just(""))
schemathesis.openapi.format("password", st.text("abcXYZ123-+", min_size=8, max_size=60).map("aA1-".__add__))
# aiohttp takes request lines up to 8190 bytes.
LONGEST_QUERY = 6000
# Suffixes that ask what the name alone asks too: both at once are refused as given twice.
CLASHING = ("__in", "__gte", "__lt")


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Whether the server's parser takes a line so long."""
    return len(urlencode(case.query or {}, doseq=True)) <= LONGEST_QUERY


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """A valid question asks nothing twice, and no delta as CSV, which a schema of single parameters cannot say.

    What waits for changes is given little time: there are none.
    """
    if isinstance((case.query or {}).get("wait"), int):
        case.query["wait"] = min(case.query["wait"], 1)
    if case.meta is None or case.meta.generation.mode.is_positive:
        if "since" in (case.query or {}):
            case.query.pop("export", None)
        for name in list(case.query or {}):
            column, suffix = name[: name.find("__")], name[name.find("__") :]
            if suffix in CLASHING and column in case.query:
                del case.query[name]
    return case


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Leave out how long an upload may be: making ten thousand rows takes all the time there is."""
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["schema"].pop("maxItems", None)
