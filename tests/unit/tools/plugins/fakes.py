"""Small stand-ins for what the engine and gRPC give a plugin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import grpc

from tools.plugins.engine import Severity


class Aborted(Exception):
    """A call that ended with an error."""

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        super().__init__(text)
        self.code = code


class FakeContext:
    """The context of one call."""

    def __init__(self) -> None:
        self.trailing: tuple[tuple[str, Any], ...] = ()
        self.callbacks: list[Callable[[], None]] = []

    def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        """End the call with an error."""
        raise Aborted(code, details)

    def set_trailing_metadata(self, metadata: tuple[tuple[str, Any], ...]) -> None:
        """Keep what goes with the error."""
        self.trailing = metadata

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Keep what to do at the end."""
        self.callbacks.append(callback)
        return True

    def is_active(self) -> bool:
        """The engine is waiting for an answer."""
        return True


class FakeLog:
    """Keeps what the user would see."""

    def __init__(self) -> None:
        self.lines: list[tuple[Severity, str]] = []
        self.statuses: list[str] = []

    def log(self, severity: Severity, text: str, urn: str = "") -> None:
        """Keep a message."""
        self.lines.append((severity, text))

    def status(self, severity: Severity, text: str, urn: str = "") -> None:
        """Keep a passing message."""
        self.statuses.append(text)

    @property
    def warnings(self) -> list[str]:
        """The texts of all warnings."""
        return [text for severity, text in self.lines if severity is Severity.WARNING]
