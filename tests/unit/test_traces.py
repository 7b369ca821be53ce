"""The trace of a request: the caller's where it sent a good one (W3C Trace Context), else one of its own."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from service.http.traces import trace_of

ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "given", [f"00-{ID}-{SPAN}-01", f"00-{ID}-{SPAN}-00", f"cc-{ID}-{SPAN}-01", f"cc-{ID}-{SPAN}-01-what-may-follow"]
)
def test_a_good_one_is_taken_up(given: str) -> None:
    trace = trace_of(make_mocked_request("GET", "/", headers=CIMultiDict(TraceParent=given)))
    assert trace.is_callers
    assert trace.trace_id == ID
    assert trace.span_id != SPAN
    assert str(trace) == f"00-{ID}-{trace.span_id}-{given.split('-')[3]}"


@pytest.mark.parametrize(
    "given",
    [
        "",
        f"ff-{ID}-{SPAN}-01",
        f"00-{ID}-{SPAN}-01-more",
        f"00-{ID.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{ID}-{'0' * 16}-01",
        f"00-{ID[:-1]}-{SPAN}-01",
        f"00-{ID}-{SPAN}-1",
        f"00-{ID}-{SPAN}",
        f"cc-{ID}-{SPAN}-01-" + "x" * 1000,
    ],
)
def test_another_is_not(given: str) -> None:
    trace = trace_of(make_mocked_request("GET", "/", headers=CIMultiDict(traceparent=given)))
    assert not trace.is_callers
    assert trace.trace_id not in (ID, "0" * 32)
    assert len(trace.trace_id) == 32


def test_two_are_none() -> None:
    headers = CIMultiDict([("traceparent", f"00-{ID}-{SPAN}-01")] * 2)
    assert not trace_of(make_mocked_request("GET", "/", headers=headers)).is_callers


def test_a_request_keeps_its_trace() -> None:
    request = make_mocked_request("GET", "/")
    assert trace_of(request) is trace_of(request)
