"""Tests of serve.tracing.exporter and setup, with a collector that is a function."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from serve.telemetry.records import Noted
from serve.tracing import exporter
from serve.tracing.endpoint import PREFIX
from serve.tracing.exporter import JsonExporter, poster
from serve.tracing.setup import make_tracer
from tests.helpers.collector import collector

SCOPE: dict[str, Any] = {
    "type": "http", "method": "GET", "path": "/v1/models", "scheme": "http", "http_version": "1.1", "headers": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for."""
    monkeypatch.setattr(exporter, "PAUSES_S", (0.0, 0.0))


def answering(*answers: int | Exception) -> tuple[Callable[[bytes], int], list[Mapping[str, Any]]]:
    """A collector that gives these answers, and what it got."""
    left, got = list(answers), []

    def post(body: bytes) -> int:
        got.append(json.loads(body))
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return post, got


def one_span() -> list[Any]:
    """Ended."""
    span = TracerProvider(shutdown_on_exit=False).get_tracer("x").start_span("a span")
    span.end()
    return [span]


def test_spans_are_json_as_the_protocol_has_it() -> None:
    """Ids in hexadecimal digits, times as texts of nanoseconds."""
    post, got = answering(200)
    assert JsonExporter(post).export(one_span()) is SpanExportResult.SUCCESS
    (span,) = got[0]["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert span["name"] == "a span"
    assert (len(span["traceId"]), len(span["spanId"])) == (32, 16)
    assert int(span["traceId"], 16)
    assert span["startTimeUnixNano"].isdigit()


@pytest.mark.parametrize(
    ("answers", "num_tries", "result"),
    [
        ((503, 200), 2, SpanExportResult.SUCCESS),
        ((httpx2.ConnectError("refused"), OSError("gone"), 200), 3, SpanExportResult.SUCCESS),
        ((429, 503, 502, 200), 3, SpanExportResult.FAILURE),
        ((400, 200), 1, SpanExportResult.FAILURE),
    ],
)
def test_what_may_pass_is_tried_again_a_few_times(
    answers: tuple[int | Exception, ...], num_tries: int, result: SpanExportResult
) -> None:
    """A collector that says that it never wants them is believed."""
    post, got = answering(*answers)
    assert JsonExporter(post).export(one_span()) is result
    assert len(got) == num_tries


def test_a_collector_that_is_gone_is_told_once_and_so_is_its_return(caplog: pytest.LogCaptureFixture) -> None:
    """Not for every batch."""
    post, _ = answering(400, 400, 200, 400)
    sender = JsonExporter(post)
    with caplog.at_level(logging.INFO, logger="serve.tracing.exporter"):
        for _ in range(4):
            sender.export(one_span())
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]


def test_at_the_end_nothing_is_tried_again() -> None:
    """The server does not wait for who is not there."""
    post, got = answering(503, 503)
    sender = JsonExporter(post)
    sender.shutdown()
    sender.export(one_span())
    assert len(got) == 1


def test_the_end_sends_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the service's name, which is ours where nobody gave one."""
    for name, value, service in (("", "", "slipway"), ("OTEL_SERVICE_NAME", "mine", "mine")):
        if name:
            monkeypatch.setenv(name, value)
        post, got = answering(200)
        tracer = make_tracer("http://unused", {}, post)
        tracer.begin(SCOPE).end(200, Noted())
        tracer.close()
        (resource,) = got[0]["resourceSpans"]
        assert {"key": "service.name", "value": {"stringValue": service}} in resource["resource"]["attributes"]


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_it_is_posted_as_the_variables_say(compression: str) -> None:
    """Headers, which may be escaped, and compression; those of traces win."""
    environ = {"HEADERS": "api-key=all", "TRACES_HEADERS": "api-key=a%20b,other=c", "COMPRESSION": compression}
    with collector() as watching:
        post = poster(f"{watching.url}/v1/traces", {f"{PREFIX}{name}": value for name, value in environ.items()})
        assert JsonExporter(post).export(one_span()) is SpanExportResult.SUCCESS
        assert [span["name"] for span in watching.spans] == ["a span"]
        assert (watching.headers["api-key"], watching.headers["other"]) == ("a b", "c")
        assert watching.headers.get("content-encoding", "") == compression


def test_a_certificate_that_is_not_there_is_told_at_the_start() -> None:
    """And not at the first span."""
    with pytest.raises(FileNotFoundError):
        poster("https://collector", {f"{PREFIX}CERTIFICATE": "/not/there.pem"})
