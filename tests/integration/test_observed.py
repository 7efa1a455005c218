"""A real server as those see it who watch it: spans at a collector, lines in the log, one id in all of them."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.helpers.collector import Span, attributes, collector
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine

CHAT = "/v1/chat/completions"
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
SECRET = "a sentence that nobody may read again"


def ask(server: RunningServer, number: int, **more: Any) -> httpx.Response:
    """A chat with an id of its own, in the caller's trace."""
    body = {"model": "tiny", "messages": [{"role": "user", "content": SECRET}], "max_tokens": 8}
    body |= {"ignore_eos": True} | more
    return httpx.post(server.url + CHAT, json=body, headers=PARENT | {"x-request-id": f"id-{number}"}, timeout=30)


def lines(server: RunningServer) -> list[dict[str, Any]]:
    """All that it and its workers wrote."""
    return [json.loads(line) for line in server.log.splitlines()]


def own(spans: list[Span]) -> list[Span]:
    """Those of chat requests, and no child."""
    return [span for span in spans if span["name"] == f"POST {CHAT}"]


def test_a_request_is_a_span_with_its_parts_in_the_callers_trace(own_folder: Path) -> None:
    """One answered whole, one as a stream, one refused: the ids of parents and children fit, and the log has them."""
    with collector() as watching:
        told = {"ENDPOINT": watching.url, "HEADERS": "api-key=a%20key", "COMPRESSION": ""}
        environ = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in told.items()}
        environ |= {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test"}
        with RunningServer(own_folder, [model_entry()], environ=environ) as server:
            server.wait_for("/health/ready", 200)
            statuses = [ask(server, 0), ask(server, 1, stream=True), ask(server, 2, model="nobody")]
            assert [answer.status_code for answer in statuses] == [200, 200, 404]
            spans = watching.wait_for(lambda spans: len(own(spans)) == 3)
        requests = {attributes(span)["slipway.request_id"]: span for span in own(spans)}
        assert {span["traceId"] for span in requests.values()} == {TRACE}
        assert {span["parentSpanId"] for span in requests.values()} == {CALLER}
        for number in (0, 1):
            told_of = attributes(requests[f"id-{number}"])
            assert told_of["gen_ai.request.model"] == "tiny"
            assert told_of["gen_ai.usage.output_tokens"] == 8
            assert told_of["gen_ai.usage.input_tokens"] > 8
            parent = requests[f"id-{number}"]["spanId"]
            parts = [span for span in spans if span.get("parentSpanId") == parent]
            assert [span["name"] for span in sorted(parts, key=lambda s: int(s["startTimeUnixNano"]))] == [
                *("queue", "prefill", "decode")
            ]
            assert {span["traceId"] for span in parts} == {TRACE}
        assert attributes(requests["id-2"])["http.response.status_code"] == 404
        assert watching.headers["api-key"] == "a key"
        assert watching.resources[0]["service.name"] == "slipway"
        assert watching.resources[0]["deployment.environment.name"] == "test"
        assert SECRET not in json.dumps(spans)
        requests_told = {line["request_id"]: line for line in lines(server) if line["message"] == "request"}
        assert {requests_told[f"id-{number}"]["trace_id"] for number in (0, 1, 2)} == {TRACE}


def test_a_collector_that_hangs_is_no_problem_of_requests(own_folder: Path) -> None:
    """They are answered, the log says it once, and the end of the server does not wait for it."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:  # takes connections and says nothing
        told = {"ENDPOINT": f"http://127.0.0.1:{hanging.getsockname()[1]}", "TIMEOUT": "0.1"}
        environ = {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in told.items()}
        with RunningServer(own_folder, [model_entry()], environ=environ | {"OTEL_BSP_SCHEDULE_DELAY": "20"}) as server:
            server.wait_for("/health/ready", 200)
            assert [ask(server, number).status_code for number in range(8)] == [200] * 8
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(15) == 0
    told_of = [line for line in lines(server) if line["message"] == "spans can't be sent to the collector"]
    assert len(told_of) <= 1


def test_the_log_is_json_and_says_no_word_of_what_was_asked(own_folder: Path) -> None:
    """Also of what goes wrong: a worker that dies, a grammar that nobody can read."""
    with RunningServer(own_folder, [model_entry()], log_level="debug") as server:
        server.wait_for("/health/ready", 200)
        assert ask(server, 0).headers["x-request-id"] == "id-0"
        assert ask(server, 1, grammar=SECRET).status_code == 400
        os.kill(server.worker_pids()[0], signal.SIGKILL)
        server.wait_for("/health/ready", 503)
        assert ask(server, 2).status_code == 503
    found = lines(server)  # when all is over: a line is written after its answer
    assert SECRET not in server.log
    assert all({"time", "level", "logger", "message"} <= set(line) for line in found)
    by_id = {line["request_id"]: line for line in found if line["message"] == "request" and "request_id" in line}
    assert [by_id[f"id-{number}"]["status"] for number in range(3)] == [200, 400, 503]
    assert by_id["id-0"]["num_generated_tokens"] == 8
    assert by_id["id-1"]["error"] == "invalid_grammar"
    assert by_id["id-2"]["error"] in ("model_not_ready", "worker_lost")
