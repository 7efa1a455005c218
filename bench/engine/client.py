"""An HTTP client that costs next to nothing: one thread, one selector, bytes that are made before and read after.

Servers and client share the cores, so whatever the client does is taken from them. While a measurement runs it only
notes when which bytes came; what they say is parsed when all is over. The same client asks every server.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import time
from dataclasses import dataclass, field
from typing import Any

HOST = "127.0.0.1"
TIMEOUT_S = 300.0
"""A measurement in which nothing came for so long has failed."""
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"transfer-encoding: *chunked", re.IGNORECASE)
READ_BYTES = 1 << 16


class BrokenAnswer(Exception):
    """A server said something else than an answer; such a measurement counts for nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, and how long after the start it is sent."""

    request: bytes
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Times are seconds after the start of the run."""

    sent_s: float
    end_s: float
    token_s: tuple[float, ...]
    """When each piece of text came."""
    num_prompt: int | None
    """None: the server did not say."""
    num_generated: int
    """By the server's usage; of one that tells none, how many pieces of text came: tokens without one are not seen."""
    text: str
    ran_to_length: bool
    """It ended because as many tokens were there as were asked for."""

    @property
    def first_token_s(self) -> float:
        """From sending it to the first piece of text."""
        return self.token_s[0] - self.sent_s

    @property
    def gaps_s(self) -> list[float]:
        """Between one piece and the next."""
        return [later - earlier for earlier, later in zip(self.token_s, self.token_s[1:], strict=False)]


@dataclass(slots=True)
class Reply:
    """Bytes of one HTTP response as they come."""

    data: bytearray = field(default_factory=bytearray)
    reads: list[tuple[float, int]] = field(default_factory=list)
    """When, and how many bytes there were then."""
    _head: int = 0
    _end: int | None = None

    def feed(self, now: float, new: bytes) -> bool:
        """Take what came; is that all?"""
        self.data += new
        self.reads.append((now, len(self.data)))
        if not self._head:
            at = self.data.find(b"\r\n\r\n")
            if at < 0:
                return False
            self._head = at + 4
            head = bytes(self.data[:at])
            length = _LENGTH.search(head)
            if length:
                self._end = self._head + int(length[1])
            elif not _CHUNKED.search(head):
                raise BrokenAnswer(f"neither a length nor chunks: {head!r}")
        if self._end is not None:
            return len(self.data) >= self._end
        return self.data.endswith(b"\r\n0\r\n\r\n")

    @property
    def status(self) -> int:
        """As the first line says."""
        return int(self.data[9:12])


def post(path: str, body: dict[str, Any]) -> bytes:
    """The bytes of one request on a connection that stays open."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


def connect(port: int) -> socket.socket:
    """A new connection to a server of this machine."""
    sock = socket.create_connection((HOST, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def ask(port: int, calls: list[Call]) -> list[Answer]:
    """Send each at its time, on a connection of its own, and wait for all answers."""
    start = time.monotonic()
    replies = [Reply() for _ in calls]
    sent_s = [0.0] * len(calls)
    later = sorted(range(len(calls)), key=lambda index: calls[index].at_s, reverse=True)
    num_open = 0
    with selectors.DefaultSelector() as selector:
        while later or num_open:
            now = time.monotonic() - start
            while later and calls[later[-1]].at_s <= now:
                index = later.pop()
                sent_s[index] = time.monotonic() - start
                sock = connect(port)
                sock.sendall(calls[index].request)
                selector.register(sock, selectors.EVENT_READ, index)
                num_open += 1
            wait_s = max(calls[later[-1]].at_s - now, 0) if later else TIMEOUT_S
            ready = selector.select(wait_s)
            if not ready and not later:
                raise BrokenAnswer(f"{num_open} of {len(calls)} answers stopped for {TIMEOUT_S:g} s")
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                new = key.fileobj.recv(READ_BYTES)
                if not new:
                    raise BrokenAnswer(f"the connection was closed after {bytes(replies[key.data].data[-500:])!r}")
                if replies[key.data].feed(time.monotonic() - start, new):
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
                    num_open -= 1
    return [read_answer(reply, sent) for reply, sent in zip(replies, sent_s, strict=True)]


def read_answer(reply: Reply, sent_s: float) -> Answer:
    """What a stream of completion chunks says, and when each piece of text came."""
    if reply.status != 200:
        raise BrokenAnswer(bytes(reply.data[:2000]).decode(errors="replace"))
    texts: list[str] = []
    token_s: list[float] = []
    usage: dict[str, int] = {}
    reason = None
    read = 0
    for found in re.finditer(rb"data: (\{.*\})\r?\n", reply.data):
        while reply.reads[read][1] < found.end():
            read += 1
        chunk = json.loads(found[1])
        if "error" in chunk:
            raise BrokenAnswer(str(chunk["error"]))
        usage = chunk.get("usage") or usage
        text = "".join(choice["text"] for choice in chunk["choices"])
        reason = next((choice["finish_reason"] for choice in chunk["choices"] if choice.get("finish_reason")), reason)
        if text:
            texts.append(text)
            token_s.append(reply.reads[read][0])
    end_s = reply.reads[-1][0]
    if not token_s and reason is None:
        raise BrokenAnswer(f"no text: {bytes(reply.data[-500:])!r}")
    return Answer(
        sent_s=sent_s,
        end_s=end_s,
        token_s=tuple(token_s) or (end_s,),  # a random model may say nothing but halves of characters
        num_prompt=usage.get("prompt_tokens"),
        num_generated=usage.get("completion_tokens", len(token_s)),
        text="".join(texts),
        ran_to_length=reason == "length",
    )
