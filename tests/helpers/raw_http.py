"""HTTP by bytes over a socket: what no client library would send, and what really comes back."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer in its parts; status 0: the connection was closed without one."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


def exchange(port: int, *pieces: bytes, pause_s: float = 0.0, timeout_s: float = 10.0) -> bytes:
    """Send pieces, then read until the other side closes. A reset is an end, too."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as sock:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                sock.sendall(piece)
                time.sleep(pause_s)
        return read_all(sock)


def read_all(sock: socket.socket) -> bytes:
    """Until the end."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := sock.recv(65536):
            data += piece
    return data


def split(data: bytes) -> Raw:
    """The first answer in it."""
    if not data:
        return Raw(0, {}, b"")
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Raw(int(first.split()[1]), headers, body)
