"""How far two token sequences agree. Tokens as bytes, four each, so that a comparison is one memcmp."""

from __future__ import annotations

TOKEN_BYTES = 4


def num_common(a: bytes, b: bytes) -> int:
    """Tokens at the beginning that are the same in both: by halving, O(n) in C rather than a loop in Python."""
    low, high = 0, min(len(a), len(b)) // TOKEN_BYTES
    if a[: high * TOKEN_BYTES] == b[: high * TOKEN_BYTES]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if a[low * TOKEN_BYTES : middle * TOKEN_BYTES] == b[low * TOKEN_BYTES : middle * TOKEN_BYTES]:
            low = middle
        else:
            high = middle
    return low
