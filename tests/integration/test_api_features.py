"""What OpenAI's clients may ask for beside text, on the real engine with a tiny model."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.helpers.running_server import RunningServer

pytestmark = pytest.mark.engine

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
TOOL: Any = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}


@pytest.fixture
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    """OpenAI's client, that tries once."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=30) as made:
        yield made


def post(server: RunningServer, path: str, **body: object) -> httpx.Response:
    """Plain JSON."""
    return httpx.post(server.url + path, json=body, timeout=30)


def complete(server: RunningServer, **body: object) -> Any:
    """A text completion, greedy unless it says otherwise."""
    answer = post(server, "/v1/completions", **({"model": "tiny", "temperature": 0, "max_tokens": 6} | body))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_choices_share_their_prompt(client: openai.OpenAI) -> None:
    """Greedy ones are equal, each ends, and the prompt is counted once."""
    found = client.chat.completions.create(model="tiny", messages=HELLO, n=3, max_tokens=5, temperature=0)
    assert [choice.index for choice in found.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in found.choices}) == 1
    assert found.usage is not None
    alone = client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=5, temperature=0)
    assert alone.usage is not None
    assert found.usage.completion_tokens == 15
    assert found.usage.prompt_tokens == alone.usage.prompt_tokens


def test_a_stream_of_choices_says_whose_each_piece_is(client: openai.OpenAI) -> None:
    """Each has its role and its reason."""
    reasons: dict[int, str] = {}
    for chunk in client.chat.completions.create(model="tiny", messages=HELLO, n=2, max_tokens=5, stream=True):
        for choice in chunk.choices:
            if choice.finish_reason:
                reasons[choice.index] = choice.finish_reason
    assert reasons.keys() == {0, 1}


def test_logprobs_are_those_of_the_text(client: openai.OpenAI) -> None:
    """Their tokens join to it, the chosen one of a greedy answer is the likeliest, and none is above 0."""
    found = client.chat.completions.create(
        model="tiny", messages=HELLO, max_tokens=6, temperature=0, logprobs=True, top_logprobs=4
    ).choices[0]
    assert found.logprobs is not None
    scores = found.logprobs.content or []
    assert len(scores) == 6
    assert b"".join(bytes(s.bytes or []) for s in scores).decode(errors="replace") == found.message.content
    for score in scores:
        assert score.logprob <= 0
        assert len(score.top_logprobs) == 4
        assert score.top_logprobs[0].logprob == pytest.approx(score.logprob)


def test_an_echo_measures_the_prompt(server: RunningServer) -> None:
    """With no token to generate, too: the first has no score, offsets go through the text."""
    found = complete(server, prompt="one two", echo=True, logprobs=2, max_tokens=0)["choices"][0]
    assert found["text"] == "one two"
    assert found["logprobs"]["token_logprobs"][0] is None
    assert all(score < 0 for score in found["logprobs"]["token_logprobs"][1:])
    assert "".join(found["logprobs"]["tokens"]) == "one two"
    longer = complete(server, prompt="one two", echo=True, max_tokens=3)["choices"][0]["text"]
    assert longer.startswith("one two")
    assert len(longer) > len("one two")


def test_the_same_prompt_may_be_text_or_tokens(server: RunningServer) -> None:
    """And several at once are each answered as alone."""
    tokens = post(server, "/tokenize", content="one two").json()["tokens"]
    text = complete(server, prompt="one two")["choices"][0]["text"]
    both = complete(server, prompt=["one two", tokens])["choices"]
    assert [choice["text"] for choice in both] == [text, text]
    assert complete(server, prompt=tokens, echo=True)["choices"][0]["text"] == f"one two{text}"


def test_what_was_computed_before_is_told(server: RunningServer) -> None:
    """The second time most of the prompt is there."""
    prompt = "a prompt that nobody else sends here " * 4
    first, second = (complete(server, prompt=prompt)["usage"] for _ in range(2))
    assert second["prompt_tokens_details"]["cached_tokens"] > first["prompt_tokens"] // 2


@pytest.mark.parametrize(
    ("form", "check"),
    [
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}}, "schema"),
        ({"json_schema": SCHEMA}, "schema"),
        ({"grammar": 'root ::= "yes" | "no"'}, "choice"),
        ({"guided_choice": ["yes", "no"]}, "choice"),
        ({"regex": "(yes|no)"}, "choice"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
def test_the_answer_has_the_form_that_was_asked_for(
    server: RunningServer, path: str, form: dict[str, Any], check: str
) -> None:
    """Whatever the model would rather say."""
    prompt: dict[str, Any] = {"messages": HELLO} if "chat" in path else {"prompt": "Hello"}
    answer = post(server, path, model="tiny", temperature=1, max_tokens=200, **prompt, **form)
    assert answer.status_code == 200, answer.text
    choice = answer.json()["choices"][0]
    text = choice["message"]["content"] if "chat" in path else choice["text"]
    if check == "choice":
        assert text in ("yes", "no")
    else:
        assert isinstance(json.loads(text)["a"], int)


def test_a_tool_that_must_be_called_is(client: openai.OpenAI) -> None:
    """Whole and streamed, with arguments that fit its schema."""
    asked: dict[str, Any] = {"model": "tiny", "messages": HELLO, "tools": [TOOL], "tool_choice": "required"}
    choice = client.chat.completions.create(**asked, max_tokens=200, temperature=0).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls
    call = choice.message.tool_calls[0]
    assert call.type == "function"
    assert isinstance(json.loads(call.function.arguments)["a"], int)
    names, arguments = [], ""
    for chunk in client.chat.completions.create(**asked, max_tokens=200, temperature=0, stream=True):
        for delta in chunk.choices[0].delta.tool_calls or ():
            assert delta.function is not None
            names += [delta.function.name] if delta.function.name else []
            arguments += delta.function.arguments or ""
    assert (names, arguments) == (["f"], call.function.arguments)


def test_a_bias_forbids_and_forces(server: RunningServer) -> None:
    """A token by its number, or all tokens of a text; in either way to write it."""
    scores = {"prompt": "one two", "max_tokens": 1, "logprobs": 0, "n_probs": 1, "n_predict": 1}
    first = post(server, "/completion", temperature=0, **scores).json()["completion_probabilities"][0]["id"]
    for bias in ([[first, False]], {str(first): -100}):
        probabilities = post(server, "/completion", temperature=0, logit_bias=bias, **scores).json()
        assert probabilities["completion_probabilities"][0]["id"] != first
    assert complete(server, prompt="one two", max_tokens=3, logit_bias=[["x", 100]])["choices"][0]["text"] == "xxx"


def test_a_seed_repeats_and_stop_strings_end(server: RunningServer) -> None:
    """The same dice, the same text; what would end it is not in it."""
    first, second = (complete(server, prompt="a", temperature=1.5, seed=7, max_tokens=20) for _ in range(2))
    text = first["choices"][0]["text"]
    assert text == second["choices"][0]["text"]
    stop = text[3:5]
    ended = complete(server, prompt="a", temperature=1.5, seed=7, max_tokens=20, stop=stop)["choices"][0]
    assert ended["finish_reason"] == "stop"
    assert text.startswith(ended["text"])
    assert stop not in ended["text"]


def test_a_text_has_a_vector_of_length_one(client: openai.OpenAI) -> None:
    """The same text the same one, as numbers or (the client's own choice) as base64."""
    found = client.embeddings.create(model="tiny", input=["one two", "one two", "three"]).data
    vectors = [each.embedding for each in found]
    assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1, 1, 1], abs=1e-3)
    assert vectors[0] == pytest.approx(vectors[1], abs=1e-3)
    assert vectors[0] != pytest.approx(vectors[2], abs=1e-3)


def test_a_model_that_can_not_rank_says_so(server: RunningServer) -> None:
    """Instead of numbers that mean nothing."""
    answer = post(server, "/v1/rerank", model="tiny", query="a", documents=["b"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported")


def test_who_does_not_want_to_wait_is_told_when_to_come_back(server: RunningServer) -> None:
    """All slots are taken, and it gives it no time."""
    body = {"model": "tiny", "messages": HELLO, "max_tokens": 1000, "ignore_eos": True, "stream": True, "n": 4}
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, timeout=30) as stream:
        text = (line for line in stream.iter_lines() if '"content":"' in line)
        for _ in range(8):  # by then all four run
            next(text)
        answer = post(server, "/v1/completions", model="tiny", prompt="a", max_tokens=1, queue_timeout=0.05)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "queue_timeout")
    assert int(answer.headers["retry-after"]) >= 1
