"""Tests of serve.cli.rm."""

from __future__ import annotations

import httpx2
import pytest

from serve.cli import rm
from serve.errors import SetupError
from tests.unit.serve.cli.talking import options, refused, talking


def test_each_model_is_removed(capsys: pytest.CaptureFixture[str]) -> None:
    """By its name."""
    server, told = talking({"DELETE /api/delete": httpx2.Response(200)})
    assert rm.run(options("rm", "a", "b"), server) == 0
    assert [body for _, _, body in told.requests] == [{"model": "a"}, {"model": "b"}]
    assert capsys.readouterr().out == "a is removed\nb is removed\n"


def test_one_that_can_t_be_does_not_keep_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told on stderr, and the end is 2."""

    def answer(body: dict[str, str]) -> httpx2.Response:
        return refused(409, "a is configured") if body["model"] == "a" else httpx2.Response(200)

    server, told = talking({"DELETE /api/delete": answer})
    assert rm.run(options("rm", "a", "b"), server) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("b is removed\n", "serve: a is configured\n")
    assert len(told.requests) == 2


def test_a_wrong_key_is_told_once() -> None:
    """It is wrong for all of them."""
    server, told = talking({"DELETE /api/delete": refused(401, "no")})
    with pytest.raises(SetupError, match="wants an API key"):
        rm.run(options("rm", "a", "b"), server)
    assert len(told.requests) == 1
