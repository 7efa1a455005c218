"""How programs of tests come to their ports."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

from tests.integration.plugins.programs import PortTaken, free_ports, on_free_ports, process, wait


def test_a_port_that_is_taken_meanwhile_is_no_failure() -> None:
    """What had begun by then ends first; what is begun anew lasts as long as the block."""
    told: list[str] = []

    def start(stack: contextlib.ExitStack) -> int:
        number = len(told)
        stack.callback(told.append, f"end of {number}")
        if not told:
            raise PortTaken("address already in use")
        return number

    with contextlib.ExitStack() as stack:
        assert on_free_ports(stack, start) == 1
        assert told == ["end of 0"]
    assert told == ["end of 0", "end of 1"]


def test_one_that_is_always_taken_is_told() -> None:
    """By what the program says itself."""

    def start(_stack: contextlib.ExitStack) -> None:
        raise PortTaken("bind: address already in use")

    with contextlib.ExitStack() as stack, pytest.raises(PortTaken, match="bind"):
        on_free_ports(stack, start)


def test_a_program_whose_port_is_taken_is_not_waited_for(tmp_path: Path) -> None:
    """Its log says why it has ended."""
    says = "import sys; sys.exit('listen tcp 127.0.0.1:1: bind: address already in use')"
    with process(tmp_path, "server", [sys.executable, "-c", says]), pytest.raises(PortTaken, match="already in use"):
        wait(lambda: False, tmp_path / "server.log")


def test_free_ports_are_distinct() -> None:
    """However many are asked for at once."""
    assert len(set(free_ports(20))) == 20
