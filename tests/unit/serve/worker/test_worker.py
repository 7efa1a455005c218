"""Tests of serve.worker.worker: its stopwatch, and a prompt that breaks. All else is tested with the engine."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import socket
import time
from dataclasses import replace

import pytest

from serve.chat.types import Conversation
from serve.engine.types import Failed, FailureKind, ModelInfo, Request
from serve.ipc import Channel
from serve.log import JsonFormatter
from serve.messages import (
    Cancel,
    Detokenize,
    Detokenized,
    Events,
    Generate,
    GenerateRequest,
    Message,
    Render,
    Stop,
    TextPrompt,
    Tokenize,
    Tokenized,
)
from serve.worker.prompts import Prompts
from serve.worker.worker import SHORT_PROMPT, Stopwatch, Worker


class Vocabulary:
    """Good for one text only."""

    def tokenize(self, text: str, *, add_special: bool = True, parse_special: bool = True) -> tuple[int, ...]:
        """Two tokens, or a disaster."""
        if text == "good":
            return (1, 2)
        raise MemoryError

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The number as text."""
        return str(token).encode()


INFO = ModelInfo(1, 1, chat_template=None, bos="", eos="", adds_bos=False)
LONG = "x" * (SHORT_PROMPT + 1)  # goes through the thread


def generate(number: int, text: str) -> Generate:
    """A text completion."""
    return Generate(number, GenerateRequest(TextPrompt((text,))))


def test_a_stopwatch_runs_only_inside() -> None:
    """Outside it is zero, also after an error."""
    watch = Stopwatch()
    assert watch.elapsed_s == 0
    with contextlib.suppress(ZeroDivisionError), watch:
        time.sleep(0.01)
        assert watch.elapsed_s >= 0.01
        raise ZeroDivisionError
    assert watch.elapsed_s == 0


@pytest.mark.parametrize("bad", ["secret", "secret" + LONG])
def test_a_prompt_that_breaks_the_tokenizer_fails_alone(bad: str, caplog: pytest.LogCaptureFixture) -> None:
    """Its client hears of it, the log has the trace but no prompt, and the next one is prepared."""
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    with ours, theirs:
        worker = Worker(Channel(theirs))
        worker._start_preparing(Prompts(Vocabulary(), INFO, None))
        worker._dispatch(generate(1, bad))
        worker._dispatch(generate(2, "good"))
        failed = Failed(1, FailureKind.BROKEN, "preparing the prompt failed: MemoryError")
        assert next(Channel(ours).receive()) == Events((failed,))
        assert worker._inbox.get(timeout=5) == Request(2, (1, 2))
    assert "MemoryError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("bad", ["secret", "secret" + LONG])
def test_what_a_worker_logs_of_a_prompt_has_the_id_of_the_http_request(bad: str) -> None:
    """In whichever thread it is prepared; the next one's lines are its own."""
    handler = logging.StreamHandler(lines := io.StringIO())
    handler.setFormatter(JsonFormatter(model="m"))
    logger = logging.getLogger("serve.worker.worker")
    logger.addHandler(handler)
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    try:
        with ours, theirs:
            worker = Worker(Channel(theirs))
            worker._start_preparing(Prompts(Vocabulary(), INFO, None))
            for number, http_id in ((1, "first"), (2, "second"), (3, "")):
                worker._dispatch(replace(generate(number, bad), http_id=http_id))
                next(Channel(ours).receive())
    finally:
        logger.removeHandler(handler)
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(line["model"], line.get("request_id")) for line in told] == [("m", "first"), ("m", "second"), ("m", None)]


def test_requests_stay_in_their_order() -> None:
    """A short one that comes after a long one waits for it, and a cancellation never overtakes what it cancels."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        worker = Worker(Channel(theirs))
        prompts = Prompts(Counting(), INFO, None)
        worker._start_preparing(prompts)
        for number in range(0, 40, 2):
            worker._dispatch(generate(number, LONG))
            worker._dispatch(generate(number + 1, "short"))
        worker._dispatch(Cancel(39))
        found = [worker._inbox.get(timeout=5) for _ in range(41)]
    assert [each.id for each in found if not isinstance(each, Stop)] == [*range(40), 39]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (Tokenize(1, "good", adds_special=True, parses_special=True), Tokenized(1, (1, 2), (b"1", b"2"))),
        (Detokenize(1, (1, 2)), Detokenized(1, "12")),
        (Render(1, Conversation(())), Events((Failed(1, FailureKind.BAD_PROMPT, "this model has no chat template"),))),
    ],
)
def test_questions_are_answered_without_the_engine(question: Message, answer: Message) -> None:
    """Tokens, text, prompt; or why not."""
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    with ours, theirs:
        worker = Worker(Channel(theirs))
        worker._start_preparing(Prompts(Vocabulary(), INFO, None))
        worker._dispatch(question)
        told = next(Channel(ours).receive())
    if isinstance(answer, Events):
        assert isinstance(told, Events)
        (failed,) = told.events
        assert isinstance(failed, Failed)
        assert failed.message.startswith("this model has no chat template")
    else:
        assert told == answer


class Counting(Vocabulary):
    """Takes any text."""

    def tokenize(self, text: str, *, add_special: bool = True, parse_special: bool = True) -> tuple[int, ...]:
        """One token."""
        return (len(text),)
