"""Numbers of pods that are written as a number or as a share of all: `2`, `"25%"`. Knows no field and no rounding.

Source: k8s.io/apimachinery pkg/util/intstr.
"""

import re
from fractions import Fraction
from typing import Any

from kube.unknown import UNKNOWN

_PERCENT = re.compile(r"([0-9]{1,9})%")


def pods(value: Any, count: Any) -> Any:
    """How many pods of so many, not rounded; 0 where the value is neither, UNKNOWN where a part is not known."""
    if value is UNKNOWN:
        return UNKNOWN
    share = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if share:
        return Fraction(int(share[1]), 100) * count
    return value if isinstance(value, int) else 0
