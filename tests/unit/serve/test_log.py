"""Tests of serve.log."""

from __future__ import annotations

import json
import logging
import sys

from serve.log import JsonFormatter, request_id


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


def test_the_request_id_is_added_where_there_is_one() -> None:
    """So that all lines of a request can be found."""
    token = request_id.set("abc")
    try:
        assert line()["request_id"] == "abc"
    finally:
        request_id.reset(token)


def test_an_exception_stays_one_line() -> None:
    """Log readers count lines."""
    try:
        raise ValueError("boom")
    except ValueError:
        record = logging.makeLogRecord({"msg": "x", "exc_info": sys.exc_info()})
    written = JsonFormatter().format(record)
    assert "\n" not in written
    assert "ValueError: boom" in json.loads(written)["exception"]
