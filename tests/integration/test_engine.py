"""The engine on the real llama.cpp, with a tiny model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve.engine.engine import Engine, Limits
from serve.engine.errors import LoadError
from serve.engine.types import (
    Delta,
    Event,
    Failed,
    Finished,
    FinishReason,
    Grammar,
    LoadOptions,
    Request,
    Sampling,
)
from tests.helpers import tiny_gguf

if TYPE_CHECKING:
    from serve.engine.llama.backend import Llama

pytestmark = pytest.mark.engine

NUM_SLOTS, SEQUENCE_TOKENS, STEP_TOKENS = 4, 256, 32
GREEDY = Sampling(temperature=0)
PROMPTS = ("The quick brown fox", "Größe und Straße 😀", "a", "one two three four five six seven eight nine ten " * 3)


def options(path: Path) -> LoadOptions:
    """A small context."""
    return LoadOptions(path, NUM_SLOTS, SEQUENCE_TOKENS, STEP_TOKENS, num_threads=1)


@pytest.fixture(scope="module")
def llama(tiny_model: Path) -> Iterator[Llama]:
    """The loaded tiny model."""
    from serve.engine.llama.backend import Llama

    with Llama(options(tiny_model)) as loaded:
        yield loaded


def make(llama: Llama, step_tokens: int = STEP_TOKENS) -> Engine:
    """A new engine over the loaded model."""
    limits = Limits(NUM_SLOTS, SEQUENCE_TOKENS, NUM_SLOTS * SEQUENCE_TOKENS, step_tokens, max_waiting=100)
    return Engine(llama, limits)


def run(engine: Engine) -> list[Event]:
    """Until nothing is left."""
    events: list[Event] = []
    while not engine.is_idle:
        events += engine.step()
    return events


def generate(llama: Llama, *requests: Request, step_tokens: int = STEP_TOKENS) -> dict[int, str]:
    """All together; the text of each."""
    engine, texts = make(llama, step_tokens), defaultdict[int, str](str)
    for request in requests:
        engine.submit(request)
    for event in run(engine):
        assert not isinstance(event, Failed), event
        if isinstance(event, Delta):
            texts[event.id] += event.text
    return texts


def ask(llama: Llama, number: int, prompt: str, sampling: Sampling = GREEDY, num: int = 24) -> Request:
    """A request that always yields `num` tokens."""
    return Request(number, llama.tokenize(prompt), num, sampling, ignore_eos=True)


def test_a_batch_says_what_each_says_alone(llama: Llama) -> None:
    """Greedy answers of sequences that run together equal those of single runs, also with more of them than slots."""
    requests = [ask(llama, number, prompt) for number, prompt in enumerate(PROMPTS * 2)]
    together = generate(llama, *requests)
    for request in requests:
        assert together[request.id] == generate(llama, request)[request.id]
    assert len(set(together.values())) == len(PROMPTS)


def test_a_prompt_in_many_chunks_says_what_it_says_in_one(llama: Llama) -> None:
    """How a prompt is cut into steps does not change the answer."""
    long = ask(llama, 1, "abcdefghij" * 3)
    assert len(long.prompt) > 20
    assert generate(llama, long, step_tokens=5) == generate(llama, long, step_tokens=STEP_TOKENS)


def test_the_same_seed_gives_the_same_answer_and_another_one_another(llama: Llama) -> None:
    """Sampling follows the seed, whoever else is in the batch."""
    seven = Sampling(temperature=1.5, seed=7)
    requests = [ask(llama, 1, "a", seven), ask(llama, 2, "a", seven), ask(llama, 3, "a", Sampling(1.5, seed=8))]
    texts = generate(llama, *requests)
    assert texts[1] == texts[2] != texts[3]


def test_a_logit_bias_decides(llama: Llama) -> None:
    """A token that is pushed far up is the one that comes."""
    (token,) = llama.tokenize("x")
    biased = ask(llama, 1, "a", Sampling(temperature=0, logit_bias=((token, 100.0),)), num=5)
    assert generate(llama, biased)[1] == "xxxxx"


def test_a_token_outside_the_vocabulary_in_the_bias_is_ignored(llama: Llama) -> None:
    """It can't come, so there is nothing to push; it must not reach memory that is not its own."""
    biased = ask(llama, 1, "a", Sampling(temperature=0, logit_bias=((10**6, 100.0), (-1, 5.0))))
    assert generate(llama, biased) == generate(llama, ask(llama, 1, "a"))


def test_penalties_break_a_repetition(llama: Llama) -> None:
    """What was said is said less."""
    (token,) = llama.tokenize("x")
    bias = ((token, 15.0),)
    plain = generate(llama, ask(llama, 1, "a", Sampling(temperature=0, logit_bias=bias)))[1]
    less = Sampling(temperature=0, logit_bias=bias, presence_penalty=2.0, frequency_penalty=2.0)
    assert plain.count("x") > generate(llama, ask(llama, 1, "a", less))[1].count("x")


def test_the_end_token_ends_the_answer(llama: Llama) -> None:
    """The model's own end of turn is the reason `stop`, and says nothing."""
    (end,) = llama.tokenize("<|im_end|>")
    engine = make(llama)
    engine.submit(Request(1, llama.tokenize("a"), 9, Sampling(temperature=0, logit_bias=((end, 100.0),))))
    assert run(engine) == [Finished(1, FinishReason.STOP, 1, 1)]


def test_a_sequence_that_cannot_be_decoded_fails_alone(llama: Llama) -> None:
    """A token that does not exist breaks its own sequence; the others say what they say alone."""
    engine = make(llama)
    good = [ask(llama, number, prompt) for number, prompt in enumerate(PROMPTS[:3])]
    for request in (*good, Request(9, (10**6,), 5)):
        engine.submit(request)
    events = run(engine)
    assert [e.id for e in events if isinstance(e, Failed)] == [9]
    texts = defaultdict[int, str](str)
    for event in events:
        if isinstance(event, Delta):
            texts[event.id] += event.text
    assert texts == generate(llama, *good)


def test_cancel_in_the_middle_leaves_a_clean_slot(llama: Llama) -> None:
    """Whoever gets the slot next sees nothing of the one before."""
    engine = make(llama)
    engine.submit(ask(llama, 1, "something else entirely"))
    for _ in range(5):
        engine.step()
    engine.cancel(1)
    assert engine.is_idle
    engine.submit(ask(llama, 2, "The quick brown fox"))
    text = "".join(event.text for event in run(engine) if isinstance(event, Delta))
    assert text == generate(llama, ask(llama, 2, "The quick brown fox"))[2]


@pytest.mark.parametrize("text", ["", "hello", "Größe 😀", "a\x00b", "<|im_start|>user", "\ud800"])
def test_tokens_give_their_text_back(llama: Llama, text: str) -> None:
    """Byte-level: what goes in comes out, except control tokens, which are not text."""
    raw = b"".join(llama.piece(token) for token in llama.tokenize(text))
    assert raw == text.replace("<|im_start|>", "").encode("utf-8", "replace")


@given(st.lists(st.one_of(st.sampled_from([*tiny_gguf.SPECIAL, " the", " "]), st.text(max_size=5)), max_size=30))
@settings(deadline=None)
def test_no_token_stands_for_more_bytes_than_the_longest(llama: Llama, pieces: list[str]) -> None:
    """The bound that long prompts are refused by never refuses one that fits."""
    text, longest = "".join(pieces), llama.model.longest_token_bytes()
    assert longest is not None
    assert len(text.encode("utf-8", "replace")) <= len(llama.tokenize(text)) * longest


def test_the_model_says_what_it_is(llama: Llama) -> None:
    """Template, special tokens and sizes come from the file."""
    info = llama.info()
    assert info.chat_template == tiny_gguf.CHAT_TEMPLATE
    assert (info.bos, info.eos, info.adds_bos) == ("<|endoftext|>", "<|im_end|>", False)
    assert info.trained_context_tokens == tiny_gguf.CONTEXT_TOKENS
    assert llama.model.longest_token_bytes() == len("<|endoftext|>")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: raw[: len(raw) // 2], "is not within the file bounds"),
        (lambda raw: raw[:100], "failed to"),
        (lambda raw: b"this is no model at all" * 1000, "invalid magic"),
        (lambda raw: b"", "failed to"),
    ],
    ids=["truncated", "only-a-header", "garbage", "empty"],
)
def test_a_broken_file_is_one_clear_line(tiny_model: Path, tmp_path: Path, damage: object, words: str) -> None:
    """The error names the file and says what llama.cpp found first."""
    from serve.engine.llama.backend import Llama

    broken = tmp_path / "broken.gguf"
    broken.write_bytes(damage(tiny_model.read_bytes()))  # type: ignore[operator]
    with pytest.raises(LoadError, match=words) as caught:
        Llama(options(broken))
    assert str(caught.value).startswith(f"{broken} can't be loaded: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path, tiny_model: Path) -> None:
    """Before llama.cpp is asked at all."""
    from serve.engine.llama.backend import Llama

    with pytest.raises(LoadError, match=r"the weights file .*absent\.gguf is missing"):
        Llama(options(tmp_path / "absent.gguf"))


def test_loading_tells_its_progress(tiny_model: Path) -> None:
    """From nothing to all."""
    from serve.engine.llama.backend import Llama

    shares: list[float] = []
    with Llama(options(tiny_model), shares.append):
        assert shares == sorted(shares)
        assert shares[-1] == 1.0


@pytest.mark.parametrize("shown", [False, True])
def test_a_grammar_means_control_tokens_only_where_they_are_shown(llama: Llama, shown: bool) -> None:
    """Else a client would miss text that the grammar counts. Shown, one token is enough; hidden, its letters are."""
    grammar = Grammar('root ::= "<|im_start|>x"')
    bias = ((llama.tokenize("<|im_start|>", add_special=False)[0], 50.0),)
    request = Request(
        0,
        llama.tokenize("a"),
        max_tokens=40,
        sampling=replace(GREEDY, logit_bias=bias),
        grammar=grammar,
        show_special=shown,
    )
    engine = make(llama)
    engine.submit(request)
    events = run(engine)
    assert "".join(event.text for event in events if isinstance(event, Delta)) == "<|im_start|>x"
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert (finished.num_generated_tokens <= 3) == shown


@pytest.mark.usefixtures("tiny_model")
def test_a_model_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    """llama.cpp loads it, and ends the process at the first text."""
    from gguf import GGUFWriter

    from serve.engine.llama.backend import Llama

    class NoTokenizer(GGUFWriter):
        def add_tokenizer_model(self, model: str) -> None:
            super().add_tokenizer_model("no_vocab")

    path = tiny_gguf.write(tmp_path / "none.gguf", writer_type=NoTokenizer)
    with pytest.raises(LoadError, match=r"none\.gguf can't be served: it has no tokenizer"):
        Llama(options(path))


def test_more_tokens_than_llamacpp_can_count_are_refused(tiny_model: Path) -> None:
    """It would take the size for a small one."""
    from serve.engine.llama.backend import Llama

    huge = replace(options(tiny_model), sequence_tokens=2**30 + 1)
    with pytest.raises(LoadError, match=r"4 slots of 1073741825 tokens .* made room for 1024 in all"):
        Llama(huge)
