"""Tests of serve.http.protocol: uvicorn on a real socket, bytes by hand, and an application that says what it got."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import socket
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from serve.http.front import Server, make_server
from serve.http.heads import MOST_HEAD, MOST_HEADERS, MOST_URL
from serve.http.protocol import RESERVED, Bounds
from tests.helpers.raw_http import Raw, split

BOUNDS = Bounds(max_connections=100, header_s=5, body_s=5, send_s=5)
HEAD = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n"
LAST = b"Connection: close\r\n\r\n"
STREAM_BYTES = 1000 * 65536


@dataclass(slots=True)
class Running:
    """A server, and how far its endless answer has come."""

    port: int
    server: Server
    num_sent: int = 0

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """One connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, *pieces: bytes) -> Raw:
        """Send, then read until it is closed."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
        data = b""
        with contextlib.suppress(ConnectionError):
            data = await reader.read()
        writer.close()
        return split(data)

    @property
    def num_connections(self) -> int:
        """Those that the server knows of."""
        return len(self.server.server_state.connections)


@contextlib.asynccontextmanager
async def serving(bounds: Bounds = BOUNDS) -> AsyncIterator[Running]:
    """`/stream` answers without end, `/hold` not before its client leaves, all others with what they got."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        if scope["path"] == "/hold":
            await receive()
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            while running.num_sent < STREAM_BYTES:
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
                running.num_sent += 65536
        told = {"path": scope["path"], "num_headers": len(scope["headers"]), "body": body.decode()}
        await send({"type": "http.response.body", "body": json.dumps(told).encode(), "more_body": False})

    running = Running(sock.getsockname()[1], make_server(app, bounds))
    task = asyncio.create_task(running.server.serve(sockets=[sock]))
    while not running.server.started:
        await asyncio.sleep(0.01)
    try:
        yield running
    finally:
        running.server.should_exit = running.server.force_exit = True
        await task


def play(story: Coroutine[Any, Any, None]) -> None:
    """On the loop that the server runs on: how it writes and closes is its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story)


def told(answer: Raw) -> Any:
    """Of an answer that is sent in one piece."""
    assert answer.status == 200, answer
    return json.loads(answer.body.split(b"\r\n")[1])


def test_a_plain_request_is_answered() -> None:
    """Also with a body in pieces, and with an offer of HTTP/2, which some clients make each time."""

    async def story() -> None:
        async with serving() as running:
            assert told(await running.ask(HEAD + LAST))["path"] == "/v1/models"
            chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            assert told(await running.ask(chunked, b"3\r\nabc\r\n", b"0\r\n\r\n"))["body"] == "abc"
            offer = b"POST / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
            offer += b"Content-Length: 3\r\nConnection: Upgrade, HTTP2-Settings, close\r\n\r\n"
            assert told(await running.ask(offer, b"abc"))["body"] == "abc"
            assert told(await running.ask(offer + b"abc"))["body"] == "abc"
            assert told(await running.ask(HEAD + b"Upgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n"))["body"] == ""

    play(story())


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\nabc\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n: no name\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX\x00Y: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n", 400),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400),
        (b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /" + b"a" * MOST_URL + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * MOST_HEAD + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * MOST_HEADERS + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 2 * (MOST_HEAD + MOST_URL), 431),
    ],
)
def test_what_breaks_http_is_refused_and_the_connection_closed(raw: bytes, status: int) -> None:
    """Two readings of one request are how one is smuggled past a gateway. The answer is one that clients read."""

    async def story() -> None:
        async with serving() as running:
            answer = await running.ask(raw)
            assert (answer.status, answer.headers["connection"]) == (status, "close")
            assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])  # as the log has it
            assert answer.json()["error"]["type"] == "invalid_request_error"

    play(story())


def test_nothing_behind_a_refused_request_is_one() -> None:
    """What a second reading would take for a request of its own is not answered."""

    async def story() -> None:
        async with serving() as running:
            smuggled = b"0\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n"
            head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
            answer = await running.ask(head + smuggled)
            assert answer.status == 400
            assert b"HTTP/1.1" not in answer.body.replace(b"request of HTTP/1.1", b"")

    play(story())


def test_a_refusal_has_the_shape_of_its_api() -> None:
    """As far as the path is known."""

    async def story() -> None:
        async with serving() as running:
            headers = b" HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * MOST_HEADERS + b"\r\n"
            assert (await running.ask(b"GET /v1/messages" + headers)).json()["type"] == "error"
            assert isinstance((await running.ask(b"GET /api/tags" + headers)).json()["error"], str)

    play(story())


def test_weird_bytes_in_paths_and_headers_are_only_bytes() -> None:
    """A path may be escaped in any way; it names no file."""

    async def story() -> None:
        async with serving() as running:
            for path, read in (
                (b"/%00%ff/..%2f..%2fetc", "/\x00\ufffd/../../etc"),
                (b"//x/../y", "//x/../y"),
                (b"/a?b=%00", "/a"),
            ):
                head = b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nX-Latin: \xe9\xff\r\n" + LAST
                assert told(await running.ask(head))["path"] == read

    play(story())


def test_as_much_as_is_allowed_is_taken() -> None:
    """The bounds are not smaller than they say."""

    async def story() -> None:
        async with serving() as running:
            url = b"GET /" + b"a" * (MOST_URL - 1) + b" HTTP/1.1\r\nHost: x\r\n"
            many = b"X: y\r\n" * (MOST_HEADERS - 4)
            large = b"Y: " + b"a" * (MOST_HEAD - 1000) + b"\r\n"
            answer = told(await running.ask(url + many + large + LAST))
            assert answer["num_headers"] == MOST_HEADERS - 1

    play(story())


def test_a_head_that_drips_is_408_in_time_and_one_that_never_begins_is_closed_without_a_word() -> None:
    """However often a byte of it comes."""

    async def story() -> None:
        async with serving(Bounds(100, header_s=0.3, body_s=5, send_s=5)) as running:
            silent, dripping = await running.connect(), await running.connect()
            for byte in HEAD[:8]:
                dripping[1].write(bytes([byte]))
                await asyncio.sleep(0.02)
            answer = split(await dripping[0].read())
            assert (answer.status, answer.headers["connection"]) == (408, "close")
            assert "did not come within 0.3 s" in answer.json()["error"]["message"]
            with contextlib.suppress(ConnectionError):
                assert await silent[0].read() == b""
            for _, writer in (silent, dripping):
                writer.close()
            assert running.num_connections == 0

    play(story())


def test_a_head_that_drips_after_an_answer_is_408_too() -> None:
    """A kept connection is no way around it; empty lines before a request are none, either."""

    async def story() -> None:
        async with serving(Bounds(100, header_s=0.3, body_s=5, send_s=5)) as running:
            reader, writer = await running.connect()
            writer.write(HEAD + b"\r\n")
            assert (await reader.readuntil(b"0\r\n\r\n")).startswith(b"HTTP/1.1 200")
            writer.write(b"\r\n")
            assert split(await reader.read()).status == 408
            writer.close()

    play(story())


def test_a_body_that_nobody_reads_does_not_hold_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application answers first; whoever goes on sending is cut off."""
    monkeypatch.setattr("serve.http.protocol.SPARE_S", 0.1)

    async def story() -> None:
        async with serving(Bounds(100, header_s=5, body_s=0.1, send_s=5)) as running:
            answer = await running.ask(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            assert answer.status == 0

    play(story())


def test_a_client_that_reads_nothing_holds_no_memory_and_is_cut_off() -> None:
    """What is made for it stops early; what runs for it ends."""

    async def story() -> None:
        async with serving(Bounds(100, header_s=5, body_s=5, send_s=0.5)) as running:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", running.port))
            sock.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
            while not running.num_connections:
                await asyncio.sleep(0.01)
            while running.num_connections:
                num_sent = running.num_sent  # after it is gone, what is sent goes nowhere
                await asyncio.sleep(0.01)
            assert num_sent < STREAM_BYTES / 2
            sock.close()

    play(story())


def test_beyond_the_limit_it_is_503_in_shape_and_health_still_answers() -> None:
    """When all are busy; those who came before are served on."""

    async def story() -> None:
        async with serving(Bounds(3, header_s=5, body_s=5, send_s=5)) as running:
            busy = [await running.connect() for _ in range(3)]
            for _, writer in busy:
                writer.write(b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
            while len(running.server.server_state.tasks) < 3:
                await asyncio.sleep(0.01)
            refused = await running.ask(HEAD + LAST)
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")
            assert re.fullmatch("[0-9a-f]{32}", refused.headers["x-request-id"])
            assert refused.json()["error"]["message"].startswith("there are too many connections")
            assert told(await running.ask(b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + LAST))["path"] == "/health/live"
            more = [await running.connect() for _ in range(RESERVED + 5)]
            await asyncio.sleep(0.05)
            assert running.num_connections <= 3 + RESERVED
            for _, writer in (*busy, *more):
                writer.close()

    play(story())


def test_at_the_limit_the_one_that_waits_longest_makes_room() -> None:
    """So that silent connections, however many, shut nobody out."""

    async def story() -> None:
        async with serving(Bounds(3, header_s=5, body_s=5, send_s=5)) as running:
            silent = [await running.connect() for _ in range(20)]
            assert told(await running.ask(HEAD + LAST))["path"] == "/v1/models"
            assert running.num_connections <= 3
            for _, writer in silent:
                writer.close()

    play(story())


def test_connections_between_two_requests_can_be_closed_and_only_those() -> None:
    """Those that have one on its way keep theirs."""

    async def story() -> None:
        async with serving() as running:
            idle, busy, beginning = [await running.connect() for _ in range(3)]
            idle[1].write(HEAD + b"\r\n")
            await idle[0].readuntil(b"0\r\n\r\n")
            busy[1].write(b"GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
            beginning[1].write(HEAD)
            await asyncio.sleep(0.05)
            running.server.close_idle()
            assert await idle[0].read() == b""
            assert running.num_connections == 2
            beginning[1].write(LAST)
            assert split(await beginning[0].read()).status == 200
            for _, writer in (idle, busy, beginning):
                writer.close()

    play(story())


WHOLE = (
    b"GET /v1/models?a=b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc",
)
PIECES = (b"\r\n", b"\n", b"\x00", b"\xff", b":", b" ", b"0\r\n\r\n", b"Upgrade: h2c\r\n", b"CONNECT ", b"HTTP/1.1")


def damaged(chance: random.Random) -> bytes:
    """Some requests in a row, with a few bytes lost, doubled or put in between."""
    data = bytearray(b"".join(chance.choices(WHOLE, k=chance.randrange(1, 5))))
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(data) + 1)
        data[at : at + chance.choice((0, 0, 1, 5))] = chance.choice((b"", *PIECES, bytes([chance.randrange(256)])))
    return bytes(data)


@pytest.mark.parametrize("seed", range(3))
def test_no_bytes_make_the_server_stumble(seed: int) -> None:
    """Whatever comes, in pieces of any size: it is answered or refused, and nothing goes wrong behind it."""
    chance = random.Random(seed)

    async def story() -> None:
        stumbles: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: stumbles.append(context))
        async with serving() as running:
            for _ in range(150):
                data = damaged(chance)
                reader, writer = await running.connect()
                with contextlib.suppress(ConnectionError, RuntimeError):  # it may be closed already
                    while data:
                        num = chance.choice((1, 7, 50, 1000))
                        writer.write(data[:num])
                        data = data[num:]
                        await asyncio.sleep(0)
                    writer.write_eof()
                    await reader.read()
                writer.close()
            assert stumbles == []
            assert told(await running.ask(HEAD + LAST))["path"] == "/v1/models"

    play(story())
