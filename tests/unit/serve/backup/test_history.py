"""Tests of serve.backup.history: days of Prometheus as files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from serve.backup import history
from serve.errors import SetupError

NOW = datetime(2027, 1, 10, 3, tzinfo=UTC)
ROWS = [{"metric": {"model": "b"}, "values": [[1, "2"]]}, {"metric": {"model": "a"}, "values": [[1, "3"]]}]


def answering(asked: list[dict[str, str]]) -> Any:
    """A Prometheus that notes what it is asked."""

    def ask(url: str, query: dict[str, str]) -> Any:
        asked.append(query)
        return {"status": "success", "data": {"resultType": "matrix", "result": ROWS}}

    return ask


def test_each_day_that_is_missing_is_one_file(tmp_path: Path) -> None:
    """Whole days in UTC, not today; those that are known are not asked for."""
    asked: list[dict[str, str]] = []
    known = {"2027-01-03.json", "2027-01-05.json"}
    assert history.write_days(tmp_path, "http://p", "up", NOW, known, answering(asked)) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"2027-01-0{day}.json" for day in (4, 6, 7, 8, 9)]
    first = asked[0]
    assert (first["query"], first["step"]) == ("up", "300")
    start, end = (datetime.fromtimestamp(float(first[key]), UTC) for key in ("start", "end"))
    assert (start.isoformat(), end.isoformat()) == ("2027-01-04T00:00:00+00:00", "2027-01-04T23:55:00+00:00")


def test_a_days_file_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    """In the order of the series' labels: asked for again, it is no new chunk."""
    history.write_days(tmp_path, "http://p", "up", NOW, (), answering([]))
    content = json.loads((tmp_path / "2027-01-09.json").read_text())
    assert [each["metric"]["model"] for each in content["series"]] == ["a", "b"]
    assert content["day"] == "2027-01-09"


@pytest.mark.parametrize("answer", [{}, [], {"data": None}, {"data": {"result": [{}]}}])
def test_an_answer_that_is_no_series_is_one_line(tmp_path: Path, answer: Any) -> None:
    """Such as that of another service."""
    with pytest.raises(SetupError, match="http://p answered something else than series"):
        history.write_days(tmp_path, "http://p", "up", NOW, (), lambda url, query: answer)


@pytest.fixture
def prometheus() -> Iterator[HTTPServer]:
    """Answers a query with itself, `bad` with an error, `text` with none of its words."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["query"][0]
            body = query.encode() if query == "text" else json.dumps({"asked": query, "path": self.path}).encode()
            self.send_response(400 if query == "bad" else 200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_prometheus_is_asked_over_http(prometheus: HTTPServer) -> None:
    """And whatever it says that is no answer is one line."""
    url = f"http://127.0.0.1:{prometheus.server_port}"
    assert history.ask(url + "/", {"query": 'up{a="b"}'}) == {"asked": 'up{a="b"}', "path": "/api/v1/query_range"}
    with pytest.raises(SetupError, match=r"answered 400: .*bad"):
        history.ask(url, {"query": "bad"})
    with pytest.raises(SetupError, match="answered no JSON"):
        history.ask(url, {"query": "text"})
    with pytest.raises(SetupError, match="can't be asked"):
        history.ask("http://127.0.0.1:9", {"query": "up"})
