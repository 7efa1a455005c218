"""What one operation tells the user while it runs: a line beside the resource, and warnings. Each thing once."""

from __future__ import annotations

import threading

from tools.plugins.engine import Log, Severity


class Reporter:
    """The voice of one operation on one resource."""

    def __init__(self, log: Log, urn: str) -> None:
        self._log = log
        self._urn = urn
        self._shown = ""
        self._warned: set[str] = set()
        self._lock = threading.Lock()

    def progress(self, text: str) -> None:
        """Show what it is doing now; an empty text clears the line."""
        if text != self._shown:
            self._shown = text
            self._log.status(Severity.INFO, text, self._urn)

    def warn(self, text: str) -> None:
        """Show a warning that stays."""
        with self._lock:
            is_new = text not in self._warned
            self._warned.add(text)
        if is_new:
            self._log.log(Severity.WARNING, text, self._urn)
