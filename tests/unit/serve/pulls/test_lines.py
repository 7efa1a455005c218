"""Tests of serve.pulls.lines."""

from __future__ import annotations

import pytest

from serve.errors import ForbiddenError, GenerationError, HubError, RateLimitError, RequestError
from serve.pulls import lines
from serve.pulls.lines import Report
from serve.pulls.types import PullState


def test_a_report_comes_back_as_it_was() -> None:
    """One line each, whatever is in it."""
    report = Report(PullState.DOWNLOADING, 1, 2, ("a.gguf",), "ein\nä")
    line = lines.encode(report)
    assert line.count(b"\n") == 1
    assert lines.decode(line) == report


@pytest.mark.parametrize("error", [HubError("a"), ForbiddenError("b"), RateLimitError("c", retry_after_s=7)])
def test_an_error_keeps_kind_words_and_time(error: RequestError) -> None:
    """So that it has its own status at the other end."""
    told = lines.decode(lines.encode(lines.failed(error))).failure()
    assert (type(told), str(told), told.retry_after_s) == (type(error), str(error), error.retry_after_s)


def test_an_error_of_another_kind_is_what_it_is_one_of() -> None:
    """The server never makes an error of what it does not know."""
    assert type(lines.failed(GenerationError("x")).failure()) is RequestError
    assert type(Report(PullState.FAILED, error="SystemExit", message="x").failure()) is RequestError


@pytest.mark.parametrize("line", [b"", b"hello", b"[]", b'{"state": "dancing"}', b'{"state": 1}'])
def test_what_is_no_report_is_an_error(line: bytes) -> None:
    """Of one kind."""
    with pytest.raises(ValueError):
        lines.decode(line)
