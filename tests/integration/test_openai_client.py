"""OpenAI's own client on the real server with a tiny model: chats, completions, models, embeddings, errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.helpers.clients import GOES_ON, HELLO, SCHEMA, Number, openai_client
from tests.helpers.running_server import RunningServer

pytestmark = pytest.mark.engine

NESTED: Any = {"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}}


@pytest.fixture
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    """OpenAI's client."""
    with openai_client(server) as connected:
        yield connected


def test_a_chat_is_parsed(client: openai.OpenAI) -> None:
    """The client's helper for structured output, and for the calls of tools."""
    parsed = client.chat.completions.parse(model="tiny", messages=HELLO, response_format=Number, max_tokens=400)
    assert isinstance(parsed.choices[0].message.parsed, Number)
    tool = openai.pydantic_function_tool(Number, name="f")
    called = client.chat.completions.parse(
        model="tiny", messages=HELLO, tools=[tool], tool_choice="required", max_tokens=400
    )
    calls = called.choices[0].message.tool_calls
    assert calls
    assert isinstance(calls[0].function.parsed_arguments, Number)


def test_the_helper_for_chats_comes_to_its_final_completion(client: openai.OpenAI) -> None:
    """With the usage that was asked for."""
    with client.chat.completions.stream(
        model="tiny",
        messages=HELLO,
        max_tokens=400,
        response_format=Number,
        stream_options={"include_usage": True},
    ) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        final = stream.get_final_completion()
    assert final.choices[0].message.parsed == Number.model_validate_json(text)
    assert final.usage is not None
    assert final.usage.total_tokens == final.usage.prompt_tokens + final.usage.completion_tokens


def test_a_call_and_its_result_go_round_in_a_chat(client: openai.OpenAI) -> None:
    """The answer's own message comes back."""
    asked: Any = {"model": "tiny", "tools": [NESTED], "max_tokens": 400}
    first = client.chat.completions.create(
        **asked, messages=HELLO, tool_choice="required", parallel_tool_calls=False
    ).choices[0]
    assert first.finish_reason == "tool_calls"
    (call,) = first.message.tool_calls or []
    result = {"role": "tool", "tool_call_id": call.id, "content": "5"}
    messages: Any = [*HELLO, first.message.model_dump(exclude_unset=True), result]
    second = client.chat.completions.create(**asked, messages=messages, tool_choice="none").choices[0]
    assert second.message.tool_calls is None


def test_everything_else_is_of_the_clients_own_types(client: openai.OpenAI) -> None:
    """Models, completions, embeddings."""
    assert client.models.list().data[0] == client.models.retrieve("tiny")
    whole = client.completions.create(model="tiny", prompt="one", max_tokens=4, logprobs=1, extra_body=GOES_ON)
    assert whole.choices[0].logprobs is not None
    assert len(whole.choices[0].logprobs.tokens or ()) == 4
    assert len(client.embeddings.create(model="tiny", input=["a", "b"], encoding_format="float").data) == 2


def test_a_stream_of_choices_with_scores_is_of_the_clients_own_types(client: openai.OpenAI) -> None:
    """Each chunk; the last one has the usage."""
    chunks = list(
        client.chat.completions.create(
            model="tiny",
            messages=HELLO,
            n=2,
            logprobs=True,
            top_logprobs=2,
            max_tokens=4,
            stream=True,
            stream_options={"include_usage": True},
            extra_body=GOES_ON,
        )
    )
    scores = [score for c in chunks for each in c.choices if each.logprobs for score in each.logprobs.content or ()]
    assert len(scores) == 8
    assert chunks[-1].usage is not None
    assert (chunks[-1].choices, chunks[-1].usage.completion_tokens) == ([], 8)


def test_a_model_that_is_not_there_is_the_clients_own_error(client: openai.OpenAI) -> None:
    """In all of the API."""
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="nope", input="Hello")
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nope")
