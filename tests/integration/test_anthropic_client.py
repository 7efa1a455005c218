"""Anthropic's own client on the real server with a tiny model: answers are checked against the client's own types."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import anthropic
import pytest
from pydantic import BaseModel

from tests.helpers.clients import GREEDY, HELLO, SCHEMA, THINKS, anthropic_client
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine

TOOL: Any = {"name": "f", "description": "d", "input_schema": SCHEMA, "cache_control": {"type": "ephemeral"}}
PICTURE: Any = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


class Choice(BaseModel):
    """What an answer is to be. The client takes bounds of numbers out of a schema, but not choices."""

    a: Literal["left", "right"]


@pytest.fixture
def client(server: RunningServer) -> Iterator[anthropic.Anthropic]:
    """Anthropic's client."""
    with anthropic_client(server) as connected:
        yield connected


def ask(client: anthropic.Anthropic, **more: Any) -> anthropic.types.Message:
    """One request."""
    asked: Any = {"model": "tiny", "max_tokens": 8, "messages": HELLO} | more
    found: anthropic.types.Message = client.messages.create(**asked)
    return found


def test_a_message_is_of_the_clients_own_type(client: anthropic.Anthropic) -> None:
    """Text, the reason for its end, and usage."""
    system: Any = [{"type": "text", "text": "Be brief", "cache_control": {"type": "ephemeral"}}]
    sampling = GREEDY | {"top_k": 5, "top_p": 0.9}
    found = ask(client, system=system, metadata={"user_id": "u"}, extra_body=sampling)
    (block,) = found.content
    assert block.type == "text"
    assert block.text
    assert (found.model, found.role, found.stop_reason) == ("tiny", "assistant", "max_tokens")
    assert found._request_id
    assert found.usage.output_tokens == 8


def test_what_was_in_the_cache_is_counted_beside_the_rest(client: anthropic.Anthropic) -> None:
    """Both together are what counting says before."""
    messages: Any = [{"role": "user", "content": "a prompt of Anthropic's client that comes twice " * 4}]
    counted = client.messages.count_tokens(model="tiny", messages=messages).input_tokens
    usages = [ask(client, messages=messages).usage for _ in range(2)]
    cached = [usage.cache_read_input_tokens or 0 for usage in usages]
    assert [usage.input_tokens + num for usage, num in zip(usages, cached, strict=True)] == [counted] * 2
    assert cached[1] > counted // 2


def test_the_streaming_helper_comes_to_its_final_message(client: anthropic.Anthropic) -> None:
    """The same as without a stream."""
    whole = ask(client, extra_body=GREEDY)
    with client.messages.stream(model="tiny", max_tokens=8, messages=HELLO, extra_body=GREEDY) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert final.content[0].model_dump(exclude={"parsed_output"}) == whole.content[0].model_dump()
    assert text == stream.get_final_text()
    assert (final.stop_reason, final.usage.output_tokens) == (whole.stop_reason, 8)


def test_each_event_of_a_stream_is_of_the_clients_own_type(client: anthropic.Anthropic) -> None:
    """In Anthropic's order; pings are passed over by the client."""
    events = list(client.messages.create(model="tiny", max_tokens=4, messages=HELLO, stream=True))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_a_call_and_its_result_go_round(client: anthropic.Anthropic) -> None:
    """The answer's own blocks come back, with the result behind them."""
    choice = {"type": "any", "disable_parallel_tool_use": True}
    first = ask(client, tools=[TOOL], tool_choice=choice, max_tokens=400)
    (call,) = first.content
    assert call.type == "tool_use"
    assert (call.name, first.stop_reason) == ("f", "tool_use")
    assert isinstance(call.input["a"], int)
    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "5"}]}
    messages: Any = [
        *HELLO,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result, {"type": "text", "text": "And?"}]},
    ]
    second = ask(client, messages=messages, tools=[TOOL], tool_choice={"type": "none"})
    assert second.content[0].type == "text"


def test_a_streamed_call_is_what_its_deltas_join_to(client: anthropic.Anthropic) -> None:
    """By name, too."""
    with client.messages.stream(
        model="tiny", max_tokens=400, messages=HELLO, tools=[TOOL], tool_choice={"type": "tool", "name": "f"}
    ) as stream:
        joined: dict[int, str] = {}
        for event in stream:
            if event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                joined[event.index] = joined.get(event.index, "") + event.delta.partial_json
        final = stream.get_final_message()
    for index, block in enumerate(final.content):
        assert block.type == "tool_use"
        assert block.input == json.loads(joined[index])


def test_an_answer_of_a_form_is_parsed(client: anthropic.Anthropic) -> None:
    """Whole and streamed."""
    asked: Any = {"model": "tiny", "max_tokens": 400, "messages": HELLO, "output_format": Choice}
    assert isinstance(client.messages.parse(**asked).parsed_output, Choice)
    with client.messages.stream(**asked) as stream:
        assert isinstance(stream.get_final_message().parsed_output, Choice)


def test_what_is_being_tried_out_comes_on_the_same_path(client: anthropic.Anthropic) -> None:
    """The client's beta features have a query and a header of their own."""
    found = client.beta.messages.create(model="tiny", max_tokens=4, messages=HELLO, betas=["context-1m-2025-08-07"])
    assert found.content[0].type == "text"
    counted = client.beta.messages.count_tokens(model="tiny", messages=HELLO)
    assert counted.input_tokens == client.messages.count_tokens(model="tiny", messages=HELLO).input_tokens


def test_a_stop_sequence_ends_and_is_told(client: anthropic.Anthropic) -> None:
    """And is no part of the text."""
    (whole,) = ask(client, extra_body=GREEDY, max_tokens=20).content
    assert whole.type == "text"
    stop = whole.text[3:5]
    found = ask(client, extra_body=GREEDY, max_tokens=20, stop_sequences=[stop])
    assert (found.stop_reason, found.stop_sequence) == ("stop_sequence", stop)
    assert stop not in (found.content[0].text if found.content[0].type == "text" else "")


def test_an_answer_goes_on_with_what_is_said_for_it(client: anthropic.Anthropic) -> None:
    """The last turn is the assistant's: its text is not repeated."""
    (whole,) = ask(client, extra_body=GREEDY, max_tokens=12).content
    assert whole.type == "text"
    begun = whole.text[: len(whole.text) // 2]
    messages: Any = [*HELLO, {"role": "assistant", "content": begun}]
    (rest,) = ask(client, messages=messages, extra_body=GREEDY, max_tokens=4).content
    assert rest.type == "text"
    assert not rest.text.startswith(begun)


def test_thoughts_are_blocks(own_folder: Path) -> None:
    """Whole and streamed; they may come back."""
    with RunningServer(own_folder, [model_entry(chat_template=THINKS)]) as server:
        server.wait_for("/health/ready", 200)
        with anthropic_client(server) as client:
            asked: Any = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "extra_body": GREEDY}
            with client.messages.stream(model="tiny", max_tokens=8, messages=HELLO, **asked) as stream:
                final = stream.get_final_message()
            assert [block.type for block in final.content] == ["thinking"]
            messages: Any = [*HELLO, {"role": "assistant", "content": final.content}, *HELLO]
            (thoughts,) = ask(client, messages=messages, **asked).content
            assert thoughts.type == "thinking"
            assert thoughts.signature


def test_an_answer_that_breaks_off_is_the_clients_own_error(own_folder: Path) -> None:
    """One that says to try again."""
    with RunningServer(own_folder, [model_entry()]) as server:
        server.wait_for("/health/ready", 200)
        with anthropic_client(server) as client:
            events = client.messages.create(
                model="tiny", max_tokens=3000, messages=HELLO, stream=True, extra_body=GREEDY
            )
            for event in events:
                if event.type == "content_block_delta":
                    break
            (worker,) = server.worker_pids()
            os.kill(worker, signal.SIGKILL)
            with pytest.raises(anthropic.APIStatusError) as error:
                list(events)
    assert isinstance(error.value.body, dict)
    assert error.value.body["error"]["type"] == "overloaded_error"


def test_models_are_listed(client: anthropic.Anthropic, server: RunningServer) -> None:
    """By list and by name; OpenAI's clients still get theirs on the same path."""
    (found,) = client.models.list()
    assert (found.id, found.display_name, found.max_input_tokens) == ("tiny", "tiny", 4096)
    assert client.models.retrieve("gpt-4o") == found
    assert server.get("/v1/models").json()["data"][0]["object"] == "model"


def test_a_prompt_may_be_read_only(client: anthropic.Anthropic) -> None:
    """With no token to generate: it is in the cache from then on."""
    messages: Any = [{"role": "user", "content": "a prompt that is read before it is asked " * 4}]
    first = ask(client, messages=messages, max_tokens=0)
    assert (first.stop_reason, first.usage.output_tokens) == ("max_tokens", 0)
    assert (ask(client, messages=messages).usage.cache_read_input_tokens or 0) > first.usage.input_tokens // 2


def test_errors_are_the_clients_own(client: anthropic.Anthropic) -> None:
    """By status, with Anthropic's words for their kind."""
    with pytest.raises(anthropic.NotFoundError) as missing:
        ask(client, model="nope")
    assert isinstance(missing.value.body, dict)
    assert missing.value.body["error"]["type"] == "not_found_error"
    with pytest.raises(anthropic.BadRequestError, match="of type 'image': this server takes text only"):
        ask(client, messages=[{"role": "user", "content": [PICTURE]}])
    with pytest.raises(anthropic.BadRequestError):
        ask(client, max_tokens=1_000_000)


@pytest.mark.parametrize("stream", [False, True])
def test_the_clients_own_loop_calls_tools(client: anthropic.Anthropic, stream: bool) -> None:
    """It asks for a thread that the server keeps, is told that there is none, and brings all messages each time."""
    told: list[str] = []

    @anthropic.beta_tool
    def now() -> str:
        """The time."""
        told.append("noon")
        return "noon"

    choice: Any = {"type": "any", "disable_parallel_tool_use": True}
    runner: Any = client.beta.messages.tool_runner(
        model="tiny", max_tokens=100, messages=HELLO, tools=[now], tool_choice=choice, max_iterations=3, stream=stream
    )
    answers = [each.get_final_message() if stream else each for each in runner]
    assert [answer.stop_reason for answer in answers] == ["tool_use"] * 3
    sizes = [answer.usage.input_tokens + answer.usage.cache_read_input_tokens for answer in answers]
    assert sizes == sorted(set(sizes))
    assert told == ["noon"] * 3
