"""Serve a plugin: one gRPC server on a free port of 127.0.0.1, whose number is the first line on standard output.

The story of a plugin process: start, print the port, serve, and leave with the engine or on a signal. Everything
that is printed after the port becomes a diagnostic of the running operation.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent import futures

import grpc

from tools.plugins.engine import Engine, wait_until_gone

MAX_MESSAGE_BYTES = 400 * 1024 * 1024
"""As the engine allows: a large state comes in one message."""

MAX_THREADS = 256
"""A call that waits for a rollout holds a thread; the engine runs four operations per CPU by default."""

CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
]


def serve(register: Callable[[grpc.Server], None], *, engine_address: str, on_leave: Callable[[], None]) -> None:
    """Serve what `register` adds until the engine is gone or a signal comes; then `on_leave`, and the process ends."""
    server = grpc.server(futures.ThreadPoolExecutor(MAX_THREADS), options=CHANNEL_OPTIONS)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    leave = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: leave.set())
    server.start()
    print(port, flush=True)
    if engine_address:
        threading.Thread(target=_leave_with_engine, args=(engine_address, leave), daemon=True).start()
    leave.wait()
    on_leave()
    server.stop(grace=None)
    sys.stdout.flush()
    os._exit(0)  # calls in progress hold threads that Python would wait for


def _leave_with_engine(address: str, leave: threading.Event) -> None:
    wait_until_gone(Engine(address), leave)
    leave.set()
