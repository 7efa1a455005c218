"""Tests of bench.server.recovery."""

from __future__ import annotations

import json

from bench.server.recovery import load_time


def line(time: str, message: str) -> str:
    """As the server writes it."""
    return json.dumps({"time": f"2026-01-01T00:00:{time}+00:00", "message": message})


def test_loading_takes_as_long_as_the_log_says() -> None:
    """The first time; what is not the log's own is passed over."""
    log = "\n".join(
        [
            "llama.cpp says something",
            line("01.000", "listening"),
            line("01.500", "model bench is loading"),
            line("03.750", "model bench is serving"),
            line("09.000", "model bench is loading"),
            line("09.100", "model bench is serving"),
        ]
    )
    assert load_time(log) == 2.25
