"""Tests of serve.worker.prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from serve.chat.types import ChatMessage, Conversation, FormKind, ResponseFormat
from serve.engine.errors import LoadError, RefusedError
from serve.engine.types import (
    Adapter,
    FailureKind,
    ModelInfo,
    Request,
    Sampling,
    Task,
)
from serve.messages import (
    Generate,
    GenerateRequest,
    PairPrompt,
    Prepared,
    TextPrompt,
    Tokenize,
    Tokenized,
)
from serve.worker.prompts import Prompts, TooManyBytesError, make_prompts

INFO = ModelInfo(1, 1, chat_template="own", bos="<s>", eos="</s>", adds_bos=True, num_vocab=1000)
BOS, EOS, SEP = 0, 1, 2
CONTROL = {"<s>": BOS, "</s>": EOS, "<sep>": SEP}
HELLO = (ChatMessage("user", "a"),)


class Vocabulary:
    """One token per character, and three control tokens."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def tokenize(self, text: str, *, add_special: bool = True, parse_special: bool = True) -> tuple[int, ...]:
        """Remembers what it was asked."""
        self.seen.append(text)
        start = (BOS,) if add_special else ()
        if parse_special and text in CONTROL:
            return (*start, CONTROL[text])
        return (*start, *map(ord, text))

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The character."""
        return chr(token).encode()


def prompts(template: str | None = None, **changes: Any) -> Prompts:
    """For a model with this template."""
    info = replace(INFO, chat_template=template, **changes)
    return make_prompts(Vocabulary(), info, None, 64, lambda: None)


def prepare(made: Prompts, prompt: TextPrompt | PairPrompt | Conversation, **fields: Any) -> Request:
    """The engine's request."""
    return made.prepare(Generate(7, GenerateRequest(prompt, **fields)))[0]


def test_a_text_is_tokenized_as_it_is() -> None:
    """All that the request says goes with it."""
    found = prepare(
        prompts(),
        TextPrompt(("ab",)),
        max_tokens=3,
        sampling=Sampling(seed=1),
        stop=("x",),
        ignore_eos=True,
        num_choices=2,
        num_logprobs=5,
        scores_prompt=True,
        adapters=(Adapter("l", 0.5),),
        priority=3,
        wait_s=1.5,
        num_draft_tokens=4,
        task=Task.EMBED,
    )
    assert found == Request(
        id=7,
        prompt=(BOS, 97, 98),
        max_tokens=3,
        sampling=Sampling(seed=1),
        stop=("x",),
        ignore_eos=True,
        task=Task.EMBED,
        num_choices=2,
        num_logprobs=5,
        scores_prompt=True,
        adapters=(Adapter("l", 0.5),),
        priority=3,
        wait_s=1.5,
        num_draft_tokens=4,
    )


@pytest.mark.parametrize(
    ("parts", "tokens"),
    [
        ((5, 6), (5, 6)),
        (("a", 5, "b"), (BOS, 97, 5, 98)),
        ((5, "a", "b"), (5, 97, 98)),
    ],
)
def test_texts_and_tokens_may_be_mixed(parts: tuple[str | int, ...], tokens: tuple[int, ...]) -> None:
    """Only a text at the very beginning gets what the model wants there."""
    assert prepare(prompts(), TextPrompt(parts)).prompt == tokens


def test_a_token_that_is_not_there_is_refused() -> None:
    """llama.cpp would read outside of its table."""
    with pytest.raises(RefusedError, match="there is no token 1000: this model has 1000"):
        prepare(prompts(), TextPrompt((1000,)))
    with pytest.raises(RefusedError, match="there is no token 1000"):
        prompts().detokenize((1000,))


@pytest.mark.parametrize(
    ("changes", "tokens"),
    [
        ({"adds_eos": True, "sep": "<sep>"}, (BOS, 113, EOS, SEP, 100, EOS)),
        ({"adds_eos": True}, (BOS, 113, EOS, 100, EOS)),
        ({"adds_bos": False, "adds_eos": False}, (113, 100)),
        ({"adds_eos": True, "eos": "", "sep": "<sep>"}, (BOS, 113, SEP, SEP, 100, SEP)),
    ],
)
def test_a_pair_is_put_together_as_the_model_learned_it(changes: dict[str, Any], tokens: tuple[int, ...]) -> None:
    """[beginning] query [end] [separator] document [end], each where the model has it."""
    assert prepare(prompts(ranks=True, **changes), PairPrompt("q", "d"), task=Task.EMBED).prompt == tokens


def test_what_a_model_was_not_made_for_is_refused() -> None:
    """Its numbers would mean nothing."""
    with pytest.raises(RefusedError, match="can't rank") as caught:
        prepare(prompts(), PairPrompt("q", "d"), task=Task.EMBED)
    assert caught.value.kind is FailureKind.UNSUPPORTED
    with pytest.raises(RefusedError, match="only makes embeddings"):
        prepare(prompts(generates=False), TextPrompt(("a",)))
    assert prepare(prompts(generates=False), TextPrompt(("a",)), task=Task.EMBED).task is Task.EMBED


def test_biases_for_texts_hold_for_their_tokens() -> None:
    """Beside those that are for tokens already."""
    found = prepare(prompts(), TextPrompt(("a",)), sampling=Sampling(logit_bias=((5, 1.0),)), text_bias=(("ab", -2.0),))
    assert found.sampling.logit_bias == ((5, 1.0), (97, -2.0), (98, -2.0))


@pytest.mark.parametrize(
    ("form", "rule"),
    [
        (ResponseFormat(FormKind.JSON), "root ::="),
        (ResponseFormat(FormKind.SCHEMA, '{"const": 42}'), "42"),
        (ResponseFormat(FormKind.GRAMMAR, 'root ::= "a"'), 'root ::= "a"'),
        (ResponseFormat(FormKind.REGEX, "[ab]"), "[a-b]"),
    ],
)
@pytest.mark.parametrize("prompt", [TextPrompt(("a",)), None])
def test_the_form_of_an_answer_becomes_a_grammar(form: ResponseFormat, rule: str, prompt: TextPrompt | None) -> None:
    """Of a text and of a chat."""
    made = prompts("{{ messages[0].content }}")
    found = prepare(made, prompt or Conversation(HELLO, response_format=form), form=form)
    assert found.grammar is not None
    assert rule in found.grammar.text


@pytest.mark.parametrize(
    "form",
    [
        ResponseFormat(FormKind.SCHEMA, '{"type": 5}'),
        ResponseFormat(FormKind.SCHEMA, "{"),
        ResponseFormat(FormKind.GRAMMAR, "root ::= this is (not valid"),
        ResponseFormat(FormKind.REGEX, "("),
    ],
)
def test_a_form_that_cannot_be_held_is_refused(form: ResponseFormat) -> None:
    """Nothing is generated without what was asked for."""
    with pytest.raises(RefusedError) as caught:
        prepare(prompts(), TextPrompt(("a",)), form=form)
    assert caught.value.kind is FailureKind.BAD_GRAMMAR
    with pytest.raises(RefusedError):
        prepare(prompts("{{ messages[0].content }}"), Conversation(HELLO, response_format=form))


def test_a_conversation_goes_through_the_template_and_begins_once() -> None:
    """What the tokenizer puts in front is taken out of the template's text."""
    found = prepare(prompts("{{ bos_token }}{{ messages[0].content }}"), Conversation(HELLO))
    assert found.prompt == (BOS, 97)
    assert found.skip_first_space


def test_whoever_reads_the_answer_is_told_what_it_must_know() -> None:
    """Of a plain prompt nothing; the prompt itself only when asked."""
    plain = prompts("{{ messages[0].content }}")
    assert plain.prepare(Generate(7, GenerateRequest(TextPrompt(("a",)))))[1] is None
    echo = plain.prepare(Generate(7, GenerateRequest(TextPrompt(("a", 98)), echoes=True)))[1]
    assert echo == Prepared(7, echo="ab")
    thinks = prompts("{{ messages[0].content }}<think>")
    told = thinks.prepare(Generate(7, GenerateRequest(Conversation(HELLO), echoes=True)))[1]
    assert told is not None
    assert (told.opened, told.echo) == ("<think>", "a<think>")
    assert told.format != "plain"


def test_without_a_template_a_conversation_is_refused_with_the_way_out() -> None:
    """Base models have none."""
    for ask in (lambda: prepare(prompts(), Conversation(HELLO)), lambda: prompts().render(Conversation(HELLO))):
        with pytest.raises(RefusedError, match=r"set chat_template in its models\.json entry, or use /v1/completions"):
            ask()


def test_texts_and_tokens_are_told_in_both_directions() -> None:
    """For whoever counts tokens."""
    made = prompts()
    assert made.tokenized(Tokenize(1, "ab", adds_special=False, parses_special=True)) == Tokenized(
        1, (97, 98), (b"a", b"b")
    )
    assert made.detokenize((97, 98)) == "ab"


@pytest.mark.parametrize(("override", "text"), [(None, "own"), ("other", "other"), ("", "")])
def test_the_template_of_models_json_wins(override: str | None, text: str) -> None:
    """None means the file's own; an empty one is one, too."""
    made = make_prompts(Vocabulary(), INFO, override, 64, lambda: None)
    assert made.render(Conversation(HELLO)) == text


def test_a_broken_template_is_a_broken_model() -> None:
    """Told when it loads."""
    with pytest.raises(LoadError, match="not valid Jinja"):
        make_prompts(Vocabulary(), INFO, "{% for %}", 64, lambda: None)


@pytest.mark.parametrize(
    ("text", "fits"), [("a" * 960, True), ("a" * 961, False), ("ä" * 480, True), ("ä" * 481, False)]
)
def test_a_text_that_can_never_fit_is_not_even_tokenized(text: str, fits: bool) -> None:
    """64 tokens of at most 15 bytes are at most 960 bytes; the beginning of text is not the client's."""
    vocabulary = Vocabulary()
    made = make_prompts(vocabulary, replace(INFO, chat_template=None), None, 64, lambda: 15)
    prompt = TextPrompt(("<s>" + text,))
    if fits:
        assert prepare(made, prompt).prompt[0] == BOS
    else:
        with pytest.raises(RefusedError, match=r"the prompt has \d+ bytes: this model has room for 960") as caught:
            prepare(made, prompt)
        assert caught.value.kind is FailureKind.TOO_LONG
        assert isinstance(caught.value, TooManyBytesError)
        assert caught.value.num_prompt_tokens == 65
    assert bool(vocabulary.seen) == fits


def test_where_bytes_say_nothing_about_tokens_the_tokenizer_decides() -> None:
    """A tokenizer that rewrites its text may make it shorter."""
    assert len(prepare(prompts(), TextPrompt(("a" * 1000,))).prompt) == 1001
