"""A server that says what a test wants: answers by method and path, requests kept for the test."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from serve.cli.arguments import parser
from serve.cli.client import Server, connect

Answer = httpx2.Response | Callable[[Any], httpx2.Response]
URL = "http://server:8000"


@dataclass
class Told:
    """What the server was asked: method, path, body."""

    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


def talking(answers: Mapping[str, Answer], key: str = "") -> tuple[Server, Told]:
    """`answers`: "GET /path" -> what comes back."""
    told = Told()

    def handle(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content) if request.content else None
        told.requests.append((request.method, request.url.path, body))
        told.headers.append(request.headers)
        answer = answers[f"{request.method} {request.url.path}"]
        return answer(body) if callable(answer) else answer

    return Server(connect(URL, key, httpx2.MockTransport(handle))), told


def options(*arguments: str) -> argparse.Namespace:
    """As the command line is read."""
    return parser({}).parse_args(list(arguments))


def ok(body: object) -> httpx2.Response:
    """JSON."""
    return httpx2.Response(200, json=body)


def refused(status: int, message: str, headers: Mapping[str, str] | None = None) -> httpx2.Response:
    """An error in OpenAI's shape."""
    return httpx2.Response(status, json={"error": {"message": message}}, headers=headers)


def events(*chunks: object, done: bool = True) -> httpx2.Response:
    """A stream of them."""
    text = "".join(f"data: {json.dumps(each)}\n\n" for each in chunks) + ("data: [DONE]\n\n" if done else "")
    return httpx2.Response(200, text=text, headers={"content-type": "text/event-stream"})


def lines(*values: object) -> httpx2.Response:
    """One JSON object a line."""
    return httpx2.Response(200, text="".join(json.dumps(each) + "\n" for each in values))


def delta(**said: str) -> dict[str, Any]:
    """A chunk of a chat."""
    return {"choices": [{"delta": said}]}


USAGE = {
    "choices": [],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    "timings": {"predicted_per_second": 50.0},
}
ONE_MODEL = ok({"data": [{"id": "tiny", "state": "serving"}]})


def model(**changes: Any) -> dict[str, Any]:
    """One of /ui/state."""
    return {
        "id": "tiny",
        "aliases": [],
        "state": "serving",
        "reason": "",
        "load_share": 1.0,
        "size_bytes": 1_200_000_000,
        "memory_bytes": 1_500_000_000,
        "is_pinned": False,
        "unload_at": None,
        "context_tokens": 4096,
        "num_slots": 4,
        "num_running": 1,
        "num_waiting": 0,
    } | changes


def pull(**changes: Any) -> dict[str, Any]:
    """One of /ui/state."""
    return {
        "id": "p1",
        "repo": "o/r",
        "file": "m.gguf",
        "state": "downloading",
        "done_bytes": 250,
        "total_bytes": 1000,
        "message": "",
    } | changes
