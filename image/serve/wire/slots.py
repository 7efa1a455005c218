"""POST /slots/{id}: the name of a file."""

from __future__ import annotations

import unicodedata

from serve.errors import InvalidRequestError
from serve.wire.body import Body

MAX_NAME_BYTES = 200  # file systems take 255
_FORBIDDEN = frozenset('/\\:*?"<>|\uff0e\u2215\u2216\ufffd\ufeff')  # as in llama.cpp


class SlotFile(Body):
    """The file of a slot, in the server's own folder for them."""

    model: str | None = None
    filename: str


def checked_name(name: str | None) -> str:
    """A plain name that leads nowhere else, and hides from nobody."""
    if name is None:
        raise InvalidRequestError("filename is missing: the name of a file is needed", param="filename")
    is_printable = not any(unicodedata.category(char) in ("Cc", "Cs") for char in name)
    is_plain = is_printable and not _FORBIDDEN & set(name) and not name.startswith((".", " "))
    if not is_plain or name.endswith((".", " ")) or not 0 < len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES:
        shown = repr(name if len(name) <= 80 else f"{name[:77]}...")
        raise InvalidRequestError(
            f"filename is {shown}: a plain name of at most {MAX_NAME_BYTES} bytes is allowed", param="filename"
        )
    return name
