"""Numbers and texts of a file, one after the other, through `read(offset, length)`: a file, or a server far away.

Reads ahead in pieces that grow, so that a header of 100 KB costs one request and one of 10 MB four. Nothing is
believed: whoever asks for more than the limits, or more than the file has, gets an error that says where.
"""

import struct
from collections.abc import Callable
from typing import Final

from infra.gguf.types import GgufError
from infra.units import MI

Read = Callable[[int, int], bytes]
"""Up to so many bytes from an offset; fewer only at the end of the file."""

FIRST_PIECE: Final = MI
LARGEST_PIECE: Final = 16 * MI
MAX_HEADER_BYTES: Final = 64 * MI
MAX_TEXT_BYTES: Final = 16 * MI


class Cursor:
    """A place in the header that only moves on."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._piece = b""
        self._start = 0  # of the piece, in the file
        self._at = 0  # in the piece
        self._next = FIRST_PIECE

    @property
    def offset(self) -> int:
        """In the file."""
        return self._start + self._at

    def take(self, length: int, what: str) -> memoryview:
        """The next bytes."""
        if self._at + length > len(self._piece):
            self._fetch(length, what)
        found = memoryview(self._piece)[self._at : self._at + length]
        self._at += length
        return found

    def skip(self, length: int, what: str) -> None:
        """Leave out the next bytes, without reading them where they are not there yet."""
        self._guard(length, what)
        self._at += length
        if self._at > len(self._piece):
            self._start, self._at, self._piece = self.offset, 0, b""

    def number(self, code: str, what: str) -> int:
        """A whole number, by struct's code."""
        found: int = struct.unpack("<" + code, self.take(struct.calcsize("<" + code), what))[0]
        return found

    def length(self, limit: int, what: str) -> int:
        """A count of 64 bits that must stay below a limit."""
        found = self.number("Q", what)
        if found > limit:
            raise GgufError(f"{what} at byte {self.offset - 8}: {found} is not allowed; allowed: {limit} or less")
        return found

    def text(self, what: str, limit: int = MAX_TEXT_BYTES) -> str:
        """A text with its length before it."""
        try:
            return str(self.take(self.length(limit, f"length of {what}"), what), "utf-8")
        except UnicodeDecodeError:
            raise GgufError(f"{what} at byte {self.offset}: is no UTF-8") from None

    def _guard(self, length: int, what: str) -> None:
        if self.offset + length > MAX_HEADER_BYTES:
            raise GgufError(f"{what} at byte {self.offset}: the header is larger than {MAX_HEADER_BYTES // MI} MiB")

    def _fetch(self, length: int, what: str) -> None:
        self._guard(length, what)
        rest = self._piece[self._at :]
        wanted = max(length - len(rest), self._next)
        more = self._read(self._start + len(self._piece), wanted)
        self._next = min(2 * self._next, LARGEST_PIECE)
        self._start, self._at, self._piece = self.offset, 0, rest + more
        if len(self._piece) < length:
            raise GgufError(f"{what} at byte {self.offset}: the file ends in the middle of it")
