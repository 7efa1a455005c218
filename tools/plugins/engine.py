"""What a plugin says to the Pulumi engine that started it: log lines, and whether it is still there.

Refuses to know what is logged. A log line that can't be delivered is dropped: the engine is going away, and the
operation that logs must not fail for it.
"""

from __future__ import annotations

import threading
from enum import Enum, auto
from typing import Protocol

import grpc

from tools.plugins.protocol import engine_pb2, engine_pb2_grpc

LOG_TIMEOUT_S = 30.0
"""One that is gone is told at once; one that is only busy is not to lose what it should show."""
HEALTH_TIMEOUT_S = 10.0
WATCH_INTERVAL_S = 2.0
NUM_MISSES_ALLOWED = 2
HEALTH_METHOD = "/grpc.health.v1.Health/Check"


class Severity(Enum):
    """How loud a log line is; the values are the names of the protocol."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Log(Protocol):
    """Where messages for the user go."""

    def log(self, severity: Severity, text: str, urn: str = "") -> None:
        """Show a message that stays."""

    def status(self, severity: Severity, text: str, urn: str = "") -> None:
        """Show a message beside the resource until the next one replaces it; empty clears it."""


class Life(Enum):
    """What one look at the engine found."""

    ALIVE = auto()
    GONE = auto()
    UNKNOWN = auto()
    """It does not answer this question: never a reason to leave."""


class Engine:
    """The engine at an address; connects on first use."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._stub = engine_pb2_grpc.EngineStub(self._channel)

    def log(self, severity: Severity, text: str, urn: str = "") -> None:
        """Show a message that stays."""
        self._send(severity, text, urn, ephemeral=False)

    def status(self, severity: Severity, text: str, urn: str = "") -> None:
        """Show a message beside the resource until the next one replaces it; empty clears it."""
        self._send(severity, text, urn, ephemeral=True)

    def _send(self, severity: Severity, text: str, urn: str, *, ephemeral: bool) -> None:
        request = engine_pb2.LogRequest(
            severity=engine_pb2.LogSeverity.Value(severity.value), message=text, urn=urn, ephemeral=ephemeral
        )
        try:
            self._stub.Log(request, timeout=LOG_TIMEOUT_S)
        except grpc.RpcError:
            return

    def look(self) -> Life:
        """Ask once. The health service is called by name: its stubs are in no package that we have."""
        try:
            self._channel.unary_unary(HEALTH_METHOD, None, None)(b"", timeout=HEALTH_TIMEOUT_S)
        except grpc.RpcError as e:
            # A stopped engine (Ctrl-Z, a debugger) runs into the timeout; only a closed port means gone.
            return Life.GONE if e.code() == grpc.StatusCode.UNAVAILABLE else Life.UNKNOWN
        return Life.ALIVE


class Looks(Protocol):
    """Something that can be asked whether it lives."""

    def look(self) -> Life:
        """Ask once."""


def wait_until_gone(engine: Looks, stop: threading.Event, interval_s: float = WATCH_INTERVAL_S) -> None:
    """Return when the engine is gone or `stop` is set; a killed engine must leave no plugin behind."""
    num_misses = 0
    while num_misses < NUM_MISSES_ALLOWED and not stop.wait(interval_s):
        num_misses = num_misses + 1 if engine.look() is Life.GONE else 0
