"""Tests of serve.engine.engine: adapters, a full memory, counters, and ends at every moment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from serve.engine.drafts import NgramDraft
from serve.engine.types import (
    Adapter,
    AdapterFile,
    Delta,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
)
from tests.helpers.fake_backend import END, MUTE, POISON, Kind, answer_alone, next_token
from tests.helpers.small_engine import LIMITS, ROOM, ends, failures, make, one_slot, request, run, texts

# ---- adapters ----


def test_an_adapter_that_is_not_there_is_refused() -> None:
    """By its name, before it waits."""
    engine, _ = make()
    refused = engine.submit(request(1, adapters=(Adapter("nope"),)))
    assert isinstance(refused, Failed)
    assert (refused.kind, refused.message) == (FailureKind.UNSUPPORTED, "this model has no adapter 'nope'")


def test_what_an_adapter_computed_is_known_to_its_own_only() -> None:
    """The same prompt with another one, or with more of it, is computed anew; gone with the adapter."""
    engine, _ = make()
    wanted = (((), 0), ((Adapter("a"),), 0), ((Adapter("a"),), 19), ((Adapter("a", 0.5),), 0), ((), 19))
    for number, (adapters, cached) in enumerate(wanted):
        engine.submit(request(number, 20, 1, adapters=adapters, ignore_eos=True))
        (end,) = ends(run(engine))[number]
        assert isinstance(end, Finished)
        assert end.num_cached_tokens == cached
    assert engine.remove_adapter("a") == []
    assert engine.stats().num_kept == 0
    assert failures([engine.submit(request(9, adapters=(Adapter("a"),)))]) == [(9, FailureKind.UNSUPPORTED)]


def test_who_uses_an_adapter_that_goes_ends_wherever_it_is() -> None:
    """Running and waiting; the others go on."""
    engine, backend = make()
    backend.add_adapter(AdapterFile("b", None))  # type: ignore[arg-type]
    for number in range(6):
        engine.submit(request(number, adapters=(Adapter("ab"[number % 2]),)))
    engine.step()
    ended = engine.remove_adapter("a")
    assert failures(ended) == [(number, FailureKind.BROKEN) for number in (0, 2, 4)]
    assert sorted(ends(run(engine))) == [1, 3, 5]


# ---- a memory that is full ----


def test_a_full_memory_gives_up_what_is_kept_first() -> None:
    """And the step is tried again: nobody notices."""
    engine, backend = make()
    engine.submit(request(1, 20, 2))
    run(engine)
    assert engine.stats().num_kept == 1
    backend.rooms = 1
    engine.submit(request(2, prompt=tuple(range(50, 60))))
    events = engine.step()
    assert engine.stats().num_kept == 0
    assert failures(events + run(engine)) == []


def test_a_memory_that_stays_full_fails_who_has_no_room() -> None:
    """Nothing is kept: each is tried alone, so that one that fits goes on."""
    engine, backend = make()
    for number in (1, 2):
        engine.submit(request(number, 3))
    backend.rooms = 1
    events = run(engine)
    assert failures(events) == []
    assert sorted(ends(events)) == [1, 2]
    engine.submit(request(3, 3))
    backend.memory.clear()
    engine._cache.drop_kept()
    backend.rooms = 1
    assert failures(run(engine)) == [(3, FailureKind.BROKEN)]


# ---- what it says of itself ----


def test_stats_tell_how_long_tokens_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first from when its request came, each next one from the one before; steps by their parts."""
    engine, backend, clock = one_slot()
    decode, sample = backend.decode, backend.sample

    def slow_decode(*args: Any, **kwargs: Any) -> None:
        clock.now_s += 0.3
        decode(*args, **kwargs)

    def slow_sample(*args: Any) -> int:
        clock.now_s += 0.05
        return sample(*args)

    monkeypatch.setattr(backend, "decode", slow_decode)
    monkeypatch.setattr(backend, "sample", slow_sample)
    engine.submit(request(1, 4, 3, ignore_eos=True))
    clock.now_s = 2.0
    run(engine)
    stats = engine.stats()
    assert stats.first_token.sum_s == pytest.approx(2.3)
    assert sum(stats.first_token.counts) == 1
    assert stats.next_token.sum_s == pytest.approx(2 * 0.35)
    assert sum(stats.next_token.counts) == 2
    assert stats.decode_s == pytest.approx(0.9)
    assert stats.sample_s == pytest.approx(0.15)
    assert stats.step_s == pytest.approx(1.05)
    assert stats.plan_s == 0.0
    assert (stats.num_steps, stats.prompt_tokens, stats.generated_tokens) == (3, 4, 3)


def test_stats_count_shared_and_guessed_tokens() -> None:
    """Tokens that were there already are not computed ones; right guesses are a part of all guesses."""
    engine, _ = make(limits=replace(LIMITS, num_draft_tokens=3))
    engine.submit(request(1, 20, 2, ignore_eos=True))
    run(engine)
    prompt = (*range(20), 2, 3, 97, *b"xyz", 2, 3)
    seed = next(seed for seed in range(1000) if next_token(list(prompt), seed) == 97)
    engine.submit(request(seed, prompt=prompt, max_tokens=9, ignore_eos=True))
    (end,) = ends(run(engine))[seed]
    stats = engine.stats()
    assert isinstance(end, Finished)
    assert end.drafts == (stats.draft_tokens, stats.accepted_draft_tokens)
    assert (stats.prompt_tokens, stats.cached_prompt_tokens) == (28, 20)
    assert stats.draft_tokens == 3
    assert stats.accepted_draft_tokens == (next_token([*prompt, 97], seed) == ord("x"))
    assert stats.generated_tokens == 11


def test_tokens_that_were_taken_from_a_running_one_count_as_known() -> None:
    """Also where they had not been computed when the newcomer came."""
    engine, _ = make()
    for number in (1, 2):
        engine.submit(request(number, 30, 2, ignore_eos=True))
    events = run(engine)
    stats = engine.stats()
    assert (stats.prompt_tokens, stats.cached_prompt_tokens) == (31, 29)
    assert sorted(event.num_cached_tokens for event in events if isinstance(event, Finished)) == [0, 29]


def test_evictions_are_counted() -> None:
    """With as many ids as slots, each new prompt takes the place of a kept one."""
    engine, _ = make(num_ids=3)
    for number in range(5):
        engine.submit(request(number, prompt=tuple(range(50 * number, 50 * number + 20)), ignore_eos=True))
        run(engine)
    assert (engine.stats().num_evicted, engine.stats().num_kept) == (2, 3)


# ---- ends at every moment ----


@pytest.mark.parametrize("kind", ["full", "window", "exact"])
@pytest.mark.parametrize("num_steps", range(14))
@pytest.mark.parametrize("how", ["cancel", "fail"])
def test_followers_get_their_answers_whenever_their_leader_ends(kind: Kind, num_steps: int, how: str) -> None:
    """Before, at, between and after the places where they take over; however it ends."""
    engine, backend = make(kind)
    engine.submit(request(1, prompt=tuple(range(50)), max_tokens=5, adapters=(Adapter("a"),)))
    engine.step()
    followers = [
        request(number, prompt=(*range(size), 200 + number), max_tokens=5, adapters=(Adapter("a"),))
        for number, size in ((2, 40), (3, 20))
    ]
    for each in followers:
        engine.submit(each)
    events = [event for _ in range(num_steps) for event in engine.step()]
    live = engine._live.get(1)
    if live is not None and how == "cancel":
        engine.cancel(1)
    elif live is not None:
        events.append(engine._fail(live, FailureKind.BROKEN, "for a test"))
    events += run(engine)
    for each in followers:
        assert texts(events)[each.id] == answer_alone(each, ROOM)
    assert backend.seeds == {}
    assert len(backend.memory.tokens) == engine.stats().num_kept


@pytest.mark.parametrize("kind", ["full", "exact"])
def test_whoever_leads_next_stops_where_the_others_branch_off(kind: Kind) -> None:
    """Nothing is computed twice: who shares most goes on from where the leader was, the other takes from it."""
    engine, _ = make(kind)
    engine.submit(request(1, prompt=tuple(range(50))))
    engine.step()
    for number, size in ((2, 18), (3, 24)):
        engine.submit(request(number, prompt=(*range(size), 200 + number), max_tokens=1, ignore_eos=True))
    engine.step()
    engine.cancel(1)
    cached = {event.id: event.num_cached_tokens for event in run(engine) if isinstance(event, Finished)}
    assert cached == {2: 18, 3: 16}


@pytest.mark.parametrize("kind", ["full", "window", "exact"])
@pytest.mark.parametrize("max_tokens", [1, 2, 40])
@pytest.mark.parametrize("stop", [(), ("abab",), ("bbbb", "abaab")])
def test_drafts_change_nothing(
    kind: Kind, max_tokens: int, stop: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the end, a stop string or the last token is among the guesses; where memory can't go back are none."""
    learned = []
    monkeypatch.setattr(NgramDraft, "learn", lambda _, *numbers: learned.append(numbers))
    num_drafts = num_accepted = 0
    for seed in range(12):
        said = []
        for drafts in (0, 4):
            engine, _ = make(kind, num_letters=2)
            engine.submit(request(seed, 9, max_tokens, stop=stop, num_draft_tokens=drafts))
            events = run(engine)
            said.append((texts(events), ends(events)))
            num_drafts += engine.stats().draft_tokens
            num_accepted += engine.stats().accepted_draft_tokens
        assert said[0] == said[1]
    assert (sum(num for num, _, _ in learned), sum(num for _, num, _ in learned)) == (num_drafts, num_accepted)
    assert (num_drafts > num_accepted > 0) == (max_tokens > 2 and kind != "exact")


def test_nothing_is_computed_beyond_a_stop_string() -> None:
    """The token that completes it is the last one."""
    free = answer_alone(request(1, max_tokens=30), ROOM)
    engine, _ = make()
    engine.submit(request(1, max_tokens=30, stop=(free[2:4],)))
    (end,) = ends(run(engine))[1]
    assert isinstance(end, Finished)
    assert (end.reason, end.num_generated_tokens, end.stop) == (FinishReason.STOP, 4, free[2:4])


def test_a_score_without_text_is_told_too() -> None:
    """A token may say nothing."""
    number = next(n for n in range(1000) if next_token(list(range(5)), n) == END)
    engine, _ = make()
    engine.submit(request(number, max_tokens=1, ignore_eos=True, num_logprobs=0))
    (delta, _) = run(engine)
    assert isinstance(delta, Delta)
    assert (delta.text, [score.token for score in delta.scores]) == ("", [END])


@pytest.mark.parametrize("trouble", [POISON, MUTE])
def test_choices_of_one_step_end_once_beside_others(trouble: int) -> None:
    """The first that can't be decoded, or sampled, takes the others along: they are not tried again."""
    engine, _ = make()
    engine.submit(request(1, prompt=(1, trouble), num_choices=2))
    engine.submit(request(2, 2))
    events = run(engine)
    assert failures(events) == [(1, FailureKind.BROKEN)]
    assert texts(events)[2] == answer_alone(request(2, 2), ROOM)


def test_what_a_cancelled_request_computed_is_of_use() -> None:
    """Clients that go away come back."""
    engine, _ = make()
    engine.submit(request(1, 40))
    for _ in range(3):
        engine.step()
    engine.cancel(1)
    engine.submit(request(2, 40, 1, ignore_eos=True))
    (end,) = ends(run(engine))[2]
    assert isinstance(end, Finished)
    assert end.num_cached_tokens == 24


def test_a_prompt_that_fills_a_context_leaves_no_room_for_an_answer() -> None:
    """However few tokens are wanted; a small memory is as a small context."""
    for limits in (LIMITS, replace(LIMITS, kv_tokens=40)):
        engine, _ = make(limits=limits)
        room = min(ROOM, limits.kv_tokens)
        refused = engine.submit(request(1, room, None))
        assert isinstance(refused, Failed)
        assert refused.message.endswith(f"together {room + 1}, this model has room for {room}")
