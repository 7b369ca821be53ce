"""A body nests so deep and no deeper."""

from typing import Any

import pytest

from service.http.bodies import DEEPEST, _deeper


def nested(levels: int, *, arrays: bool) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value] if arrays else {"a": value, "b": 2}
    return value


@pytest.mark.parametrize("arrays", [True, False])
def test_the_depth_is_counted_exactly(arrays: bool) -> None:
    for levels in (0, 1, 2, DEEPEST - 1, DEEPEST):
        assert not _deeper(nested(levels, arrays=arrays), DEEPEST)
        assert not _deeper([1, "x", nested(levels - 1, arrays=arrays) if levels else 3], DEEPEST)
    assert _deeper(nested(DEEPEST + 1, arrays=arrays), DEEPEST)
    assert _deeper({"x": 1, "deep": nested(DEEPEST, arrays=arrays)}, DEEPEST)
    assert _deeper(nested(900, arrays=arrays), DEEPEST)
