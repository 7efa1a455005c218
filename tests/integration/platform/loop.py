"""A thread that plays controllers: looks several times a second, and tells at its end what went wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final

import httpx

EVERY_S: Final = 0.25


class Loop(threading.Thread):
    """All of some looks, one after the other."""

    def __init__(self, looks: Sequence[Callable[[], None]]) -> None:
        super().__init__(daemon=True)
        self._looks = looks
        self._ended = threading.Event()
        self._wrong: AssertionError | None = None

    def run(self) -> None:
        """Until told to stop. A server that is busy is asked again; what it refuses is a mistake of ours."""
        while not self._ended.wait(EVERY_S):
            for look in self._looks:
                try:
                    look()
                except httpx.HTTPError:
                    continue
                except AssertionError as error:
                    self._wrong = error

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self.join()
        if self._wrong:
            raise self._wrong
