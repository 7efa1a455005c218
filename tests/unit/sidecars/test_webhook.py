"""Tests of health_monitor.webhook and of what is told: health_monitor.change."""

from __future__ import annotations

import asyncio
import json
import logging

import httpx
import pytest

from health_monitor.change import Change
from health_monitor.state import State
from health_monitor.webhook import MOST_WAITING, NUM_TRIES, Target, Webhook
from tests.unit.sidecars.support import REFUSED, FakeClock, Receiver, service

TARGET = Target("https://hooks.example.com/very-secret", "token-secret")
DOWN = Change(service(url="http://u:p@chat/health?k=v"), State.UP, State.DOWN, 1_700_000_000.0, 60.0, REFUSED)
UP = Change(service(), State.DOWN, State.UP, 1_700_000_070.0, 70.4)


def send(statuses: list[int], target: Target = TARGET) -> tuple[Receiver, list[str], FakeClock]:
    """One message; what came, what was counted, how long was waited."""
    receiver, clock = Receiver(statuses), FakeClock()
    counted: list[str] = []

    async def run() -> None:
        async with receiver.client() as client:
            await Webhook(target, client, clock, lambda: 0.5, counted.append).send(DOWN)

    asyncio.run(run())
    return receiver, counted, clock


def test_a_change_is_one_message_in_json() -> None:
    """What it is about, from what to what, when, why, and a sentence for people; nothing secret of the address."""
    receiver, counted, _ = send([200])
    assert receiver.bodies() == [
        {
            "service": "chat",
            "url": "http://chat/health",
            "from": "up",
            "to": "down",
            "at": "2023-11-14T22:13:20.000+00:00",
            "lasted_s": 60.0,
            "reason": "connection",
            "text": "chat is down: connection refused",
        }
    ]
    assert counted == ["sent"]
    assert receiver.requests[0].headers["authorization"] == "Bearer token-secret"


def test_that_it_is_up_again_says_after_how_long() -> None:
    """And has no reason."""
    assert (UP.as_json()["text"], UP.as_json()["reason"]) == ("chat is up again after 70 s", None)


def test_without_a_token_there_is_no_header() -> None:
    """An empty one would be refused."""
    receiver, _, _ = send([200], Target("https://hooks.example.com/x"))
    assert "authorization" not in receiver.requests[0].headers


def test_what_may_go_well_later_is_tried_again_after_longer_and_longer_pauses() -> None:
    """No connection, too many, an error of the server; then it is sent once."""
    receiver, counted, clock = send([0, 429, 503, 204])
    assert len(receiver.requests) == 4
    assert clock.slept == [1.0, 2.0, 4.0]
    assert counted == ["sent"]


def test_it_is_given_up_after_its_tries() -> None:
    """A webhook that is gone holds up nobody for ever."""
    receiver, counted, _ = send([500])
    assert len(receiver.requests) == NUM_TRIES
    assert counted == ["failed"]


@pytest.mark.parametrize("status", [301, 400, 401, 404])
def test_what_would_be_refused_again_is_not_tried_again(status: int) -> None:
    """A wrong address stays wrong."""
    receiver, counted, _ = send([status])
    assert len(receiver.requests) == 1
    assert counted == ["failed"]


def test_neither_address_nor_token_is_in_any_log(caplog: pytest.LogCaptureFixture) -> None:
    """Also where the error's own text has the address."""
    with caplog.at_level(logging.DEBUG, logger="health_monitor"):
        send([0])
    assert [vars(record)["reason"] for record in caplog.records] == ["ConnectError"] * NUM_TRIES
    assert "secret" not in json.dumps([vars(record) for record in caplog.records], default=str)


def test_with_a_full_queue_the_oldest_goes_and_is_counted() -> None:
    """What is so now matters more; the rest comes in its order."""
    receiver = Receiver([200])
    counted: list[str] = []

    async def run() -> None:
        async with receiver.client() as client:
            hook = Webhook(TARGET, client, FakeClock(), lambda: 0.5, counted.append)
            for number in range(MOST_WAITING + 1):
                hook.tell(Change(service(f"s{number}"), State.UP, State.DOWN, 0.0, 1.0, REFUSED))
            task = asyncio.create_task(hook.run())
            while len(receiver.requests) < MOST_WAITING:
                await asyncio.sleep(0)
            task.cancel()

    asyncio.run(run())
    assert [body["service"] for body in receiver.bodies()] == [f"s{number}" for number in range(1, MOST_WAITING + 1)]
    assert counted.count("dropped") == 1


def test_an_error_of_the_client_has_the_address_that_must_not_be_logged() -> None:
    """Why the tries are not left to a library that logs what it caught."""
    receiver = Receiver([0])

    async def run() -> None:
        async with receiver.client() as client:
            await client.post(TARGET.url)

    with pytest.raises(httpx.ConnectError, match="very-secret"):
        asyncio.run(run())
