"""Tests of serve.security.new_key."""

from __future__ import annotations

import argparse

import pytest

from serve.__main__ import main
from serve.errors import SetupError
from serve.security.keys import digest_of, parse_keys
from serve.security.new_key import add_parser, run


def make(*arguments: str) -> tuple[str, str]:
    """The key and its line."""
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    key, line = run(parser.parse_args(["key", *arguments])).splitlines()
    return key, line


def test_the_line_lets_the_key_in() -> None:
    """With all that was said of it."""
    key, line = make("--name", "letters", "--rate-per-min", "60", "--concurrency", "2", "--priority", "-1")
    assert key.startswith("sk-")
    (found,) = parse_keys(line, is_admin=False)
    assert found.digest == digest_of(key.encode())
    assert (found.name, found.rate_per_min, found.concurrency, found.priority) == ("letters", 60, 2, -1)
    assert key not in line


def test_every_key_is_another_one() -> None:
    """Of 256 bits."""
    keys = {make()[0] for _ in range(50)}
    assert len(keys) == 50
    assert all(len(key) >= 43 for key in keys)


def test_the_command_prints_both_lines_and_logs_none(capsys: pytest.CaptureFixture[str]) -> None:
    """So that a script can take them apart."""
    assert main(["key", "--name", "letters"]) == 0
    told = capsys.readouterr()
    key, line = told.out.splitlines()
    assert parse_keys(line, is_admin=False)[0].digest == digest_of(key.encode())
    assert told.err == ""
    assert main(["key", "--rate-per-min", "0"]) == 2
    refused = "serve: rate_per_min is out of range: a whole number from 1 to 1000000 is allowed\n"
    assert capsys.readouterr() == ("", refused)


def test_what_the_server_would_refuse_is_refused_here() -> None:
    """Before somebody puts it into a Secret."""
    with pytest.raises(SetupError, match="concurrency is out of range: a whole number from 1"):
        make("--concurrency", "0")
