"""Reading responses as they come, against a server of a few lines."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.engine.client import BrokenAnswer, Call, Reply, ask, post, read_answer
from bench.engine.hammer import hammer


def chunk(text: str, **more: object) -> bytes:
    """One event as a chunk of HTTP."""
    body = b"data: " + json.dumps({"choices": [{"text": text}], **more}).encode() + b"\n\n"
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


USAGE = {"prompt_tokens": 3, "completion_tokens": 4}
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM = HEAD + chunk("") + chunk("a") + chunk("bc") + chunk("", usage=USAGE) + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def test_each_piece_of_text_has_the_time_at_which_its_end_came() -> None:
    """Events without text have none; how many tokens there were, the usage says."""
    reply = Reply()
    cut = STREAM.index(b'"a"') + 1
    assert [reply.feed(1.0, STREAM[:cut]), reply.feed(2.0, STREAM[cut:])] == [False, True]
    answer = read_answer(reply, sent_s=0.5)
    assert (answer.token_s, answer.text, answer.first_token_s) == ((2.0, 2.0), "abc", 1.5)
    assert (answer.num_prompt, answer.num_generated, answer.end_s, answer.gaps_s) == (3, 4, 2.0, [0.0])


@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=8, unique=True))
def test_where_the_bytes_are_cut_does_not_matter(cuts: list[int]) -> None:
    """The answer is complete with its last byte, never before, and always the same."""
    places = [0, *sorted(cuts), len(STREAM)]
    reply = Reply()
    ended = [reply.feed(float(end), STREAM[begin:end]) for begin, end in pairwise(places)]
    assert ended == [False] * (len(ended) - 1) + [True]
    assert read_answer(reply, 0.0).text == "abc"


def test_an_answer_may_be_halves_of_characters_only() -> None:
    """As a random model's is at times: that it ran as long as was asked, its end says."""
    event = b'data: {"choices": [{"text": "", "finish_reason": "length"}]}\n\n'
    reply = Reply()
    assert reply.feed(3.0, HEAD + f"{len(event):x}\r\n".encode() + event + b"\r\n0\r\n\r\n")
    answer = read_answer(reply, 0.0)
    assert (answer.ran_to_length, answer.text, answer.token_s, answer.end_s) == (True, "", (3.0,), 3.0)


def test_what_is_no_answer_is_an_error_that_shows_it() -> None:
    """An error status, an error within a stream, a stream without text, a response of unknown length."""
    failed = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
    inside = HEAD + chunk("a") + b'data: {"error": {"message": "lost"}}\n\n' + b"\r\n0\r\n\r\n"
    for data, said in ((failed, "busy"), (inside, "lost"), (HEAD + b"\r\n0\r\n\r\n", "no text")):
        reply = Reply()
        assert reply.feed(0.0, data)
        with pytest.raises(BrokenAnswer, match=said):
            read_answer(reply, 0.0)
    with pytest.raises(BrokenAnswer, match="neither"):
        Reply().feed(0.0, b"HTTP/1.1 200 OK\r\n\r\n")


def test_all_calls_are_answered_in_their_order() -> None:
    """Each on a connection of its own."""
    with answering(STREAM) as port:
        answers = ask(port, [Call(post("/", {"a": 1}), at_s=0.02), Call(post("/", {"a": 2}))])
    assert [answer.text for answer in answers] == ["abc", "abc"]
    assert answers[1].sent_s < answers[0].sent_s


def test_a_server_that_closes_between_two_answers_is_asked_again() -> None:
    """As llama-server does after a hundred; none of its answers is lost or counted twice."""
    with answering(PLAIN, per_connection=3) as port:
        found = hammer(port, post("/", {}), num_clients=2, seconds=1)
    assert found.num > 6
    assert 0 <= found.client_share <= 1


@contextmanager
def answering(data: bytes, per_connection: int = 1000) -> Iterator[int]:
    """A server that gives the same bytes to each request."""

    def serve(connection: socket.socket) -> None:
        with connection:
            for _ in range(per_connection):
                try:
                    if not connection.recv(65536):
                        return
                    connection.sendall(data)
                except OSError:
                    return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
