"""Numbers that are written as text: flags, annotations, ports. No more digits than any of them can mean."""

import re
from typing import Any

_WHOLE = re.compile(r"[0-9]{1,18}")


def whole(text: Any) -> int | None:
    """The number; None for what is no text, or has anything but digits, or too many."""
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text) else None
