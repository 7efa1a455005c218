"""Tests of serve.tracing.endpoint."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from serve.tracing.endpoint import PREFIX, traces_endpoint, variable

IMAGE = Path(__file__).parents[4] / "image"
BASE = "http://collector:4318"


@pytest.mark.parametrize(
    ("variables", "endpoint"),
    [
        ({}, None),
        ({"ENDPOINT": BASE}, f"{BASE}/v1/traces"),
        ({"ENDPOINT": f"{BASE}/"}, f"{BASE}/v1/traces"),
        ({"ENDPOINT": BASE, "PROTOCOL": "http/protobuf"}, f"{BASE}/v1/traces"),
        ({"TRACES_ENDPOINT": "https://other/spans"}, "https://other/spans"),
        ({"ENDPOINT": BASE, "TRACES_ENDPOINT": "https://other/spans"}, "https://other/spans"),
        ({"ENDPOINT": BASE, "PROTOCOL": "grpc", "TRACES_PROTOCOL": "http/json"}, f"{BASE}/v1/traces"),
    ],
)
def test_the_endpoint_is_the_one_of_traces_or_made_of_that_of_all(
    variables: dict[str, str], endpoint: str | None
) -> None:
    """As OpenTelemetry has it: only the common one gets a path."""
    assert traces_endpoint({f"{PREFIX}{name}": value for name, value in variables.items()}) == endpoint


@pytest.mark.parametrize(
    ("name", "value"), [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"), ("OTEL_SDK_DISABLED", "True")]
)
def test_who_wants_no_traces_gets_none(name: str, value: str) -> None:
    """Though a collector is named for all pods."""
    assert traces_endpoint({f"{PREFIX}ENDPOINT": BASE, name: value}) is None


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ENDPOINT": BASE, "PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc': http/json"),
        ({"ENDPOINT": "collector:4317"}, "OTEL_EXPORTER_OTLP_ENDPOINT is 'collector:4317': http://"),
    ],
)
def test_a_wrong_variable_is_told_and_no_reason_not_to_serve(
    variables: dict[str, str], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With what is allowed."""
    with caplog.at_level(logging.WARNING):
        assert traces_endpoint({f"{PREFIX}{name}": value for name, value in variables.items()}) is None
    assert words in caplog.text


def test_a_variable_of_traces_wins() -> None:
    """Over the one of all signals; an empty one is none."""
    environ = {f"{PREFIX}TIMEOUT": "1", f"{PREFIX}TRACES_TIMEOUT": "2", f"{PREFIX}TRACES_HEADERS": ""}
    environ |= {f"{PREFIX}HEADERS": "a=b"}
    assert (variable(environ, "TIMEOUT"), variable(environ, "HEADERS"), variable(environ, "COMPRESSION")) == (
        *("2", "a=b"),
        "",
    )


def test_without_a_collector_the_sdk_is_not_imported() -> None:
    """Nor what sends: a fifth of all that an idle server takes."""
    code = "import serve.http.front, sys; print([m for m in sys.modules if m.startswith(('opentelemetry', 'httpx2'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=IMAGE)
    assert done.stdout.strip() == "[]"
