"""The SHA-256 of a file while it grows: a thread that reads behind the writer.

It reads the file and not the writer's chunks: so what an earlier process wrote is hashed while the rest is downloaded,
and memory stays what it is however large the file and however slow the hash.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable

CHUNK_BYTES = 1024 * 1024
TOLD_EVERY_S = 0.25


class Digest:
    """Of the first bytes of an open file, as many as it was told there are."""

    def __init__(self, fd: int, size_bytes: int) -> None:
        self._fd = fd
        self._size = size_bytes
        self._done = 0
        self._is_wanted = self._has_ended = False
        self._error: OSError | None = None
        self._hash = hashlib.sha256()
        self._moved = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="digest", daemon=True)
        self._thread.start()

    def grew(self, size_bytes: int) -> None:
        """So many bytes are there now. The thread is woken for whole chunks only: the writer comes much more often."""
        self._size = size_bytes
        if size_bytes - self._done >= CHUNK_BYTES:
            with self._moved:
                self._moved.notify_all()

    def result(self, on_progress: Callable[[int], None]) -> str:
        """Wait until all of them are hashed. `on_progress` gets the number of those that are."""
        with self._moved:
            self._is_wanted = True
            self._moved.notify_all()
            while self._done < self._size and self._error is None:
                on_progress(self._done)
                self._moved.wait(TOLD_EVERY_S)
            if self._error is not None:
                raise self._error
            on_progress(self._done)
            return self._hash.hexdigest()

    def close(self) -> None:
        """End the thread, so that the file can be closed."""
        with self._moved:
            self._has_ended = True
            self._moved.notify_all()
        self._thread.join()

    def _run(self) -> None:
        buffer = memoryview(bytearray(CHUNK_BYTES))
        try:
            while (size := self._wait()) is not None:
                num_read = os.preadv(self._fd, [buffer[: min(CHUNK_BYTES, size - self._done)]], self._done)
                if not num_read:
                    raise OSError(0, "the partial file was made shorter by somebody else")
                self._hash.update(buffer[:num_read])
                self._advance(num_read)
        except OSError as error:
            with self._moved:
                self._error = error
                self._moved.notify_all()

    def _wait(self) -> int | None:
        """The size, when there is a whole chunk to hash, or the last one; None at the end."""
        with self._moved:
            while not self._has_ended:
                left = self._size - self._done
                if left >= CHUNK_BYTES or (self._is_wanted and left):
                    return self._size
                self._moved.wait()
            return None

    def _advance(self, num_bytes: int) -> None:
        with self._moved:
            self._done += num_bytes
            if self._done >= self._size:
                self._moved.notify_all()
