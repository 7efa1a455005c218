"""How many small requests a server answers in a second: clients in a closed loop on connections that stay open."""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from dataclasses import dataclass

from bench.engine.client import READ_BYTES, TIMEOUT_S, BrokenAnswer, Reply, connect


@dataclass(frozen=True, slots=True)
class Hammered:
    """What came of it."""

    num: int
    seconds: float
    client_s: float
    """Processor time that the client took: far below `seconds`, or the client is what was measured."""

    @property
    def per_second(self) -> float:
        """Requests answered."""
        return self.num / self.seconds

    @property
    def client_share(self) -> float:
        """Of one core."""
        return self.client_s / self.seconds


def hammer(port: int, request: bytes, *, num_clients: int, seconds: float) -> Hammered:
    """Each client sends its next request when it has the answer to the last, until the time is over.

    A server may close a connection between two answers, as llama-server does after some: a new one goes on.
    """
    num = 0
    with contextlib.ExitStack() as open_sockets, selectors.DefaultSelector() as selector:

        def begin() -> None:
            sock = open_sockets.enter_context(connect(port))
            selector.register(sock, selectors.EVENT_READ, [Reply()])
            sock.sendall(request)

        start, busy_s = time.monotonic(), time.thread_time()
        for _ in range(num_clients):
            begin()
        while time.monotonic() - start < seconds:
            ready = selector.select(TIMEOUT_S)
            if not ready:
                raise BrokenAnswer(f"no answer for {TIMEOUT_S:g} s")
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                state = _take(key.fileobj, key.data, request)
                num += state is True
                if state is None:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
                    begin()
        return Hammered(num, time.monotonic() - start, time.thread_time() - busy_s)


def _take(sock: socket.socket, holder: list[Reply], request: bytes) -> bool | None:
    """Read once. True: an answer is complete and the next request is sent. None: closed between two answers."""
    (reply,) = holder
    try:
        new = sock.recv(READ_BYTES)
    except ConnectionResetError:
        new = b""
    if not new:
        if reply.data:
            raise BrokenAnswer(f"the connection was closed after {bytes(reply.data[-500:])!r}")
        return None
    if not reply.feed(0.0, new):
        return False
    if reply.status != 200:
        raise BrokenAnswer(bytes(reply.data[:2000]).decode(errors="replace"))
    holder[0] = Reply()
    with contextlib.suppress(OSError):  # closed just now: the next read says so
        sock.sendall(request)
    return True
