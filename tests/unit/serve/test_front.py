"""Tests of serve.front."""

from __future__ import annotations

import logging

import pytest

from serve.front import _tracer
from serve.traces import NoTracer

COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


def test_spans_are_made_where_a_collector_is_named() -> None:
    """And nowhere else."""
    assert isinstance(_tracer({}), NoTracer)
    tracer = _tracer(COLLECTOR)
    assert not isinstance(tracer, NoTracer)
    tracer.close()


@pytest.mark.parametrize(("name", "value"), [("CERTIFICATE", "/not/there.pem"), ("TIMEOUT", "soon")])
def test_a_variable_of_traces_that_is_wrong_is_no_reason_not_to_serve(
    name: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log tells it."""
    with caplog.at_level(logging.WARNING, logger="serve.front"):
        assert isinstance(_tracer(COLLECTOR | {f"OTEL_EXPORTER_OTLP_{name}": value}), NoTracer)
    assert "no traces" in caplog.text
