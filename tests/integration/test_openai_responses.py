"""OpenAI's own client on the real server with a tiny model: responses, whole and streamed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from tests.helpers.clients import GOES_ON, HELLO, SCHEMA, THINKS, Number, openai_client
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
FLAT: Any = {"type": "function", "name": "f", "parameters": SCHEMA, "strict": True}


@pytest.fixture
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    """OpenAI's client."""
    with openai_client(server) as connected:
        yield connected


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
        with openai_client(server) as client:
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


def test_an_answer_that_breaks_off_has_failed(own_folder: Path) -> None:
    """The last event of its stream says so, and that it was no mistake of the client's."""
    with RunningServer(own_folder, [model_entry()]) as server:
        server.wait_for("/health/ready", 200)
        with openai_client(server) as client:
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
