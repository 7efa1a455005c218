"""Tests of serve.engine.answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.engine.answer import Answer
from serve.engine.errors import EngineError
from serve.engine.sequence import Chunk
from serve.engine.types import (
    NO_SEED,
    Delta,
    Grammar,
    Request,
    Sampling,
    TokenScore,
)
from tests.helpers.fake_backend import END, FakeBackend

CHUNK = Chunk(0, 4, (1,), 1)


class Scoring(FakeBackend):
    """Whose scores say only which token it is."""

    def score(self, chunk: Chunk, row: int, token: int, num_top: int) -> TokenScore:
        """Likelier the smaller it is."""
        assert (chunk, row) == (CHUNK, 0)
        return TokenScore(token, self.piece(token, special=True), -float(token), ((token, b"", 0.0),) * num_top)


def answer(choice: int = 0, **changes: Any) -> Answer:
    """To a request with these wishes."""
    return Answer(replace(Request(7, (1, 2)), **changes), choice)


def say(one: Answer, text: str, backend: FakeBackend | None = None) -> list[Delta]:
    """Each letter is a token; what was told after each of them, and at the end."""
    deltas = []
    for token in text.encode():
        one.take(backend or Scoring(), 0, CHUNK, 0, token)
        deltas.append(one.delta())
        if one.is_over:
            break
    return [*deltas, one.finish()]


def told(deltas: list[Delta]) -> tuple[list[str], list[str]]:
    """Texts, and of which letters scores were told."""
    return [each.text for each in deltas], ["".join(chr(s.token) for s in each.scores) for each in deltas]


def test_scores_come_with_their_text() -> None:
    """One token, one text, one score, with as many likely ones as asked for."""
    deltas = say(answer(num_logprobs=2), "abc")
    assert told(deltas) == (["a", "b", "c", ""], ["a", "b", "c", ""])
    assert deltas[0].scores == (TokenScore(97, b"a", -97.0, ((97, b"", 0.0),) * 2),)
    assert {(each.id, each.choice) for each in deltas} == {(7, 0)}


def test_scores_wait_for_held_text() -> None:
    """What may be the beginning of a stop string is told together with its scores once it is not."""
    assert told(say(answer(num_logprobs=0, stop=("bcd",)), "abcx")) == (
        ["a", "", "", "bcx", ""],
        ["a", "", "", "bcx", ""],
    )


def test_what_a_stop_string_cuts_has_no_score() -> None:
    """Neither the stop string nor its tokens are told, and it says which one it was."""
    one = answer(num_logprobs=0, stop=("bc", "x"))
    assert told(say(one, "abcd")) == (["a", "", "", ""], ["a", "", "", ""])
    assert (one.is_over, one.stop) == (True, "bc")


def test_what_is_held_at_the_end_is_told_with_its_scores() -> None:
    """Nothing more comes that could complete the stop string."""
    assert told(say(answer(num_logprobs=0, stop=("bcd",)), "abc")) == (["a", "", "", "bc"], ["a", "", "", "bc"])


def test_a_character_of_several_tokens_comes_whole_with_all_their_scores() -> None:
    """The score of its first byte waits for its last one."""
    texts, scores = told(say(answer(num_logprobs=0), "é"))
    assert texts == ["", "é", ""]
    assert [len(each) for each in scores] == [0, 2, 0]


def test_without_logprobs_nothing_is_scored() -> None:
    """It costs time."""

    class Unscored(FakeBackend):
        def score(self, chunk: Chunk, row: int, token: int, num_top: int) -> TokenScore:
            raise AssertionError("nobody asked")

    assert told(say(answer(), "ab", Unscored())) == (["a", "b", ""], ["", "", ""])


def test_control_tokens_are_text_only_where_they_are_shown() -> None:
    """For whoever parses the answer."""
    for shown, text in ((True, "<256>"), (False, "")):
        one = answer(show_special=shown)
        one.take(Scoring(), 0, CHUNK, 0, END)
        assert one.delta().text == text


@given(st.integers(0, NO_SEED), st.integers(0, 200))
def test_each_choice_has_a_seed_of_its_own(seed: int, choice: int) -> None:
    """The first one has the given seed, the others those after it; never the one that means chance."""
    sampling = answer(choice, sampling=Sampling(seed=seed, top_k=3)).sampling
    assert sampling == Sampling(seed=sampling.seed, top_k=3)
    if seed == NO_SEED:
        assert sampling.seed == NO_SEED
    else:
        assert sampling.seed == (seed + choice) % NO_SEED
        assert sampling.seed != NO_SEED


@pytest.mark.parametrize("shown", [True, False])
def test_a_grammar_begins_after_its_trigger_and_once(shown: bool) -> None:
    """Whether or not control tokens are shown, they count as their text; what came after the trigger belongs to it."""
    backend, one = Scoring(), answer(grammar=Grammar("g", ("<256>", "bc")), show_special=shown)
    for token in (97, END):
        assert backend.grammars == {}
        one.take(backend, 5, CHUNK, 0, token)
    assert backend.grammars == {5: ("g", b"")}
    backend.grammars.clear()
    one.take(backend, 5, CHUNK, 0, END)
    assert backend.grammars == {}


def test_a_grammar_that_does_not_take_what_came_after_its_trigger_is_an_error() -> None:
    """Whoever asked for a form is not given something else."""

    class Refusing(Scoring):
        def constrain(self, seq: int, grammar: str, begun: bytes) -> None:
            raise EngineError("no")

    with pytest.raises(EngineError):
        say(answer(grammar=Grammar("g", ("a",))), "ba", Refusing())
