"""Tests of serve.engine.engine: what a request may ask for, one by one, and what is told of it."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest

from serve.engine.types import (
    Delta,
    Embedded,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
    Grammar,
    PromptRead,
    PromptScores,
    Request,
    Task,
)
from tests.helpers.fake_backend import BAD_GRAMMAR, END, MUTE, answer_alone, next_token
from tests.helpers.small_engine import LIMITS, ROOM, ends, failures, make, one_slot, request, run, texts

# ---- waiting ----


def test_who_waits_too_long_is_told_so_once() -> None:
    """With all of its choices, and nobody else; what runs has no deadline any more."""
    engine, _, clock = one_slot()
    engine.submit(request(1, max_tokens=30, ignore_eos=True, wait_s=1.0))
    engine.step()
    engine.submit(request(2, num_choices=2, wait_s=5.0))
    engine.submit(request(3))
    clock.now_s = 4.9
    assert failures(engine.step()) == []
    clock.now_s = 5.0
    (failed,) = [event for event in engine.step() if isinstance(event, Failed)]
    assert (failed.id, failed.kind, failed.message) == (2, FailureKind.TOO_LATE, "no slot was free within 5 s")
    events = run(engine)
    assert failures(events) == []
    assert [number for number in (1, 2, 3) if number in ends(events)] == [1, 3]


def test_choices_of_an_answer_that_has_begun_wait_as_long_as_they_must() -> None:
    """The client hears the first one: the answer can't be taken back."""
    engine, _, clock = one_slot()
    engine.submit(request(1, num_choices=3, wait_s=1.0))
    events = engine.step()
    clock.now_s = 99.0
    assert [type(event) for event in ends(events + run(engine))[1]] == [Finished] * 3


def test_higher_priority_goes_first() -> None:
    """Of those that wait; first come, first served among equals."""
    engine, _, _ = one_slot()
    for number, priority in ((1, 0), (2, 0), (3, 5), (4, -1), (5, 5)):
        engine.submit(request(number, priority=priority))
    assert list(ends(run(engine))) == [3, 5, 1, 2, 4]


# ---- prompts ----


def test_how_far_a_prompt_is_is_told_step_by_step_to_who_asks() -> None:
    """With what it began with; all of it is read before its first token. Of several choices one reads."""
    engine, _ = make()
    engine.submit(request(1, num_prompt=20, tells_progress=True, num_choices=2))
    engine.submit(request(2, num_prompt=20))
    events = run(engine)
    told = [event for event in events if isinstance(event, PromptRead)]
    assert {(event.id, event.num_prompt_tokens, event.num_cached_tokens) for event in told} == {(1, 20, 0)}
    read = [event.num_read_tokens for event in told]
    assert (read[0], read[-1]) == (0, 20)
    assert read == sorted(set(read))
    first_text = next(at for at, event in enumerate(events) if isinstance(event, Delta) and event.id == 1)
    assert events.index(told[-1]) < first_text
    engine.submit(request(3, num_prompt=20, tells_progress=True))
    begun, *_ = [event for event in run(engine) if isinstance(event, PromptRead)]
    assert begun.num_cached_tokens == begun.num_read_tokens > 0


# ---- choices ----


def test_a_choice_that_fails_takes_all_of_its_request() -> None:
    """Running, waiting and following ones: one failure, nothing after it, nothing held."""
    for num_choices in (2, 5):
        engine, backend = make()
        engine.submit(request(1, prompt=(*range(20), MUTE), num_choices=num_choices))
        engine.submit(request(2, prompt=(*range(20), 7)))
        events = run(engine)
        assert failures(events) == [(1, FailureKind.BROKEN)]
        assert texts(events)[2] == answer_alone(request(2, prompt=(*range(20), 7)), ROOM)
        assert backend.seeds == {}
        assert engine.stats().kv_tokens_reserved == engine.stats().kv_tokens_kept


def test_a_grammar_that_can_not_be_read_is_told_before_anything_is_computed() -> None:
    """By its kind; its choices are gone, and so is what it held."""
    engine, backend = make()
    engine.submit(request(1, num_choices=2, grammar=Grammar(BAD_GRAMMAR)))
    assert failures(run(engine)) == [(1, FailureKind.BAD_GRAMMAR)]
    assert (backend.num_decodes, backend.seeds, engine.stats().kv_tokens_reserved) == (0, {}, 0)


def test_a_grammar_reaches_the_backend_at_once_or_after_its_trigger() -> None:
    """With triggers it is not there from the beginning."""
    engine, backend = make()
    engine.submit(request(1, 3, ignore_eos=True, grammar=Grammar("g")))
    engine.submit(request(2, 3, ignore_eos=True, grammar=Grammar("h", ("no such word",))))
    engine.step()
    assert list(backend.grammars.values()) == [("g", b"")]


def test_a_grammar_ends_an_answer_also_where_the_end_is_ignored() -> None:
    """Its end token comes only where it is complete."""
    number = next(n for n in range(1000) if next_token(list(range(5)), n) == END)
    engine, _ = make()
    engine.submit(request(number, ignore_eos=True, grammar=Grammar("g")))
    assert ends(run(engine))[number] == [Finished(number, FinishReason.STOP, 5, 1)]


def test_seeds_of_choices_differ_and_reach_the_backend() -> None:
    """Each choice is a request of its own with the next seed."""
    engine, backend = make()
    engine.submit(request(5, num_choices=3))
    engine.step()
    assert sorted(backend.seeds.values()) == [5, 6, 7]


# ---- scores ----


@pytest.mark.parametrize("num_prompt", [1, 5, 8, 9, 30])
@pytest.mark.parametrize("max_tokens", [0, 3])
@pytest.mark.parametrize("num_choices", [1, 2])
def test_scores_of_the_prompt_come_once_and_in_order(num_prompt: int, max_tokens: int, num_choices: int) -> None:
    """However many steps it takes: each token but the first with the score of the row before it."""
    engine, _ = make()
    engine.submit(request(1, num_prompt, max_tokens, scores_prompt=True, num_choices=num_choices, ignore_eos=True))
    events = run(engine)
    (told,) = [event for event in events if isinstance(event, PromptScores)]
    assert [score.token for score in told.scores] == list(range(num_prompt))
    assert [score.logprob for score in told.scores] == [None, *(-float(n) for n in range(1, num_prompt))]
    others = [event for event in events if isinstance(event, Delta | Finished)]
    assert events.index(told) < min(events.index(other) for other in others)
    assert len(ends(events)[1]) == num_choices


def test_a_prompt_that_is_scored_is_computed_though_it_is_known() -> None:
    """Its rows are needed; afterwards the same prompt is known as ever."""
    engine, _ = make()
    for number, scored, cached in ((1, False, 0), (2, True, 0), (3, False, 19)):
        engine.submit(request(number, 20, 1, scores_prompt=scored, ignore_eos=True))
        (end,) = ends(run(engine))[number]
        assert isinstance(end, Finished)
        assert end.num_cached_tokens == cached


def test_scores_of_generated_tokens_come_with_their_text() -> None:
    """One for each, with the likeliest."""
    engine, _ = make()
    engine.submit(request(1, 4, 5, ignore_eos=True, num_logprobs=1))
    deltas = [event for event in run(engine) if isinstance(event, Delta)]
    scores = [score for delta in deltas for score in delta.scores]
    assert [score.logprob for score in scores] == [-4.0, -5.0, -6.0, -7.0, -8.0]
    assert all(len(score.top) == 1 for score in scores)


# ---- no tokens, no end ----


def test_no_tokens_are_a_prompt_that_is_read() -> None:
    """max_tokens 0: the prompt is computed and known for the next one; nothing is said."""
    engine, _ = make()
    engine.submit(request(1, 20, 0))
    assert run(engine) == [Finished(1, FinishReason.LENGTH, 20, 0)]
    engine.submit(request(2, 20, 1))
    (end,) = ends(run(engine))[2]
    assert isinstance(end, Finished)
    assert end.num_cached_tokens == 19


def test_without_max_tokens_an_answer_ends_where_the_room_does() -> None:
    """All of it is used, and no more."""
    engine, _ = make()
    engine.submit(request(1, 10, None, ignore_eos=True))
    assert ends(run(engine))[1] == [Finished(1, FinishReason.LENGTH, 10, ROOM - 10)]


# ---- vectors ----


@pytest.mark.parametrize("pools", [True, False])
def test_a_vector_is_the_only_word_and_leaves_nothing(pools: bool) -> None:
    """Of a text in one step or many, beside others; what it held is free."""
    engine, backend = make(limits=replace(LIMITS, step_tokens=24) if pools else LIMITS, pools=pools)
    prompts = {number: tuple(range(number, number + 20)) for number in range(5)}
    for number, prompt in prompts.items():
        engine.submit(Request(number, prompt, task=Task.EMBED, num_choices=3))
    events = run(engine)
    assert [type(event) for event in events] == [Embedded] * 5
    for event in events:
        assert isinstance(event, Embedded)
        assert (event.vector, event.num_prompt_tokens) == (struct.pack("<f", float(sum(prompts[event.id]))), 20)
    assert (engine.stats().kv_tokens_reserved, backend.memory.tokens, backend.seeds) == (0, {}, {})


def test_a_model_that_only_makes_vectors_does_not_generate() -> None:
    """It is said at once."""
    engine, _ = make(pools=True)
    refused = engine.submit(request(1))
    assert isinstance(refused, Failed)
    assert (refused.kind, engine.is_idle) == (FailureKind.UNSUPPORTED, True)


def test_a_step_with_a_vector_yields_no_more_rows_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row of it yields something then, also those of a long prompt beside it: llama.cpp would end the process."""
    engine, backend = make(limits=replace(LIMITS, step_tokens=32), max_outputs=5)
    rows: list[int] = []
    decode = backend.decode

    def noting(chunks: Any, adapters: Any = (), *, embeds: bool = False) -> None:
        if embeds:
            rows.append(sum(len(chunk.tokens) for chunk in chunks))
        decode(chunks, adapters, embeds=embeds)

    monkeypatch.setattr(backend, "decode", noting)
    engine.submit(request(1, 30, 3))
    engine.submit(Request(2, tuple(range(100, 130)), task=Task.EMBED))
    engine.submit(request(3, prompt=tuple(range(200, 230)), scores_prompt=True))
    run(engine)
    assert rows
    assert max(rows) <= 5
