"""What a serving process asks of its machine, tried on this one."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket

import pytest

from serve.errors import SetupError
from serve.host import Signals, let_open, listen


def test_a_port_that_is_taken_is_told_with_its_setting() -> None:
    """Not with a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SetupError, match=f"SLIPWAY_PORT is {port}: 127.0.0.1 can't be listened on there"):
            listen("127.0.0.1", port, "PORT")


def test_what_is_listened_on_takes_connections() -> None:
    """At once, before anybody accepts them."""
    with listen("127.0.0.1", 0, "PORT") as sock, socket.create_connection(sock.getsockname(), timeout=5) as client:
        assert client.getpeername() == sock.getsockname()


@pytest.mark.parametrize(("number", "is_person"), [(signal.SIGTERM, False), (signal.SIGINT, True)])
def test_the_first_signal_stops_and_the_second_hurries(number: signal.Signals, is_person: bool) -> None:
    """Ctrl-C is a person's."""

    async def told() -> None:
        signals = Signals()
        signals.on(number)
        assert (signals.stop.is_set(), signals.hurry.is_set(), signals.is_person) == (True, False, is_person)
        signals.on(signal.SIGTERM)
        assert (signals.hurry.is_set(), signals.is_person) == (True, is_person)

    asyncio.run(told())


def test_more_files_are_asked_for_only_where_fewer_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more than the machine gives, and never fewer than there are."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 1000))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    for num_files in (50, 500, 5000):
        let_open(num_files)
    assert asked == [(500, 1000), (1000, 1000)]
