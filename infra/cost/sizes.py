"""Quantities of objects -> whole numbers, and what no real object asks for is refused: it is a mistake, not a demand.

A negative number, one that is no quantity, or one beyond what the largest machines and disks have would make a total
that looks like one. Unknown values count nothing here: the view that read them has noted them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from kube import quantity
from kube.unknown import UNKNOWN

MAX_CPU_M: Final = 4_096_000  # a pod: twice the largest machine that is sold
MAX_MEMORY_BYTES: Final = 64 * 2**40
MAX_GPUS: Final = 64
MAX_STORAGE_BYTES: Final = 2**50  # a claim: larger than any volume that is sold
MAX_REPLICAS: Final = 20_000
MAX_SHOWN_CHARS: Final = 40


class Refused(Exception):
    """What an object asks for can't be meant: which field, and why."""


def milli_cpu(value: Any, field: str = "cpu") -> int:
    """Thousandths of a core."""
    return _size(value, field, Fraction(1, 1000), MAX_CPU_M, "4,096 cores")


def num_bytes(value: Any, field: str, most: int = MAX_MEMORY_BYTES) -> int:
    """Bytes."""
    return _size(value, field, Fraction(1), most, f"{most // 2**40:,} TiB")


def num_gpus(value: Any) -> int:
    """Whole GPUs."""
    if isinstance(value, Fraction | int) and Fraction(value).denominator != 1:
        raise Refused(f"{float(value)} GPUs: there are only whole ones")
    return _size(value, "GPUs", Fraction(1), MAX_GPUS, f"{MAX_GPUS}")


def replicas(value: Any, default: int) -> int:
    """A number of pods."""
    if value is None or value is UNKNOWN:
        return default
    if not isinstance(value, int):
        raise Refused(f"replicas: {_shown(value)} is no whole number")
    return _size(value, "replicas", Fraction(1), MAX_REPLICAS, f"{MAX_REPLICAS:,}")


def _size(value: Any, field: str, unit: Fraction, most: int, most_text: str) -> int:
    """In units, the next whole number, as the scheduler rounds."""
    if value is None or value is UNKNOWN:
        return 0
    amount = value if isinstance(value, Fraction) else quantity.parse(value)
    if not isinstance(amount, Fraction):
        raise Refused(f"{field}: {_shown(value)} is no quantity")
    if amount < 0:
        raise Refused(f"{field}: {_shown(value)} is negative")
    if amount > most * unit:
        raise Refused(f"{field}: {_shown(value)} is more than {most_text}, which nobody can mean")
    units = amount / unit
    return -(-units.numerator // units.denominator)


def _shown(value: Any) -> str:
    text = str(float(value)) if isinstance(value, Fraction) and value.numerator < 10**300 else repr(value)
    return text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}..."
