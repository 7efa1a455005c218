"""How tokens are chosen, on the real llama.cpp: each setting has its effect, and scores are the model's own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from serve.engine.engine import Engine, Limits
from serve.engine.types import (
    Delta,
    Event,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
    Grammar,
    LoadOptions,
    PromptScores,
    Request,
    Sampling,
    TokenScore,
)
from tests.helpers import tiny_gguf

if TYPE_CHECKING:
    from serve.engine.llama.backend import Llama

pytestmark = pytest.mark.engine

SLOTS, ROOM = 4, 256
GREEDY = Sampling(temperature=0)
HOT = Sampling(temperature=1.5, top_k=0, top_p=1.0, min_p=0.0, seed=5)
NUM = 24


@pytest.fixture(scope="module")
def llama(tiny_model: Path) -> Iterator[Llama]:
    """The loaded tiny model."""
    from serve.engine.llama.backend import Llama

    with Llama(LoadOptions(tiny_model, SLOTS, ROOM, 64, num_threads=1)) as loaded:
        yield loaded


def run(llama: Llama, *requests: Request) -> list[Event]:
    """All of them on a fresh engine, to the end."""
    engine = Engine(llama, Limits(SLOTS, ROOM, SLOTS * ROOM, 64, max_waiting=99))
    events = [engine.submit(request) for request in requests]
    while not engine.is_idle:
        events += engine.step()
    assert len(llama._choosers) == 0
    return events


def ask(llama: Llama, sampling: Sampling, **changes: Any) -> Request:
    """A request for so many tokens."""
    prompt = llama.tokenize("one two three one two three one two")
    return replace(Request(1, prompt, NUM, sampling, ignore_eos=True, num_logprobs=0), **changes)


def scores(events: list[Event]) -> list[TokenScore]:
    """Of all tokens of one answer."""
    assert not [event for event in events if isinstance(event, Failed)]
    return [score for event in events if isinstance(event, Delta) for score in event.scores]


def tokens(llama: Llama, sampling: Sampling, **changes: Any) -> list[int]:
    """What is chosen."""
    return [score.token for score in scores(run(llama, ask(llama, sampling, **changes)))]


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 0.3},
        {"top_k": 2},
        {"top_p": 0.2},
        {"min_p": 0.5},
        {"typical_p": 0.2},
        {"xtc_probability": 1.0, "xtc_threshold": 0.001},
        {"repeat_penalty": 1.8},
        {"frequency_penalty": 2.0},
        {"presence_penalty": 2.0},
        {"dry_multiplier": 5.0, "dry_allowed_tokens": 0, "dry_breakers": ()},
        {"mirostat": 1, "mirostat_tau": 0.5},
        {"mirostat": 2, "mirostat_tau": 0.5},
        {"seed": 6},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_each_setting_has_an_effect_and_each_seed_repeats_itself(llama: Llama, changes: dict[str, Any]) -> None:
    """Another answer than without it, the same one each time."""
    changed = replace(HOT, **changes)
    answer = tokens(llama, changed)
    assert len(answer) == NUM
    assert answer == tokens(llama, changed)
    assert answer != tokens(llama, HOT)


@pytest.mark.parametrize("window", [-1, 64, 2**31 - 1])
def test_penalties_count_what_the_prompt_says(llama: Llama, window: int) -> None:
    """As in llama.cpp: what the prompt said last is said less. However large the window, no more than a context."""
    (x,) = llama.tokenize("x")
    pushed = replace(GREEDY, logit_bias=((x, 12.0),), penalty_window_tokens=window)
    assert tokens(llama, pushed, prompt=(x,) * 30)[0] == x
    assert tokens(llama, replace(pushed, frequency_penalty=2.0), prompt=(x,) * 30)[0] != x
    assert tokens(llama, replace(pushed, frequency_penalty=2.0, penalty_window_tokens=0), prompt=(x,) * 30)[0] == x


def test_dry_knows_the_prompt(llama: Llama) -> None:
    """What would go on repeating it is not said; a window of -1 is the whole context, a breaker ends it."""
    (a, b, c) = (llama.tokenize(letter)[0] for letter in "abc")
    prompt = (a, b, c) * 10 + (a, b)
    pushed = replace(GREEDY, logit_bias=((c, 12.0),))
    dry = replace(pushed, dry_multiplier=50.0, dry_allowed_tokens=1, dry_breakers=())
    assert tokens(llama, pushed, prompt=prompt)[0] == c
    assert tokens(llama, dry, prompt=prompt)[0] != c
    assert tokens(llama, replace(dry, dry_window_tokens=0), prompt=prompt)[0] == c
    assert tokens(llama, replace(dry, dry_breakers=("b",)), prompt=prompt)[0] == c


def test_too_many_breakers_are_refused(llama: Llama) -> None:
    """Each of them is looked up in the whole vocabulary, while others wait."""
    dry = replace(GREEDY, dry_multiplier=1.0, dry_breakers=tuple("abcdefghijklmnopq"))
    (failed,) = [event for event in run(llama, ask(llama, dry)) if isinstance(event, Failed)]
    assert (failed.kind, failed.message) == (
        FailureKind.UNSUPPORTED,
        "there are 17 DRY sequence breakers: at most 16 are allowed",
    )


def test_samplers_that_are_kept_are_bounded(llama: Llama) -> None:
    """However many clients choose a setting of their own."""
    for number in range(20):
        run(llama, ask(llama, replace(GREEDY, dry_multiplier=1.0 + number), max_tokens=1))
    assert len(llama.model.dry._made) == 8


@pytest.mark.parametrize(
    "sampling",
    [
        replace(HOT, logit_bias=tuple((token, -math.inf) for token in range(300))),
        replace(GREEDY, logit_bias=tuple((token, -math.inf) for token in range(300))),
        replace(HOT, typical_p=0.5, mirostat=1, logit_bias=tuple((token, -math.inf) for token in range(299))),
        replace(HOT, typical_p=0.5, logit_bias=((5, math.inf), (6, math.inf))),
        replace(HOT, temperature=1e30),
        replace(HOT, temperature=1e-30),
        replace(HOT, top_k=2**31 - 1, top_p=0.0, min_p=1.0, typical_p=0.0),
        replace(HOT, mirostat=2, mirostat_tau=0.0, mirostat_eta=1.0),
        replace(HOT, mirostat=1, mirostat_tau=100.0, mirostat_eta=1.0),
        replace(HOT, repeat_penalty=1e-6, frequency_penalty=-2.0, presence_penalty=-2.0),
        replace(HOT, dry_multiplier=100.0, dry_base=100.0, dry_allowed_tokens=0, dry_breakers=("\0", "x" * 100)),
        replace(HOT, xtc_probability=1.0, xtc_threshold=0.0),
        replace(HOT, seed=2**32 - 2),
    ],
)
def test_extreme_settings_end_nothing(llama: Llama, sampling: Sampling) -> None:
    """Whatever is chosen: so many tokens, and the process goes on."""
    (end,) = [event for event in run(llama, ask(llama, sampling, num_logprobs=3)) if isinstance(event, Finished)]
    assert end.num_generated_tokens == NUM


def test_scores_are_the_models_own_logarithms(llama: Llama) -> None:
    """The same as computed from the raw logits, whatever is done to them before one is chosen; all of them are 1."""
    request = ask(llama, replace(HOT, top_k=3, repeat_penalty=1.5), num_logprobs=llama.model.num_vocab, max_tokens=5)
    said = scores(run(llama, request))
    history = list(request.prompt)
    for score in said:
        expected = log_softmax(raw_logits(llama, history))
        top = np.array([value for _, _, value in score.top])
        order = [token for token, _, _ in score.top]
        assert len(set(order)) == llama.model.num_vocab
        assert np.all(np.diff(top) <= 0)
        np.testing.assert_allclose(top, expected[order], atol=1e-3)
        assert math.isclose(np.exp(top).sum(), 1.0, abs_tol=1e-4)
        assert score.logprob == dict(zip(order, top.tolist(), strict=True))[score.token]
        history.append(score.token)


def test_scores_of_a_prompt_are_those_of_its_tokens(llama: Llama) -> None:
    """The first has none; each other one that of the token after those before it, however the prompt is cut."""
    prompt = tuple(range(97, 97 + 80))
    (told,) = [
        event
        for event in run(llama, Request(1, prompt, 0, GREEDY, scores_prompt=True, num_logprobs=1))
        if isinstance(event, PromptScores)
    ]
    assert [score.token for score in told.scores] == list(prompt)
    assert told.scores[0].logprob is None
    for at in (1, 17, 63, 64, 79):
        expected = log_softmax(raw_logits(llama, list(prompt[:at])))
        assert told.scores[at].logprob == pytest.approx(expected[prompt[at]], abs=1e-2)
        assert told.scores[at].top[0][2] == pytest.approx(expected.max(), abs=1e-2)


def test_a_score_of_a_token_that_is_none_is_an_error(llama: Llama) -> None:
    """Its prompt is cut before it, so that it is asked about before it is decoded: it must not be read from beyond."""
    bad = Request(1, (*range(64), 10**6), 0, GREEDY, scores_prompt=True)
    (failed,) = [event for event in run(llama, bad) if isinstance(event, Failed)]
    assert failed.kind is FailureKind.BROKEN
    assert (llama.piece(10**6), llama.piece(-1, special=True)) == (b"", b"")


def raw_logits(llama: Llama, history: list[int]) -> np.ndarray[Any, Any]:
    """Of the last of these tokens, computed alone."""
    from serve.engine.llama.library import C
    from serve.engine.sequence import Chunk

    llama.memory.clear()
    for start in range(0, len(history), 64):
        part = tuple(history[start : start + 64])
        llama.decode((Chunk(0, start, part, 1),))
    pointer = C.llama_get_logits_ith(llama._context, -1)
    row = np.ctypeslib.as_array(pointer, (llama.model.num_vocab,)).astype(np.float64)
    llama.memory.clear()
    return row


def log_softmax(row: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Natural logarithms."""
    shifted: np.ndarray[Any, Any] = row - row.max()
    return shifted - math.log(np.exp(shifted).sum())


@pytest.mark.parametrize("seed", range(8))
def test_text_in_pieces_is_the_text_of_all_tokens(llama: Llama, seed: int) -> None:
    """Bytes are sampled at random, so characters are often split or none at all: nothing is lost or said twice."""
    events = run(llama, ask(llama, replace(HOT, temperature=3.0, seed=seed), max_tokens=120))
    whole = b"".join(llama.piece(score.token) for score in scores(events)).decode("utf-8", "replace")
    deltas = [event.text for event in events if isinstance(event, Delta)]
    assert "".join(deltas) == whole
    assert len(deltas) >= 120


def test_characters_of_several_tokens_come_whole(llama: Llama) -> None:
    """No part of a character is ever shown."""
    events = run(llama, ask(llama, GREEDY, grammar=Grammar('root ::= "a😀ß€" "😀"*'), max_tokens=60))
    deltas = [event.text for event in events if isinstance(event, Delta)]
    assert "".join(deltas).rstrip("�").startswith("a😀ß€")
    assert all("�" not in text for text in deltas[:-1])


def test_a_complete_grammar_ends_an_answer_that_was_to_go_on(llama: Llama) -> None:
    """`ignore_eos` is about free text: where the grammar has nothing more to say, more tokens would say nothing."""
    events = run(llama, ask(llama, HOT, grammar=Grammar('root ::= "ab"')))
    (end,) = [event for event in events if isinstance(event, Finished)]
    assert end.reason is FinishReason.STOP
    assert end.num_generated_tokens <= 3


def test_a_grammar_that_takes_exponentially_long_fails_alone(llama: Llama, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token that took too long is its last one; others get theirs."""
    from serve.engine.llama import chooser

    monkeypatch.setattr(chooser, "MAX_GRAMMAR_S", 0.0)
    slow = ask(llama, GREEDY, id=1, grammar=Grammar('root ::= "ab"+'))
    events = run(llama, slow, ask(llama, GREEDY, id=2))
    assert [(event.id, event.kind) for event in events if isinstance(event, Failed)] == [(1, FailureKind.BROKEN)]
    assert [event.id for event in events if isinstance(event, Finished)] == [2]


def test_what_follows_a_trigger_is_told_to_the_grammar_as_it_was_said(tmp_path: Path) -> None:
    """Also where the tokenizer puts a space before every text: the grammar never hears of it."""
    from gguf import GGUFWriter, TokenType

    from serve.engine.llama.backend import Llama

    class SentencePiece(GGUFWriter):
        """Bytes, a space, and a token that says a trigger and more."""

        words = ("<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581", "a", "b", "ab", "\u2581a", "\u2581b")

        def add_tokenizer_model(self, model: str) -> None:
            super().add_tokenizer_model("llama")

        def add_token_list(self, tokens: Any) -> None:
            rest = [f"filler{index}" for index in range(len(tokens) - len(self.words))]
            super().add_token_list([*self.words, *rest])
            super().add_token_scores([-float(index) for index in range(len(tokens))])

        def add_token_types(self, types: Any) -> None:
            kinds = [TokenType.UNKNOWN] + [TokenType.BYTE] * 256 + [TokenType.NORMAL] * (len(types) - 257)
            super().add_token_types(kinds)

    path = tiny_gguf.write(tmp_path / "spm.gguf", writer_type=SentencePiece)
    with Llama(LoadOptions(path, SLOTS, ROOM, 64, num_threads=1)) as spm:
        assert b"".join(spm.piece(token) for token in spm.tokenize("b")) == b" b"
        both = SentencePiece.words.index("ab")
        asked = Request(
            1, (5, 6), 9, replace(GREEDY, logit_bias=((both, 50.0),)), grammar=Grammar('root ::= "ba"', ("a",))
        )
        events = run(spm, asked)
        assert "".join(event.text for event in events if isinstance(event, Delta)) == "aba"


def test_a_text_after_a_trigger_that_its_grammar_does_not_allow_fails(llama: Llama) -> None:
    """It fails closed: whoever asked for a form is never given something else in its place."""
    (token,) = llama.tokenize("<|im_start|>", add_special=False)
    pushed = replace(GREEDY, logit_bias=((token, 50.0),))
    for rule, works in (('root ::= "start|>x"', True), ('root ::= "x"', False)):
        asked = ask(llama, pushed, grammar=Grammar(rule, triggers=("<|im_",)), show_special=True)
        events = run(llama, asked)
        assert [isinstance(events[-1], Finished), isinstance(events[-1], Failed)] == [works, not works]
