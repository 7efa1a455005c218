"""Tests of serve.telemetry.traces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.telemetry.traces import NoTracer, trace_id_of

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (f"00-{TRACE}-{SPAN}-01", TRACE),
        (f" 00-{TRACE}-{SPAN}-00 ", TRACE),
        (f"01-{TRACE}-{SPAN}-01-what-comes-later", TRACE),
        (f"00-{TRACE}-{SPAN}-01-more", ""),
        (f"ff-{TRACE}-{SPAN}-01", ""),
        (f"00-{TRACE.upper()}-{SPAN}-01", ""),
        (f"00-{'0' * 32}-{SPAN}-01", ""),
        (f"00-{TRACE}-{'0' * 16}-01", ""),
        (f"00-{TRACE}-{SPAN}", ""),
        ("", ""),
    ],
)
def test_a_trace_is_what_the_header_names(header: str, trace: str) -> None:
    """By W3C's rules: wrong ones are as if there were none."""
    assert trace_id_of(header) == trace


@given(st.text())
def test_no_header_is_a_problem(header: str) -> None:
    """It comes from outside: only 32 digits get into the log."""
    assert len(trace_id_of(header)) in (0, 32)


def test_without_a_collector_the_callers_trace_is_still_known() -> None:
    """Where its other parts are looked for, this one's log lines are found, too."""
    headers = [(b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())]
    assert NoTracer().begin({"type": "http", "headers": headers}).trace_id == TRACE
    assert NoTracer().begin({"type": "http", "headers": []}).trace_id == ""
