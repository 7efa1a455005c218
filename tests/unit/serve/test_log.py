"""Tests of serve.log."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from serve.log import JsonFormatter, request_id, trace_id

IMAGE = Path(__file__).parents[3] / "image"


def line(**fields: object) -> dict[str, object]:
    """A record as it is written."""
    record = logging.makeLogRecord({"name": "serve.x", "levelname": "INFO", "msg": "hi %s", "args": ("you",), **fields})
    written: dict[str, object] = json.loads(JsonFormatter().format(record))
    return written


def test_a_line_has_time_level_message_and_extras() -> None:
    """One JSON object; arguments are in the message."""
    found = line(model="m")
    assert (found["level"], found["logger"], found["message"], found["model"]) == ("info", "serve.x", "hi you", "m")
    assert str(found["time"]).endswith("+00:00")
    assert "request_id" not in found


def test_the_request_and_its_trace_are_added_where_there_are_any() -> None:
    """So that all lines of a request can be found."""
    tokens = request_id.set("abc"), trace_id.set("def")
    try:
        assert (line()["request_id"], line()["trace_id"]) == ("abc", "def")
    finally:
        request_id.reset(tokens[0])
        trace_id.reset(tokens[1])


def test_what_is_always_so_is_in_every_line() -> None:
    """The model of a worker."""
    written = JsonFormatter(model="m").format(logging.makeLogRecord({"msg": "x"}))
    assert json.loads(written)["model"] == "m"


@pytest.mark.parametrize(
    "code",
    [
        "raise ValueError('boom')",
        "import threading; t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
        "import warnings; warnings.warn('old')",
    ],
)
def test_what_python_itself_says_is_in_the_same_form(code: str) -> None:
    """Errors that nobody caught, in any thread, and warnings: whoever reads the log reads JSON."""
    setup = "from serve.log import set_up_logging; set_up_logging('info', model='m'); "
    argv = [sys.executable, "-c", setup + code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=IMAGE)
    (told,) = [json.loads(each) for each in done.stderr.splitlines()]
    assert told["level"] in ("critical", "warning")
    assert told["model"] == "m"


def test_an_exception_stays_one_line() -> None:
    """Log readers count lines."""
    try:
        raise ValueError("boom")
    except ValueError:
        record = logging.makeLogRecord({"msg": "x", "exc_info": sys.exc_info()})
    written = JsonFormatter().format(record)
    assert "\n" not in written
    assert "ValueError: boom" in json.loads(written)["exception"]
