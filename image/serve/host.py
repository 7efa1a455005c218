"""What a serving process asks of its machine: a socket to listen on, open files, word of the end. It serves nothing."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from dataclasses import dataclass, field

from serve.errors import SetupError
from serve.settings import PREFIX


@dataclass(slots=True)
class Signals:
    """Signals only set flags: the first one `stop`, the next one `hurry`."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    is_person: bool = False  # Ctrl-C

    @classmethod
    def listen(cls) -> Signals:
        """From now on."""
        signals = cls()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, signals.on, number)
        return signals

    def on(self, number: signal.Signals) -> None:
        """One came."""
        if self.stop.is_set():
            self.hurry.set()
        else:
            self.is_person = number is signal.SIGINT
            self.stop.set()


def listen(host: str, port: int, setting: str) -> socket.socket:
    """A socket that is listened on; SetupError names the setting with its port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's delay off only where it reads TCP there; with it every answer
    # on a kept connection waits 40 ms for an acknowledgement.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _notice_lost_clients(sock)
        sock.bind((host, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise SetupError(f"{PREFIX}{setting} is {port}: {host} can't be listened on there: {error.strerror}") from error
    return sock


def let_open(num_files: int) -> None:
    """Many systems let a process open few files unless it asks; a connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = num_files if hard == resource.RLIM_INFINITY else min(num_files, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _notice_lost_clients(sock: socket.socket) -> None:
    """Those who went without a word, in two minutes, so that nobody computes for them. Connections inherit it."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):  # macOS names one of them otherwise
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
