"""OpenAI's own client on the real server with a tiny model: every answer is checked against the client's own types.

Strict validation makes the client refuse what its types do not allow, instead of passing it on.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import openai
import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import BaseModel, Field, TypeAdapter

from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
GOES_ON: Any = {"ignore_eos": True}
"""A model of chance would end its answer at any token."""
HELLO: Any = [{"role": "user", "content": "Hello there"}]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "integer", "minimum": 0, "maximum": 99}},
    "required": ["a"],
    "additionalProperties": False,
}
FLAT: Any = {"type": "function", "name": "f", "parameters": SCHEMA, "strict": True}
NESTED: Any = {"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}}
THINKS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}{# </think> #}"
)
"""A template that opens the thoughts: a model of chance never ends them."""


class Number(BaseModel):
    """What an answer is to be."""

    a: Annotated[int, Field(ge=0, le=99)]


@pytest.fixture
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    """OpenAI's client, strict, that tries once."""
    with connect(server) as connected:
        yield connected


def connect(server: RunningServer) -> openai.OpenAI:
    """A client of this server."""
    url = f"{server.url}/v1"
    return openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=30, _strict_response_validation=True)


# ---- responses ----


def test_a_response_is_of_the_clients_own_type(client: openai.OpenAI) -> None:
    """Text, usage that adds up, and what was asked for told back."""
    found = client.responses.create(
        model="tiny",
        input="Hello",
        instructions="Be brief",
        max_output_tokens=8,
        metadata={"k": "v"},
        extra_body=GOES_ON,
    )
    assert (found.status, found.model, found.metadata) == ("incomplete", "tiny", {"k": "v"})
    assert found.incomplete_details is not None
    assert found.incomplete_details.reason == "max_output_tokens"
    assert found.output_text
    assert found.usage is not None
    assert found.usage.output_tokens == 8
    assert found.usage.total_tokens == found.usage.input_tokens + 8


def test_a_response_says_what_a_chat_says(client: openai.OpenAI) -> None:
    """The same conversation, the same words, the same count."""
    asked: Any = {"model": "tiny", "temperature": 0}
    response = client.responses.create(**asked, input=HELLO, max_output_tokens=12)
    chat = client.chat.completions.create(**asked, messages=HELLO, max_tokens=12)
    assert response.output_text == chat.choices[0].message.content
    assert chat.usage is not None
    assert response.usage is not None
    assert response.usage.input_tokens == chat.usage.prompt_tokens
    counted = client.responses.input_tokens.count(model="tiny", input=HELLO)
    assert counted.input_tokens == response.usage.input_tokens


def test_each_event_of_a_stream_is_of_the_clients_own_type(client: openai.OpenAI) -> None:
    """In order and numbered through."""
    asked: Any = {"model": "tiny", "input": "Hello", "max_output_tokens": 8, "extra_body": GOES_ON}
    events = list(client.responses.create(**asked, stream=True))
    for number, event in enumerate(events):
        EVENT.validate_python(event.model_dump(mode="json", exclude_unset=True), strict=True)
        assert event.sequence_number == number
    assert [event.type for event in events[:4]] == [
        *("response.created", "response.in_progress"),
        *("response.output_item.added", "response.content_part.added"),
    ]
    assert events[-1].type == "response.incomplete"


def test_the_streaming_helper_comes_to_its_final_response(client: openai.OpenAI) -> None:
    """With the parsed object that was asked for."""
    with client.responses.stream(model="tiny", input="Hello", text_format=Number, max_output_tokens=400) as stream:
        deltas = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        final = stream.get_final_response()
    assert final.output_parsed == Number.model_validate_json(deltas)
    assert final.status == "completed"


def test_an_answer_of_a_form_is_parsed(client: openai.OpenAI) -> None:
    """By the client's helper, and as JSON mode."""
    parsed = client.responses.parse(model="tiny", input="Hello", text_format=Number, max_output_tokens=400)
    assert isinstance(parsed.output_parsed, Number)
    loose = client.responses.create(
        model="tiny", input="JSON!", text={"format": {"type": "json_object"}}, max_output_tokens=20
    )
    assert loose.output_text.startswith("{")


def test_a_call_and_its_result_go_round(client: openai.OpenAI) -> None:
    """The answer's own items come back as input, with the result behind them."""
    asked: Any = {"model": "tiny", "tools": [FLAT], "max_output_tokens": 400}
    first = client.responses.create(**asked, input=HELLO, tool_choice="required", parallel_tool_calls=False)
    (call,) = first.output
    assert call.type == "function_call"
    assert isinstance(json.loads(call.arguments)["a"], int)
    told = {"type": "function_call_output", "call_id": call.call_id, "output": "5"}
    items: Any = [*HELLO, *(item.model_dump(exclude_unset=True) for item in first.output), told]
    second = client.responses.create(**asked, input=items, tool_choice="none")
    assert second.output[0].type == "message"


def test_a_streamed_call_is_what_its_deltas_join_to(client: openai.OpenAI) -> None:
    """By name, too."""
    choice: Any = {"type": "function", "name": "f"}
    with client.responses.stream(
        model="tiny", input=HELLO, tools=[FLAT], tool_choice=choice, max_output_tokens=400, temperature=0
    ) as stream:
        joined = "".join(e.delta for e in stream if e.type == "response.function_call_arguments.delta")
        final = stream.get_final_response()
    calls = [item for item in final.output if item.type == "function_call"]
    assert "".join(call.arguments for call in calls) == joined
    assert calls[0].name == "f"


def test_scores_are_told(client: openai.OpenAI) -> None:
    """With the likeliest others."""
    found = client.responses.create(
        model="tiny",
        input="Hello",
        include=["message.output_text.logprobs"],
        top_logprobs=2,
        max_output_tokens=4,
        extra_body=GOES_ON,
    )
    (message,) = found.output
    assert message.type == "message"
    (part,) = message.content
    assert part.type == "output_text"
    assert part.logprobs is not None
    assert [len(score.top_logprobs) for score in part.logprobs] == [2] * 4


def test_thoughts_are_items_and_count(own_folder: Path) -> None:
    """As they are, or as their summary where that is asked for."""
    with RunningServer(own_folder, [model_entry(chat_template=THINKS)]) as server:
        server.wait_for("/health/ready", 200)
        with connect(server) as client:
            asked: Any = {"model": "tiny", "input": "Hello", "max_output_tokens": 8, "extra_body": GOES_ON}
            found = client.responses.create(**asked)
            assert [item.type for item in found.output] == ["reasoning"]
            assert found.usage is not None
            assert 1 <= found.usage.output_tokens_details.reasoning_tokens <= 8
            told = client.responses.create(**asked, reasoning={"summary": "auto"}, stream=True)
            kinds = [event.type for event in told]
            assert "response.reasoning_summary_text.delta" in kinds


def test_a_conversation_that_is_too_long_may_lose_its_beginning(client: openai.OpenAI) -> None:
    """If its client says so; else it is told how long it is."""
    long: Any = [{"role": "user", "content": "word " * 400} for _ in range(8)]
    with pytest.raises(openai.BadRequestError, match="exceeds the available context size"):
        client.responses.create(model="tiny", input=long, max_output_tokens=8)
    found = client.responses.create(model="tiny", input=long, max_output_tokens=8, truncation="auto")
    assert found.usage is not None
    assert 500 < found.usage.input_tokens < 4096
    with pytest.raises(openai.BadRequestError, match="exceeds"):
        client.responses.create(model="tiny", input="word " * 8000, truncation="auto")


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools.0.type"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_not_served_is_the_clients_own_error(
    client: openai.OpenAI, more: dict[str, Any], param: str, stream: bool
) -> None:
    """With the field."""
    with pytest.raises(openai.BadRequestError) as error:
        client.responses.create(model="tiny", input="Hello", stream=stream, **more)
    assert error.value.param == param


# ---- the rest of the API ----


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


def test_an_answer_that_breaks_off_has_failed(own_folder: Path) -> None:
    """The last event of its stream says so, and that it was no mistake of the client's."""
    with RunningServer(own_folder, [model_entry()]) as server:
        server.wait_for("/health/ready", 200)
        with connect(server) as client:
            asked: Any = {"model": "tiny", "input": "Hello", "max_output_tokens": 3000, "extra_body": GOES_ON}
            events = iter(client.responses.create(**asked, stream=True))
            while next(events).type != "response.output_text.delta":
                pass
            (worker,) = server.worker_pids()
            os.kill(worker, signal.SIGKILL)
            *_, last = events
    assert last.type == "response.failed"
    assert last.response.error is not None
    assert last.response.error.code == "server_error"
    assert last.response.output[0].type == "message"


def test_the_asynchronous_client_works_too(server: RunningServer) -> None:
    """Several requests at once over its one pool."""

    async def story() -> list[str]:
        async with openai.AsyncOpenAI(
            base_url=f"{server.url}/v1", api_key="none", max_retries=0, _strict_response_validation=True
        ) as client:
            asked = [client.responses.create(model="tiny", input="Hello", max_output_tokens=4, temperature=0)] * 1
            asked += [client.responses.create(model="tiny", input="Hello", max_output_tokens=4, temperature=0)]
            return [each.output_text for each in await asyncio.gather(*asked)]

    first, second = asyncio.run(story())
    assert first == second != ""


def test_a_model_that_is_not_there_is_the_clients_own_error(client: openai.OpenAI) -> None:
    """In all of the API."""
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model="nope", input="Hello")
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nope")
