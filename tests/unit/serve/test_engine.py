"""Tests of serve.engine.engine, on a backend that remembers everything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve.engine.engine import Engine
from serve.engine.errors import LoadError
from serve.engine.types import (
    Accepted,
    Adapter,
    AdapterFile,
    Delta,
    Event,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
    Request,
    Sampling,
)
from tests.helpers.fake_backend import END, MUTE, POISON, FakeBackend, Kind, answer_alone, next_token
from tests.helpers.small_engine import LIMITS, ROOM, ends, make, request, run, texts

KINDS: tuple[Kind, ...] = ("full", "window", "exact")


class Wish(NamedTuple):
    """A request of the property test, and how many steps pass before the next one comes."""

    num_shared: int
    num_own: int
    max_tokens: int
    num_steps: int
    num_choices: int
    cancelled_after: int | None
    priority: int
    num_drafts: int


WISHES = st.lists(
    st.builds(
        Wish,
        num_shared=st.sampled_from([0, 5, 16, 17, 24, 33]),
        num_own=st.integers(1, 12),
        max_tokens=st.integers(1, 12),
        num_steps=st.integers(0, 6),
        num_choices=st.sampled_from([1, 1, 1, 2, 3]),
        cancelled_after=st.one_of(st.none(), st.none(), st.integers(0, 8)),
        priority=st.integers(0, 1),
        num_drafts=st.sampled_from([0, 0, 3]),
    ),
    min_size=1,
    max_size=14,
)


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(KINDS),
    WISHES,
    st.sampled_from([ROOM, 100, 3 * ROOM]),
    st.booleans(),
    st.sampled_from([0, 3, 6]),
    st.sampled_from([2, 26]),
)
def test_together_everyone_gets_the_answer_it_gets_alone(
    kind: Kind, wishes: list[Wish], kv_tokens: int, same_tails: bool, copies: int, num_letters: int
) -> None:
    """Whoever comes when, shares what, guesses or is cancelled: each choice says what it says alone, and ends once.

    On every kind of memory, shared or copied (then with so many ids). The fake one asserts that nothing is looked at
    that is not there.
    """
    limits = replace(LIMITS, kv_tokens=kv_tokens, mixed_tokens=6)
    engine, backend = make(kind, limits, max_outputs=6, copies=copies > 0, num_ids=copies or 6, num_letters=num_letters)
    events: list[Event] = []
    requests = []
    for number, wish in enumerate(wishes):
        tail = tuple(50 + (0 if same_tails else number) + i for i in range(wish.num_own))
        requests.append(
            Request(
                number,
                (*range(wish.num_shared), *tail),
                wish.max_tokens,
                Sampling(seed=number % 3),
                num_choices=wish.num_choices,
                priority=wish.priority,
                num_draft_tokens=wish.num_drafts,
            )
        )
    cancelled = set()
    for each, wish in zip(requests, wishes, strict=True):
        events.append(engine.submit(each))
        for step in range(wish.num_steps):
            if wish.cancelled_after == step:
                engine.cancel(each.id)
                cancelled.add(each.id)
            events += engine.step()
            assert engine.stats().kv_tokens_reserved <= kv_tokens
    events += run(engine)
    said = {(e.id, e.choice): "" for e in events if isinstance(e, Finished)}
    for event in events:
        if isinstance(event, Delta):
            said[event.id, event.choice] = said.get((event.id, event.choice), "") + event.text
    for each in requests:
        choices = [e for e in events if isinstance(e, Finished) and e.id == each.id]
        if each.id in cancelled:
            continue
        assert sorted(e.choice for e in choices) == list(range(each.num_choices))
        assert [e.is_last for e in choices] == [False] * (each.num_choices - 1) + [True]
        for choice in range(each.num_choices):
            assert said[each.id, choice] == answer_alone(choice_of(each, choice), ROOM, num_letters)
    assert len(backend.memory.tokens) == engine.stats().num_kept
    assert backend.seeds == {}


def choice_of(request: Request, choice: int) -> Request:
    """The request that one choice is: with a seed of its own."""
    return replace(request, sampling=replace(request.sampling, seed=request.sampling.seed + choice))


@settings(deadline=None, max_examples=40)
@given(st.sets(st.integers(0, 7)), st.sampled_from([POISON, MUTE]))
def test_a_failing_sequence_fails_alone(culprits: set[int], poison: int) -> None:
    """Whoever can't be decoded or sampled ends with an error; all others get their right answers."""
    engine, backend = make()
    requests = [request(n, prompt=(1, poison if n in culprits else 2, 3)) for n in range(8)]
    events = [engine.submit(each) for each in requests] + run(engine)
    for each in requests:
        (end,) = ends(events)[each.id]
        if each.id in culprits:
            assert isinstance(end, Failed)
            assert end.kind is FailureKind.BROKEN
        else:
            assert texts(events)[each.id] == answer_alone(each, ROOM)
    assert backend.seeds == {}
    assert engine.stats().kv_tokens_reserved == engine.stats().kv_tokens_kept


def test_a_healthy_batch_is_decoded_once_per_step() -> None:
    """All running sequences share one decode."""
    engine, backend = make()
    for number in range(3):
        engine.submit(request(number, 2))
    engine.step()
    assert backend.num_decodes == 1


@given(st.integers(0, 12))
@settings(deadline=None)
def test_cancel_frees_everything_at_once(num_steps: int) -> None:
    """A cancelled request says nothing more and holds nothing, whether it waited, read or spoke."""
    engine, backend = make()
    for number in range(4):  # the fourth one waits
        engine.submit(request(number, 20, ROOM - 20))
    for _ in range(num_steps):
        engine.step()
    for number in range(4):
        engine.cancel(number)
    assert engine.is_idle
    assert backend.seeds == {}
    assert engine.stats().kv_tokens_reserved == engine.stats().kv_tokens_kept


def test_cancelling_who_is_gone_is_fine() -> None:
    """A cancel may cross the end of its request on the way."""
    engine, _ = make()
    engine.cancel(99)
    assert engine.is_idle


def test_abort_ends_everyone_with_the_reason() -> None:
    """Running and waiting requests all hear why."""
    engine, backend = make()
    for number in range(5):
        engine.submit(request(number, 3, ignore_eos=True))
    engine.step()
    assert {(e.id, e.message) for e in engine.abort("going down") if isinstance(e, Failed)} == {
        (number, "going down") for number in range(5)
    }
    assert backend.seeds == {}
    assert engine.stats().kv_tokens_reserved == engine.stats().kv_tokens_kept


def test_the_answer_ends_at_a_stop_string() -> None:
    """The stop string and all after it are not shown; the reason is `stop`."""
    free = answer_alone(request(1, max_tokens=30), ROOM)
    stop = free[2:4]
    engine, _ = make()
    engine.submit(request(1, max_tokens=30, stop=(stop,)))
    events = run(engine)
    assert texts(events)[1] == free[: free.index(stop)]
    (end,) = ends(events)[1]
    assert isinstance(end, Finished)
    assert end.reason is FinishReason.STOP


def test_max_tokens_end_with_length_and_are_counted() -> None:
    """Exactly that many tokens, and usage says so."""
    number = next(n for n in range(100) if len(answer_alone(request(n, max_tokens=6), ROOM)) == 6)
    engine, _ = make()
    engine.submit(request(number, max_tokens=6))
    assert ends(run(engine))[number] == [Finished(number, FinishReason.LENGTH, 5, 6)]


def test_ignore_eos_goes_on_after_the_end_token() -> None:
    """The end token then is one like any other, without text."""
    number = next(n for n in range(1000) if next_token(list(range(5)), n) == END)
    engine, _ = make()
    engine.submit(request(number, max_tokens=4, ignore_eos=True))
    (end,) = ends(run(engine))[number]
    assert end == Finished(number, FinishReason.LENGTH, 5, 4)


def test_what_is_not_taken_is_said_at_once() -> None:
    """A request that can't fit is answered by the very call."""
    engine, _ = make()
    assert engine.submit(request(1)) == Accepted(1, 5)
    refused = engine.submit(request(2, ROOM, 1))
    assert isinstance(refused, Failed)
    assert refused.kind is FailureKind.TOO_LONG


def test_stats_count_what_was_done() -> None:
    """Prompt and generated tokens, steps, and what runs and waits right now."""
    engine, _ = make()
    for number in range(4):
        engine.submit(request(number, 4, 3, ignore_eos=True))
    engine.step()
    stats = engine.stats()
    assert (stats.num_running, stats.num_waiting, stats.num_slots) == (3, 1, 3)
    assert (stats.num_steps, stats.kv_tokens_reserved) == (1, 21)
    run(engine)
    stats = engine.stats()  # the last one went on where one of the others had been
    assert (stats.prompt_tokens, stats.cached_prompt_tokens, stats.generated_tokens) == (13, 3, 12)


def test_an_adapter_that_can_not_be_loaded_takes_nobody_along() -> None:
    """The old one of that name is still there; a new one ends those who used the old one."""

    class Broken(FakeBackend):
        def add_adapter(self, file: AdapterFile) -> None:
            if file.path.name == "bad":
                raise LoadError("bad")

    backend = Broken()
    engine = Engine(backend, LIMITS)
    for number, adapters in ((1, (Adapter("a"),)), (2, ())):
        engine.submit(request(number, adapters=adapters, ignore_eos=True))
    engine.step()
    with pytest.raises(LoadError):
        engine.add_adapter(AdapterFile("a", Path("bad")))
    assert engine.stats().num_running == 2
    assert [event.id for event in engine.add_adapter(AdapterFile("a", Path("good")))] == [1]
    assert list(texts(run(engine))) == [2]


def test_who_followed_a_broken_leader_computes_what_it_can_not_take() -> None:
    """An error left the leader's memory at no known place: nothing of it is used, and the answer is right."""

    class Stuck(FakeBackend):
        def decode(self, chunks: Any, adapters: Any = (), *, embeds: bool = False) -> None:
            if any(POISON in chunk.tokens for chunk in chunks):
                self.memory.tokens[0] = self.memory.tokens.get(0, [])[:-1]
            super().decode(chunks, adapters, embeds=embeds)

    for kind in KINDS:
        backend = Stuck(kind)
        engine = Engine(backend, LIMITS)
        engine.submit(request(1, prompt=(*range(20), *range(16), POISON), max_tokens=2))
        engine.submit(request(2, prompt=(*range(20), *range(16), 7), max_tokens=9))
        events = run(engine)
        assert texts(events)[2] == answer_alone(request(2, prompt=(*range(20), *range(16), 7), max_tokens=9), ROOM)
