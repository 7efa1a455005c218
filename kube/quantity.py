"""Kubernetes quantities as exact numbers, in the whole grammar of the API (`1`, `0.5`, `100m`, `2Gi`, `1e3`, `5E`).

More digits than anybody means are no quantity.

Source: k8s.io/apimachinery pkg/api/resource, `ParseQuantity`.
"""

import re
from fractions import Fraction
from typing import Any

from kube.unknown import UNKNOWN

_FACTORS = {
    **{"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1)},
    **{suffix: Fraction(1000**power) for power, suffix in enumerate("kMGTPE", start=1)},
    **{suffix: Fraction(1024**power) for power, suffix in enumerate(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"], start=1)},
}
_QUANTITY = re.compile(
    r"([+-]?(?:\d{1,99}(?:\.\d{0,99})?|\.\d{1,99}))(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)", re.ASCII
)
_MOST = Fraction(2**63 - 1)
"""What the API server makes of anything larger."""


def parse(value: Any) -> Any:
    """A Fraction; None where it is not a quantity (also for None); UNKNOWN for UNKNOWN."""
    if value is UNKNOWN:
        return UNKNOWN
    match = _QUANTITY.fullmatch(str(value))  # which no value of another type than text or number looks like
    if not match:
        return None
    amount = Fraction(match[1]) * (Fraction(10) ** int(match[2]) if match[2] else _FACTORS[match[3] or ""])
    return max(-_MOST, min(amount, _MOST))
