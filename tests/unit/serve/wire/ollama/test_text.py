"""Tests of serve.wire.ollama.text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from serve.chat.types import ChatMessage, Conversation, FormKind, ResponseFormat
from serve.errors import InvalidRequestError
from serve.messages import TextPrompt
from serve.wire.ollama.context import pack
from tests.unit.serve.wire.bodies import ENTRY, chat
from tests.unit.serve.wire.ollama.bodies import ollama_chat, ollama_generate

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


def conversation(**fields: Any) -> Conversation:
    """What a request for one answer is made."""
    (request,) = ollama_generate(**fields).to_chat().to_generate(ENTRY)
    assert isinstance(request.prompt, Conversation)
    return request.prompt


def test_a_plain_chat_is_openais() -> None:
    """The same to the last field, however it is said."""
    assert ollama_chat() == chat()
    assert ollama_chat(options={"temperature": 0.5, "seed": 3}) == chat(temperature=0.5, seed=3)


def test_answers_come_in_pieces_unless_it_is_said() -> None:
    """Nothing said is yes."""
    assert [ollama_generate(stream=stream).streams for stream in (None, True, False)] == [True, True, False]
    assert ollama_generate().streams


@pytest.mark.parametrize(
    ("given", "form"),
    [
        (None, ResponseFormat()),
        ("", ResponseFormat()),
        ("json", ResponseFormat(FormKind.JSON)),
        (SCHEMA, ResponseFormat(FormKind.SCHEMA, json.dumps(SCHEMA))),
    ],
)
def test_the_form_of_an_answer(given: Any, form: ResponseFormat) -> None:
    """JSON, or JSON of a schema; for prompts as they are, too."""
    prompt = ollama_chat(format=given).prompt
    assert isinstance(prompt, Conversation)
    assert prompt.response_format == form
    (raw,) = ollama_generate(format=given, raw=True).to_text(ENTRY)
    assert raw.form == form


def test_other_forms_are_refused() -> None:
    """As Ollama does."""
    for given in ("xml", 5, ["json"]):
        with pytest.raises(ValidationError):
            ollama_chat(format=given)


@pytest.mark.parametrize(
    ("think", "told"),
    [
        (None, {}),
        (True, {"enable_thinking": True}),
        (False, {"enable_thinking": False}),
        ("low", {"enable_thinking": True, "reasoning_effort": "low"}),
        ("max", {"enable_thinking": True, "reasoning_effort": "high"}),
    ],
)
def test_whether_to_think_reaches_the_template(think: Any, told: dict[str, Any]) -> None:
    """And how much."""
    prompt = ollama_chat(think=think).prompt
    assert isinstance(prompt, Conversation)
    assert json.loads(prompt.template_kwargs_json) == told


def test_who_asks_for_thoughts() -> None:
    """In so many words: a word for how much is one."""
    assert [ollama_generate(think=each).wants_thoughts for each in (None, False, True, "low")] == [
        False,
        False,
        True,
        True,
    ]
    with pytest.raises(ValidationError):
        ollama_generate(think="a lot")


def test_scores_are_a_wish_and_a_number() -> None:
    """The number alone means nothing, as in Ollama."""
    assert ollama_chat().num_logprobs is None
    assert ollama_chat(top_logprobs=3).num_logprobs is None
    assert ollama_chat(logprobs=True).num_logprobs == 0
    assert ollama_chat(logprobs=True, top_logprobs=3).num_logprobs == 3
    (raw,) = ollama_generate(logprobs=True, top_logprobs=2).to_text(ENTRY)
    assert raw.num_logprobs == 2
    with pytest.raises(ValidationError):
        ollama_chat(logprobs=True, top_logprobs=21)


def test_a_prompt_is_a_conversation_of_one_turn() -> None:
    """After a system message, if there is one."""
    assert conversation().messages == (ChatMessage("user", "Once"),)
    assert conversation(system="S").messages == (ChatMessage("system", "S"), ChatMessage("user", "Once"))


def test_context_is_what_was_said_before() -> None:
    """Another system message takes the place of the earlier one."""
    context = pack([("system", "S"), ("user", "A"), ("assistant", "B")])
    told = (ChatMessage("user", "A"), ChatMessage("assistant", "B"), ChatMessage("user", "Once"))
    assert conversation(context=context).messages == (ChatMessage("system", "S"), *told)
    assert conversation(context=context, system="T").messages == (ChatMessage("system", "T"), *told)
    assert conversation(context=[]).messages == conversation().messages


def test_a_raw_prompt_goes_as_it_is() -> None:
    """With no limit but the room, and none of the model's stop strings: it is no chat."""
    (request,) = ollama_generate(raw=True, prompt="<s> x").to_text(ENTRY)
    assert (request.prompt, request.max_tokens, request.stop) == (TextPrompt(("<s> x",)), None, ())


def test_without_a_template_a_conversation_is_its_texts() -> None:
    """One after the other."""
    (request,) = ollama_generate(system="S").to_text(ENTRY)
    assert request.prompt == TextPrompt(("S\n\nOnce",))


@pytest.mark.parametrize("more", [{"system": "S"}, {"context": pack([("user", "A")])}])
def test_a_raw_prompt_is_all_there_is(more: dict[str, Any]) -> None:
    """Ollama refuses that, too."""
    with pytest.raises(InvalidRequestError, match="raw is true"):
        ollama_generate(raw=True, **more).to_text(ENTRY)


@pytest.mark.parametrize(("field", "value"), [("suffix", "end"), ("template", "{{ .Prompt }}"), ("images", ["aGk="])])
def test_what_is_not_served_is_refused_by_its_name(field: str, value: Any) -> None:
    """However the prompt goes; nothing in it asks for nothing."""
    with pytest.raises(InvalidRequestError, match=f"{field} is"):
        conversation(**{field: value})
    with pytest.raises(InvalidRequestError, match=f"{field} is"):
        ollama_generate(raw=True, **{field: value}).to_text(ENTRY)
    assert conversation(**{field: type(value)()}) == conversation(**{field: None})


def test_unknown_fields_are_ignored() -> None:
    """As Ollama does; so are those of older clients."""
    assert ollama_chat(truncate=True, shift=True, nonsense=1) == ollama_chat()
