"""Tests of serve.telemetry.records."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from serve.telemetry import records
from serve.telemetry.records import GenerationRecord, Noted

ONE = GenerationRecord("m", "stop", 2.0, 0.31234567, 5, 7, num_cached_tokens=3, queue_s=0.1)


def test_what_is_noted_belongs_to_the_request_that_collects() -> None:
    """Two at a time do not see each other's, and tasks that a request starts are part of it."""

    async def request(model: str) -> list[str]:
        noted = records.collect()
        await asyncio.sleep(0)
        await asyncio.create_task(inner(model))
        return [each.model for each in noted.generations]

    async def inner(model: str) -> None:
        records.note(replace(ONE, model=model))

    async def story() -> None:
        assert list(await asyncio.gather(request("a"), request("b"))) == [["a"], ["b"]]

    asyncio.run(story())


def test_of_several_generations_the_sums_are_told() -> None:
    """And the names of the last one; times are rounded."""
    two = replace(ONE, model="n", outcome="length")
    assert records.fields(Noted([ONE, two], "conflict")) == {
        "error": "conflict",
        "model": "n",
        "outcome": "length",
        "num_prompt_tokens": 10,
        "num_cached_tokens": 6,
        "num_generated_tokens": 14,
        "queue_s": 0.1,
        "first_token_s": 0.3123,
    }


def test_what_did_not_come_to_be_is_not_told() -> None:
    """No generation: nothing of one. None of its tokens: no time of the first."""
    assert records.fields(Noted()) == {}
    told = records.fields(Noted([replace(ONE, first_token_s=None, queue_s=None)]))
    assert not {"first_token_s", "queue_s", "error"} & set(told)
