"""Tests of serve.prompts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from serve.chat.template import ChatTemplate
from serve.chat.types import ChatMessage
from serve.engine.types import FailureKind, LoadError, ModelInfo, RefusedError, Sampling
from serve.messages import Generate, GenerateRequest
from serve.prompts import Prompts, make_prompts

INFO = ModelInfo(1, 1, chat_template="own", bos="<s>", eos="</s>", adds_bos=True)


def tokenize(text: str) -> tuple[int, ...]:
    """One token per character, after one that begins the text."""
    return (0, *map(ord, text))


def template(source: str) -> ChatTemplate:
    """A template that knows the beginning of text."""
    return ChatTemplate(source, bos="<s>", eos="</s>", now=lambda: datetime.now(tz=UTC))


def test_a_text_is_tokenized_as_it_is() -> None:
    """All that the request says goes with it."""
    request = GenerateRequest(text="ab", max_tokens=3, sampling=Sampling(seed=1), stop=("x",), ignore_eos=True)
    found = Prompts(tokenize, None, "").prepare(Generate(7, request))
    assert (found.id, found.prompt, found.max_tokens) == (7, (0, 97, 98), 3)
    assert (found.sampling, found.stop, found.ignore_eos) == (Sampling(seed=1), ("x",), True)
    assert not found.skip_first_space


def test_a_conversation_goes_through_the_template_and_begins_once() -> None:
    """What the tokenizer puts in front is taken out of the template's text."""
    messages = (ChatMessage("user", "a"),)
    prompts = Prompts(tokenize, template("{{ bos_token }}{{ messages[0].content }}"), "<s>")
    found = prompts.prepare(Generate(7, GenerateRequest(messages=messages)))
    assert found.prompt == (0, 97)
    assert found.skip_first_space


def test_without_a_template_a_conversation_is_refused_with_the_way_out() -> None:
    """Base models have none."""
    with pytest.raises(RefusedError, match=r"set chat_template in its models\.json entry, or use /v1/completions"):
        Prompts(tokenize, None, "").prepare(Generate(7, GenerateRequest(messages=(ChatMessage("user", "a"),))))


@pytest.mark.parametrize(("override", "text"), [(None, "own"), ("other", "other"), ("", "")])
def test_the_template_of_models_json_wins(override: str | None, text: str) -> None:
    """None means the file's own; an empty one is one, too."""
    prompts = make_prompts(tokenize, INFO, override, 64, lambda: 15)
    assert prompts.template is not None
    assert prompts.template.render((ChatMessage("user", "a"),)) == text


def test_a_broken_template_is_a_broken_model() -> None:
    """Told when it loads."""
    with pytest.raises(LoadError, match="not valid Jinja"):
        make_prompts(tokenize, INFO, "{% for %}", 64, lambda: 3)


@pytest.mark.parametrize(
    ("text", "fits"), [("a" * 960, True), ("a" * 961, False), ("ä" * 480, True), ("ä" * 481, False)]
)
def test_a_text_that_can_never_fit_is_not_even_tokenized(text: str, fits: bool) -> None:
    """64 tokens of at most 15 bytes are at most 960 bytes; the beginning of text is not the client's."""
    tokenized: list[str] = []

    def remember(text: str) -> tuple[int, ...]:
        tokenized.append(text)
        return (1,)

    prompts = make_prompts(remember, INFO, None, 64, lambda: 15)
    message = Generate(7, GenerateRequest(text="<s>" + text))
    if fits:
        assert prompts.prepare(message).prompt == (1,)
    else:
        with pytest.raises(RefusedError, match=r"the prompt has \d+ bytes: this model has room for 960") as caught:
            prompts.prepare(message)
        assert caught.value.kind is FailureKind.TOO_LONG
    assert bool(tokenized) == fits


def test_where_bytes_say_nothing_about_tokens_the_tokenizer_decides() -> None:
    """A tokenizer that rewrites its text may make it shorter."""
    prompts = make_prompts(tokenize, INFO, None, 64, lambda: None)
    assert len(prompts.prepare(Generate(7, GenerateRequest(text="a" * 1000))).prompt) == 1001
