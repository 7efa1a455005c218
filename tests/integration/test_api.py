"""The whole server as a process, with a tiny model, seen through OpenAI's own client and plain HTTP."""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.helpers import tiny_gguf
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there"}]
CHAT = "/v1/chat/completions"
LONG = 4000  # tokens, close to the tiny model's context: a request that goes on for a while


@pytest.fixture
def client(server: RunningServer) -> Iterator[openai.OpenAI]:
    """OpenAI's client, that tries once."""
    with connect(server) as connected:
        yield connected


@contextlib.contextmanager
def connect(server: RunningServer) -> Iterator[openai.OpenAI]:
    """A client of this server."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=30) as made:
        yield made


def body(**more: object) -> dict[str, object]:
    """A chat request as plain JSON."""
    return {"model": "tiny", "messages": HELLO, "max_tokens": 8, "temperature": 0} | more


# ---- answers ----


def test_chat_answers(client: openai.OpenAI) -> None:
    """An answer with text, reason and usage that adds up."""
    answer = client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=8, temperature=0)
    choice = answer.choices[0]
    assert (choice.finish_reason, choice.message.role) == ("length", "assistant")
    assert choice.message.content
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 8
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 8


def test_a_stream_says_what_one_answer_says(client: openai.OpenAI) -> None:
    """The same request, streamed: the same text, the role first, the reason last, usage when asked for."""
    whole = client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=24, temperature=0)
    chunks = list(
        client.chat.completions.create(
            model="tiny",
            messages=HELLO,
            max_tokens=24,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "length"
    assert chunks[-1].usage == whole.usage
    assert len({c.id for c in chunks}) == 1


def test_text_completions_answer_in_both_ways(client: openai.OpenAI) -> None:
    """The older API, whole and streamed."""
    whole = client.completions.create(model="tiny", prompt="one two", max_tokens=12, temperature=0)
    stream = client.completions.create(model="tiny", prompt="one two", max_tokens=12, temperature=0, stream=True)
    assert "".join(c.choices[0].text for c in stream) == whole.choices[0].text != ""


def test_an_alias_is_answered_by_its_model(client: openai.OpenAI) -> None:
    """A program made for another model's name works unchanged."""
    answer = client.chat.completions.create(model="gpt-4o", messages=HELLO, max_tokens=2)
    assert answer.model == "tiny"


def test_models_are_listed(client: openai.OpenAI, tiny_model: Path) -> None:
    """By list and by name, with the time of the weights file."""
    assert [(m.id, m.created) for m in client.models.list()] == [("tiny", int(tiny_model.stat().st_mtime))]
    assert client.models.retrieve("tiny").owned_by == "slipway"


def test_many_at_once_are_each_answered_right(client: openai.OpenAI) -> None:
    """More requests than slots: each gets the answer it gets alone."""

    def ask(number: int) -> str:
        prompt = f"number {number % 5} is"
        return client.completions.create(model="tiny", prompt=prompt, max_tokens=16, temperature=0).choices[0].text

    alone = [ask(number) for number in range(5)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(20))) == alone * 4


# ---- what bad input gets ----


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"model": "other"}, 404, "there is no model 'other' here: there is tiny"),
        ({"max_tokens": 0}, 400, "max_tokens is 0: input should be greater than or equal to 1"),
        ({"max_tokens": 100_000}, 400, "exceeds the available context size: the prompt has "),
        ({"temperature": "hot"}, 400, "temperature is 'hot'"),
        ({"messages": []}, 400, "messages is []"),
        ({"n": 200}, 400, "n is 200: input should be less than or equal to 128"),
        ({"top_logprobs": 3}, 400, "top_logprobs is 3: it needs logprobs to be true"),
        ({"tools": [{"type": "function"}]}, 400, "tools.0.function is"),
        ({"functions": [{"name": "f"}]}, 400, "functions is"),
        ({"grammar": "root ::= this is (not valid"}, 400, "grammar"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": 5}}}}, 400, "#/type is 5"),
        ({"lora": [{"id": 0}]}, 400, "has the adapters: none"),
    ],
)
def test_bad_input_gets_a_clear_error(
    server: RunningServer, change: dict[str, object], status: int, words: str
) -> None:
    """OpenAI's shape; the message names the field, the value and what is allowed."""
    for stream in (False, True):
        response = httpx.post(server.url + CHAT, json=body(stream=stream, **change))
        assert response.status_code == status
        assert words in response.json()["error"]["message"]


def test_a_prompt_of_far_too_many_bytes_is_refused_before_it_is_tokenized(server: RunningServer) -> None:
    """The bound is the context times the longest token."""
    most = tiny_gguf.CONTEXT_TOKENS * len("<|endoftext|>")
    error = complete(server, "a" * 100_000).json()["error"]
    assert f": the prompt has 100000 bytes: this model has room for {most} at the very most" in error["message"]
    assert error["code"] == "context_length_exceeded"


def test_a_long_run_of_letters_does_not_end_the_worker(own_folder: Path) -> None:
    """This way of cutting text needs more stack than a thread usually has."""
    tiny_gguf.write(own_folder / "regex.gguf", splitter="deepseek-llm")
    context_tokens = 2 * tiny_gguf.CONTEXT_TOKENS
    entry = model_entry(file="regex.gguf", num_slots=1, context_tokens=context_tokens)
    with RunningServer(own_folder, [entry]) as server:
        server.wait_for("/health/ready", 200)
        refused = complete(server, "a" * 100_000)
        assert refused.status_code == 400, refused.text
        assert "the prompt has 100000 tokens" in refused.json()["error"]["message"]
        assert f"it was trained for {tiny_gguf.CONTEXT_TOKENS}" in server.log


def test_what_is_not_json_gets_a_clear_error(server: RunningServer) -> None:
    """Also invalid UTF-8."""
    for raw in (b"{", b"\xff\xfe", b"[]", b""):
        response = httpx.post(server.url + CHAT, content=raw, headers={"content-type": "application/json"})
        assert response.status_code == 400, raw
        assert response.json()["error"]["type"] == "invalid_request_error"


def test_the_openai_client_raises_its_own_errors(client: openai.OpenAI) -> None:
    """Its exception types come from our statuses."""
    with pytest.raises(openai.NotFoundError, match="no model 'nope'"):
        client.chat.completions.create(model="nope", messages=HELLO)
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=-1)


def test_an_unknown_path_and_a_wrong_method_are_told(server: RunningServer) -> None:
    """404 and 405 in the same shape."""
    assert server.get("/v1/nothing").json()["error"]["message"] == "there is no /v1/nothing here"
    assert server.get(CHAT).status_code == 405


# ---- health, metrics, logs ----


def test_health_answers_fast_while_all_slots_decode(server: RunningServer) -> None:
    """The HTTP process computes nothing, and goes before those that do."""
    with contextlib.ExitStack() as streams, httpx.Client(base_url=server.url) as probe:
        for _ in range(4):
            long = body(max_tokens=LONG, ignore_eos=True, stream=True)
            streams.enter_context(httpx.stream("POST", server.url + CHAT, json=long))
        wait_until(lambda: running_requests(server) == 4)
        times: list[float] = []
        while running_requests(server) == 4 and len(times) < 100:
            started = time.monotonic()
            assert probe.get("/health").status_code == 200
            times.append(time.monotonic() - started)
    assert len(times) > 20
    assert sorted(times)[int(len(times) * 0.9)] < 0.1  # the slowest tenth is the busy test machine's


def test_answers_on_a_kept_connection_do_not_wait_for_the_kernel(server: RunningServer) -> None:
    """Nagle's delay would put 40 ms onto each of them."""
    with httpx.Client(base_url=server.url) as probe:
        times = []
        for _ in range(15):
            started = time.monotonic()
            probe.get("/health")
            times.append(time.monotonic() - started)
    assert min(times[1:]) < 0.03


@pytest.mark.parametrize("path", ["/", "/health", "/v1/health", "/healthz", "/ready", "/metrics"])
def test_the_plain_paths_answer(server: RunningServer, path: str) -> None:
    """For people, balancers and scrapers."""
    assert server.get(path).status_code == 200


@pytest.mark.parametrize("probe", ["live", "ready", "startup", "deep"])
def test_the_probes_answer(server: RunningServer, probe: str) -> None:
    """All is well, and deep got a token from the model."""
    answer = server.get(f"/health/{probe}")
    assert answer.status_code == 200
    assert probe != "deep" or answer.json()["num_tokens"] == 1


def test_metrics_count_what_was_served(server: RunningServer) -> None:
    """On the metrics port too, with the model's requests and tokens."""
    httpx.post(server.url + CHAT, json=body())
    text = httpx.get(f"http://127.0.0.1:{server.metrics_port}/metrics").text
    assert 'model_request_total{model="tiny",outcome="length"}' in text
    assert 'model_state{model="tiny",state="serving"} 1.0' in text
    assert 'path="/v1/chat/completions"' in text


def test_logs_have_request_ids_and_no_prompts(server: RunningServer) -> None:
    """One JSON line per request, with the id that the client gave; never what it asked."""
    secret = "my secret question"
    request = body(messages=[{"role": "user", "content": secret}])
    answer = httpx.post(server.url + CHAT, json=request, headers={"x-request-id": "id-42"})
    assert answer.headers["x-request-id"] == "id-42"

    def is_logged() -> bool:  # after the answer, as its duration belongs to it
        lines = [json.loads(line) for line in server.log.splitlines()]
        return any(line.get("request_id") == "id-42" and line["status"] == 200 for line in lines)

    wait_until(is_logged)
    assert secret not in server.log


# ---- what happens in a server's life ----


def test_a_client_that_leaves_frees_its_slot(server: RunningServer) -> None:
    """Streaming or not, a closed connection ends its sequence long before its tokens are out."""
    for stream in (True, False):
        raw = json.dumps(body(max_tokens=LONG, ignore_eos=True, stream=stream)).encode()
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            head += f"Content-Length: {len(raw)}\r\n\r\n"
            sock.sendall(head.encode() + raw)
            wait_until(lambda: running_requests(server) == 1)
        wait_until(lambda: running_requests(server) == 0)
    assert 'outcome="cancelled"' in server.get("/metrics").text


def test_a_killed_worker_comes_back(own_folder: Path) -> None:
    """Its request ends with a retryable error, the HTTP process lives, and the model serves again."""
    with RunningServer(own_folder, [model_entry()]) as server, connect(server) as client:
        server.wait_for("/health/ready", 200)
        stream = client.chat.completions.create(
            model="tiny", messages=HELLO, max_tokens=LONG, stream=True, extra_body={"ignore_eos": True}
        )
        next(chunk for chunk in stream if chunk.choices[0].delta.content)  # else it would begin anew, and go on
        (pid,) = server.worker_pids()
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(openai.APIError, match="was killed by SIGKILL"):
            list(stream)
        server.wait_for("/health/ready", 200)
        assert server.worker_pids() != [pid]
        assert client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=2).choices


def test_a_hung_worker_is_replaced_within_two_seconds(own_folder: Path) -> None:
    """A stopped process answers no ping: readiness goes off in time, and comes back."""
    with RunningServer(own_folder, [model_entry()]) as server:
        server.wait_for("/health/ready", 200)
        started = time.monotonic()
        os.kill(server.worker_pids()[0], signal.SIGSTOP)
        reason = server.wait_for("/health/ready", 503, timeout_s=3).json()["models"]["tiny"]["reason"]
        assert time.monotonic() - started < 2.2  # 2 s, and the polling of this test
        assert "did not answer for 1.5 s" in reason
        server.wait_for("/health/ready", 200)


def test_sigterm_drains(own_folder: Path) -> None:
    """Readiness off, new requests 503 with Retry-After, the running one finishes, exit code 0, no worker left."""
    with RunningServer(own_folder, [model_entry()], grace_s=120) as server, connect(server) as client:
        server.wait_for("/health/ready", 200)
        (worker,) = server.worker_pids()
        stream = iter(
            client.chat.completions.create(
                model="tiny", messages=HELLO, max_tokens=500, stream=True, extra_body={"ignore_eos": True}
            )
        )
        next(stream)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("/health/ready", 503)
        refused = httpx.post(server.url + CHAT, json=body())
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["error"]["code"] == "draining"
        assert list(stream)[-1].choices[0].finish_reason == "length"
        assert server.process.wait(10) == 0
        assert not Path(f"/proc/{worker}").exists()


def test_the_grace_period_ends_what_takes_too_long(own_folder: Path) -> None:
    """After GRACE_S the server ends, also with a request that would go on for long."""
    with (
        RunningServer(own_folder, [model_entry()], grace_s=0.3) as server,
        connect(server) as client,
    ):
        server.wait_for("/health/ready", 200)
        stream = client.chat.completions.create(
            model="tiny", messages=HELLO, max_tokens=LONG, stream=True, extra_body={"ignore_eos": True}
        )
        next(iter(stream))
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0


def test_a_full_queue_is_429_with_retry_after(own_folder: Path) -> None:
    """One slot, nobody may wait: the second request is told when to come back."""
    entry = model_entry(num_slots=1)
    with RunningServer(own_folder, [entry], max_waiting=0) as server, connect(server) as client:
        server.wait_for("/health/ready", 200)
        with client.chat.completions.create(
            model="tiny", messages=HELLO, max_tokens=LONG, stream=True, extra_body={"ignore_eos": True}
        ) as stream:
            next(iter(stream))
            refused = httpx.post(server.url + CHAT, json=body())
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1


def test_a_broken_file_fails_clearly_and_the_server_lives(own_folder: Path, tiny_model: Path) -> None:
    """Not ready, and says why in one line; the good model next to it serves."""
    (own_folder / "broken.gguf").write_bytes(tiny_model.read_bytes()[:200_000])
    entries = [model_entry(), model_entry(id="broken", file="broken.gguf")]
    with RunningServer(own_folder, entries) as server:
        server.wait_for("/health/startup", 200)
        server.wait_for("/health/ready", 200)

        def models() -> dict[str, dict[str, str]]:
            told: dict[str, dict[str, str]] = server.get("/health").json()["models"]
            return told

        wait_until(lambda: models()["broken"]["state"] == "failed")  # it is tried again now and then
        assert models()["tiny"] == {"state": "serving"}
        assert "is not within the file bounds" in server.log

        def refusal() -> str:
            refused = httpx.post(server.url + CHAT, json=body(model="broken"))
            assert refused.status_code == 503
            return str(refused.json()["error"]["message"])

        wait_until(lambda: "can't be loaded" in refusal())  # while it is tried again, it says so


def test_missing_weights_are_named_and_served_when_they_come(own_folder: Path, tiny_model: Path) -> None:
    """The server starts without them, says which file it misses, and loads it when it is there."""
    with RunningServer(own_folder, [model_entry(file="late.gguf")]) as server:
        reason = server.wait_for("/health/ready", 503).json()["models"]["tiny"]["reason"]
        assert reason == f"the weights file {own_folder}/late.gguf is missing"
        (own_folder / "late.gguf").symlink_to(tiny_model)
        server.wait_for("/health/ready", 200)


def complete(server: RunningServer, prompt: str) -> httpx.Response:
    """A text completion of a few tokens."""
    return httpx.post(f"{server.url}/v1/completions", json={"model": "tiny", "prompt": prompt}, timeout=30)


def running_requests(server: RunningServer) -> int:
    """How many sequences hold a slot, as the metrics say."""
    line = next(line for line in server.get("/metrics").text.splitlines() if line.startswith("model_running_requests{"))
    return int(float(line.split()[-1]))


def wait_until(condition: Callable[[], bool], timeout_s: float = 5) -> None:
    """Poll for a moment."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
