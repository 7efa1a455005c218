"""Ollama's own client on the real server with tiny models: every answer is read by the client's own types."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ollama
import pytest
from pydantic import BaseModel

from tests.helpers import tiny_gguf
from tests.helpers.hub_server import hub_server
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine

HELLO: Any = [{"role": "user", "content": "Hello there"}]
GREEDY = {"temperature": 0, "num_predict": 6, "logit_bias": {"258": False, "256": False}}
THINKS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}{# </think> #}"
)
"""A template that opens the thoughts: a model of chance never ends them."""
CALL = '{"tool_calls"'


class Answer(BaseModel):
    """What an answer may have to be."""

    colour: str
    number: int


@pytest.fixture
def client(server: RunningServer) -> Iterator[ollama.Client]:
    """The client of the server that all tests share."""
    with ollama.Client(server.url, timeout=30) as connected:
        yield connected


@pytest.fixture(scope="module")
def special(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ollama.Client]:
    """The client of a server with one model that thinks, and one that has a token of the beginning of a call."""
    folder = tmp_path_factory.mktemp("special")
    (folder / "tiny.gguf").symlink_to(tiny_model)
    tiny_gguf.write(folder / "caller.gguf", words=[CALL])
    caller = model_entry(id="caller", file="caller.gguf", context_tokens=512)
    models = [model_entry(id="thinker", chat_template=THINKS), caller]
    with RunningServer(folder, models) as running, ollama.Client(running.url, timeout=30) as connected:
        running.wait_for("/health/startup", 200)
        yield connected


@pytest.fixture(scope="module")
def own(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ollama.Client]:
    """The client of a server whose models come and go. Its hub has the tiny model under two names."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(tiny_model, folder / "tiny.gguf")
    files = {f"org/repo/tiny-1M-{quant}.gguf": tiny_model for quant in ("Q4_K_M", "Q8_0")}
    with (
        hub_server(files, has_sums=True) as hub,
        RunningServer(folder, None, hub=hub.url) as running,
        ollama.Client(running.url, timeout=30) as connected,
    ):
        while not connected.list().models:
            continue
        yield connected


def test_a_prompt_is_answered(client: ollama.Client) -> None:
    """With what it cost."""
    answer = client.generate("tiny", "Hello", options=GREEDY)
    assert answer.model == "tiny"
    assert answer.response
    assert (answer.done, answer.done_reason, answer.eval_count) == (True, "length", 6)
    assert answer.prompt_eval_count
    assert answer.total_duration
    assert answer.load_duration
    assert answer.prompt_eval_duration
    assert answer.eval_duration
    assert answer.created_at
    assert abs((datetime.now(UTC) - datetime.fromisoformat(answer.created_at)).total_seconds()) < 60


def test_a_stream_is_the_same_answer(client: ollama.Client) -> None:
    """In pieces; numbers come with the last one."""
    parts = list(client.generate("tiny", "Hello", options=GREEDY, stream=True))
    assert "".join(part.response or "" for part in parts) == client.generate("tiny", "Hello", options=GREEDY).response
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert (parts[-1].eval_count, parts[0].eval_count) == (6, None)


def test_context_goes_on_with_a_conversation(client: ollama.Client) -> None:
    """As if all of it had been sent as messages."""
    first = client.generate("tiny", "Hello", options=GREEDY)
    second = client.generate("tiny", "More", context=first.context, options=GREEDY)
    messages: Any = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": first.response}]
    chat = client.chat("tiny", [*messages, {"role": "user", "content": "More"}], options=GREEDY)
    assert (second.response, second.prompt_eval_count) == (chat.message.content, chat.prompt_eval_count)


def test_a_raw_prompt_is_the_whole_prompt(client: ollama.Client) -> None:
    """No template around it: fewer tokens."""
    raw = client.generate("tiny", "Hello", raw=True, options=GREEDY)
    assert (raw.prompt_eval_count or 0) < (client.generate("tiny", "Hello", options=GREEDY).prompt_eval_count or 0)
    assert raw.context is None


@pytest.mark.parametrize("name", ["tiny", "tiny:latest", "TINY", "gpt-4o"])
def test_a_chat_is_answered(client: ollama.Client, name: str) -> None:
    """By any name of the model."""
    answer = client.chat(name, HELLO, options=GREEDY)
    assert (answer.model, answer.message.role, answer.done_reason) == (name, "assistant", "length")
    assert answer.message.content
    parts = list(client.chat(name, HELLO, options=GREEDY, stream=True))
    assert "".join(part.message.content or "" for part in parts) == answer.message.content


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_has_the_form_that_was_asked_for(client: ollama.Client, stream: bool) -> None:
    """The schema of a class, or any JSON."""
    schema = Answer.model_json_schema()
    schema["properties"]["colour"]["maxLength"] = 8
    schema["properties"]["number"] |= {"minimum": 0, "maximum": 99}
    asked: dict[str, Any] = {"model": "tiny", "options": {"temperature": 0, "num_predict": 200}, "stream": stream}
    told = client.chat(messages=HELLO, format=schema, **asked)
    Answer.model_validate_json(
        "".join(part.message.content or "" for part in told) if stream else told.message.content or ""
    )
    generated = client.generate(prompt="Hello", format=schema, **asked)
    Answer.model_validate_json(
        "".join(part.response or "" for part in generated) if stream else generated.response or ""
    )


def test_any_json_is_an_object(client: ollama.Client) -> None:
    """As far as it goes: a model of chance may not come to an end."""
    assert (client.generate("tiny", "Hello", format="json", options=GREEDY).response or "").lstrip().startswith("{")


def test_stop_strings_and_seeds(client: ollama.Client) -> None:
    """The same seed is the same answer; a stop string is not told."""
    options = {"seed": 7, "num_predict": 12, "temperature": 1}
    one, two = (client.generate("tiny", "Hello", options=options).response or "" for _ in range(2))
    assert one == two
    stop = one[3:5]
    answer = client.generate("tiny", "Hello", options=options | {"stop": [stop]})
    assert answer.response == one[: one.index(stop)]
    assert answer.done_reason == "stop"


def test_more_tokens_than_fit_are_as_many_as_fit(special: ollama.Client) -> None:
    """Other APIs are told that it is too much; Ollama's clients don't know what there is room for."""
    options = GREEDY | {"num_predict": 100_000}
    answer = special.generate("caller", "Hello", options=options)
    assert answer.done_reason == "length"
    assert (answer.prompt_eval_count or 0) + (answer.eval_count or 0) == 512


def test_scores_of_an_answer(client: ollama.Client) -> None:
    """One for each token, with as many others as were asked for."""
    answer = client.chat("tiny", HELLO, options=GREEDY, logprobs=True, top_logprobs=3)
    assert answer.logprobs is not None
    assert len(answer.logprobs) == 6
    assert all(score.logprob <= 0 and len(score.top_logprobs or ()) == 3 for score in answer.logprobs)


def weather(city: str) -> str:
    """The weather of a city.

    Args:
      city: Where.
    """
    return f"fine in {city}"


def test_a_conversation_with_tools(client: ollama.Client) -> None:
    """Tools may be Python's functions; calls and their results are part of the prompt."""
    plain = client.chat("tiny", HELLO, options=GREEDY)
    told = client.chat("tiny", HELLO, tools=[weather], options=GREEDY)
    assert (told.prompt_eval_count or 0) > (plain.prompt_eval_count or 0)
    call = {"function": {"name": "weather", "arguments": {"city": "Rome"}}}
    messages = [
        *HELLO,
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": weather("Rome"), "tool_name": "weather"},
    ]
    more = client.chat("tiny", messages, tools=[weather], options=GREEDY)
    assert (more.prompt_eval_count or 0) > (told.prompt_eval_count or 0)


def test_a_tool_is_called(special: ollama.Client) -> None:
    """By a model that is made to begin a call; streamed, it comes in one piece."""
    asked: dict[str, Any] = {"model": "caller", "messages": HELLO}
    asked["options"] = {"temperature": 0, "num_predict": 100, "logit_bias": {CALL: 100}}
    tool = {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}
    answer = special.chat(tools=[tool], **asked)
    (call,) = answer.message.tool_calls or [None]
    assert call is not None
    assert (call.function.name, call.function.arguments) == ("now", {})
    assert (answer.message.content, answer.done_reason) == ("", "stop")
    parts = list(special.chat(tools=[tool], stream=True, **asked))
    assert [len(part.message.tool_calls or ()) for part in parts] == [1, 0]
    asked["options"]["num_predict"] = 5
    assert not special.chat(**asked).message.tool_calls


def test_thoughts_have_a_place_of_their_own(special: ollama.Client) -> None:
    """In chats and in answers to a prompt, whole and streamed."""
    chat = special.chat("thinker", HELLO, think=True, options=GREEDY)
    assert (chat.message.content, bool(chat.message.thinking)) == ("", True)
    generated = special.generate("thinker", "Hello there", think="high", options=GREEDY)
    assert (generated.response, generated.thinking) == ("", chat.message.thinking)
    parts = list(special.chat("thinker", HELLO, think=True, options=GREEDY, stream=True))
    assert "".join(part.message.thinking or "" for part in parts) == chat.message.thinking
    assert "thinking" in (special.show("thinker").capabilities or ())


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"model": "other", "messages": HELLO}, 404, "model 'other' not found"),
        ({"model": "tiny", "messages": HELLO, "think": True}, 400, '"tiny" does not support thinking'),
        ({"model": "tiny", "messages": [{"role": "user", "content": "x", "images": ["aGVsbG8="]}]}, 400, "images"),
        ({"model": "tiny", "messages": HELLO, "options": {"temperature": -1}}, 400, "options.temperature"),
        ({"model": "tiny", "messages": [{"role": "user", "content": "x " * 5000}]}, 400, "context size"),
    ],
)
def test_errors_are_the_client_s_own(client: ollama.Client, asked: dict[str, Any], status: int, words: str) -> None:
    """Whole and streamed."""
    for stream in (False, True):
        with pytest.raises(ollama.ResponseError, match=words) as caught:
            list(client.chat(**asked, stream=stream))
        assert caught.value.status_code == status


def test_texts_become_vectors(client: ollama.Client) -> None:
    """Of length 1; the older ones are of any length."""
    one, two = client.embed("tiny", ["Hello", "Goodbye"]).embeddings
    assert [math.hypot(*one), math.hypot(*two)] == pytest.approx([1, 1], abs=1e-5)
    answer = client.embed("tiny", "Hello", dimensions=8)
    assert (len(answer.embeddings[0]), answer.prompt_eval_count, answer.model) == (8, 5, "tiny")
    assert answer.total_duration
    old = client.embeddings("tiny", "Hello").embedding
    assert [value / math.hypot(*old) for value in old] == pytest.approx(list(one), abs=1e-4)


def test_a_text_that_is_too_long_is_cut(special: ollama.Client) -> None:
    """Unless that is not wanted."""
    long = "word " * 5000
    assert special.embed("caller", long).prompt_eval_count == 512 - 4
    with pytest.raises(ollama.ResponseError, match="context size"):
        special.embed("caller", long, truncate=False)


def test_models_are_told_of(client: ollama.Client) -> None:
    """In the list, while they run, and one by one."""
    tiny, alias = client.list().models
    assert (tiny.model, alias.model) == ("tiny:latest", "gpt-4o:latest")
    assert tiny.size
    assert tiny.digest
    assert tiny.modified_at
    (running,) = client.ps().models
    assert (running.model, running.context_length) == ("tiny:latest", 4096)
    assert running.size
    assert running.expires_at is not None
    assert running.expires_at.year == 9999
    shown = client.show("TINY:latest")
    assert shown.details is not None
    assert (shown.details.family, shown.details.format, shown.details.quantization_level) == ("llama", "gguf", "F32")
    assert shown.details.parameter_size
    assert shown.modelinfo is not None
    assert shown.modelinfo["llama.context_length"] == 4096
    assert shown.capabilities == ["completion", "tools"]
    assert shown.template
    assert shown.modified_at
    with pytest.raises(ollama.ResponseError, match="model 'other' not found"):
        client.show("other")


def test_a_model_is_pulled_copied_and_deleted(own: ollama.Client) -> None:
    """And answers, meanwhile, by every name that it has."""
    name = "hf.co/org/repo:Q8_0"
    lines = list(own.pull(name, stream=True))
    words = [line.status or "" for line in lines]
    assert words[-1] == "success"
    assert own.pull(name).status == "success"
    assert own.generate(name, "Hello", options=GREEDY).model == name
    assert own.list().models
    names = {model.model for model in own.list().models}
    assert {name, "tiny:latest", "tiny-1m-q8-0:latest"} <= names
    assert own.copy(name, "mine").status == "success"
    assert own.chat("mine:latest", HELLO, options=GREEDY).message.content
    for each in ("mine", name, "tiny-1m-q8-0"):
        assert own.delete(each).status == "success"
    assert {model.model for model in own.list().models} == {"tiny:latest"}
    for each in ("mine", name):
        with pytest.raises(ollama.ResponseError, match=f"model '{each}' not found"):
            own.chat(each, HELLO)


def test_a_pull_that_can_t_be_is_an_error_of_the_client(own: ollama.Client) -> None:
    """Of its own status."""
    for name, status in (("llama3.2", 400), ("hf.co/org/repo:IQ1_S", 404), ("hf.co/no/such", 404)):
        with pytest.raises(ollama.ResponseError) as caught:
            own.pull(name)
        assert caught.value.status_code == status
    with pytest.raises(ollama.ResponseError, match="Ollama's own registry"):
        list(own.pull("llama3.2", stream=True))


def test_a_model_is_loaded_and_unloaded(own: ollama.Client) -> None:
    """By an empty prompt; and it goes after an answer that said so."""
    own.generate("tiny", keep_alive=0)
    assert not own.ps().models
    assert own.generate("tiny", keep_alive="1h").done_reason == "load"
    (running,) = own.ps().models
    assert running.expires_at is not None
    assert 3000 < (running.expires_at - datetime.now(UTC)).total_seconds() <= 3600
    assert own.generate("tiny", keep_alive=0).done_reason == "unload"
    assert not own.ps().models
    assert own.chat("tiny", HELLO, options=GREEDY, keep_alive=-1).done
    (running,) = own.ps().models
    assert running.expires_at is not None
    assert running.expires_at.year == 9999
    assert own.chat("tiny", HELLO, options=GREEDY, keep_alive=0).done
    while own.ps().models:
        continue


@pytest.mark.parametrize("order", ["create", "push"])
def test_what_is_not_served_is_told(own: ollama.Client, order: str) -> None:
    """In words, not by a crash of the client."""
    with pytest.raises(ollama.ResponseError, match="is not served") as caught:
        own.create("x", from_="tiny") if order == "create" else own.push("tiny")
    assert caught.value.status_code == 501


def test_the_client_for_asyncio_works_too(server: RunningServer) -> None:
    """Several at once."""

    async def story() -> list[str]:
        async with ollama.AsyncClient(server.url, timeout=30) as client:
            answers = await asyncio.gather(*(client.generate("tiny", "Hello", options=GREEDY) for _ in range(4)))
            return [answer.response or "" for answer in answers]

    assert len(set(asyncio.run(story()))) == 1
