"""Kubernetes quantities <-> whole numbers: CPU in millicores, memory and storage in bytes.

Pure. Sums and comparisons happen on integers; text appears only at both ends. The formatter writes the form that the
API server would write itself, so that an object read back equals the object sent.
"""

import re
from fractions import Fraction

KI, MI, GI, TI = 2**10, 2**20, 2**30, 2**40
_FACTORS = {"": 1, "Ki": KI, "Mi": MI, "Gi": GI, "Ti": TI, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BYTES = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T|)")
_CPU = re.compile(r"(\d+)(m)|(\d+(?:\.\d{1,3})?)")

BYTES_ALLOWED = "a size such as 512Mi, 20Gi or 1Ti"
CPU_ALLOWED = "cores such as 2, 0.5 or 250m"


def parse_bytes(text: str) -> int:
    """`20Gi` -> 21474836480. Raises ValueError that says what is allowed."""
    match = _BYTES.fullmatch(text)
    if not match:
        raise ValueError(f"allowed: {BYTES_ALLOWED}")
    return round(Fraction(match[1]) * _FACTORS[match[2]])


def parse_cpu(text: str) -> int:
    """`250m` -> 250, `0.5` -> 500, `2` -> 2000. Raises ValueError that says what is allowed."""
    match = _CPU.fullmatch(text)
    if not match:
        raise ValueError(f"allowed: {CPU_ALLOWED}")
    return int(match[1]) if match[2] else round(Fraction(match[3]) * 1000)


def format_bytes(num_bytes: int) -> str:
    """The largest binary unit that divides the number; 0 is `0`."""
    for suffix, factor in (("Ti", TI), ("Gi", GI), ("Mi", MI), ("Ki", KI)):
        if num_bytes and num_bytes % factor == 0:
            return f"{num_bytes // factor}{suffix}"
    return str(num_bytes)


def format_cpu(millicores: int) -> str:
    """`2000` -> `2`, `250` -> `250m`."""
    return str(millicores // 1000) if millicores % 1000 == 0 else f"{millicores}m"


def round_up(num_bytes: int, unit: int) -> int:
    """The next multiple of `unit` that is not smaller."""
    return -(-num_bytes // unit) * unit
