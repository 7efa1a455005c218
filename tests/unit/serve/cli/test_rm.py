"""Tests of serve.cli.rm."""

from __future__ import annotations

import pytest

from serve.cli import rm
from serve.errors import SetupError
from tests.unit.serve.cli.talking import ok, options, refused, talking


def test_each_model_is_removed(capsys: pytest.CaptureFixture[str]) -> None:
    """By its name, which may have slashes in it."""
    server, told = talking({"DELETE /v1/models/a": ok({}), "DELETE /v1/models/hf.co/o/b:latest": ok({})})
    assert rm.run(options("rm", "a", "hf.co/o/b:latest"), server) == 0
    assert len(told.requests) == 2
    assert capsys.readouterr().out == "a is removed\nhf.co/o/b:latest is removed\n"


def test_one_that_can_t_be_does_not_keep_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told on stderr, and the end is 2."""
    server, told = talking({"DELETE /v1/models/a": refused(409, "a is configured"), "DELETE /v1/models/b": ok({})})
    assert rm.run(options("rm", "a", "b"), server) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("b is removed\n", "serve: a is configured\n")
    assert len(told.requests) == 2


def test_a_wrong_key_is_told_once() -> None:
    """It is wrong for all of them."""
    server, told = talking({"DELETE /v1/models/a": refused(401, "no")})
    with pytest.raises(SetupError, match="wants an API key"):
        rm.run(options("rm", "a", "b"), server)
    assert len(told.requests) == 1
