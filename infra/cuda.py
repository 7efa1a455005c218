"""Which compiled CUDA code runs on which GPU. Pure: knows numbers and NVIDIA's rules, no image and no model.

An architecture is written as CMake writes it: `80-real` is machine code for compute capability 8.0, `80-virtual` code
that a driver translates when it is loaded, `80` both. By NVIDIA's rules machine code runs on its own capability and the
later ones of the same major number, code to be translated on all later ones. A suffix ends that: `a` is for one
capability alone, `f` for the later ones of its family, which has the same major number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from infra import hardware

KNOWN: Final = (75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121)
"""What the image's compiler has code for (`nvcc --list-gpu-arch` of CUDA 13.3)."""
LEAST_WITH_SUFFIX: Final = {"a": 90, "f": 100}
ALLOWED: Final = f"{', '.join(map(str, KNOWN))}, alone or with -real or -virtual, such as 80-real"
_WRITTEN: Final = re.compile(r"(\d{2,3})([af]?)(-real|-virtual)?")


@dataclass(frozen=True, slots=True, order=True)
class Architecture:
    """What is compiled for. `suffix`: a, f or none; `kind`: -real, -virtual, or none for both."""

    compute: int
    suffix: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.compute}{self.suffix}{self.kind}"

    def can_run_on(self, compute: int) -> bool:
        """On a GPU of that capability."""
        if self.suffix == "a":
            return compute == self.compute
        is_same_major = compute // 10 == self.compute // 10
        is_translated = self.kind != "-real" and not self.suffix
        return compute >= self.compute and (is_same_major or is_translated)


def parse(text: str) -> Architecture:
    """ValueError says what is allowed."""
    found = _WRITTEN.fullmatch(text)
    if not found or int(found[1]) not in KNOWN or int(found[1]) < LEAST_WITH_SUFFIX.get(found[2], 0):
        raise ValueError(f"allowed: {ALLOWED}")
    return Architecture(int(found[1]), found[2], found[3] or "")


def strangers(products: Iterable[str], compiled: Sequence[Architecture]) -> dict[str, int]:
    """Products that run none of it, each with its capability; 0 for those that are no GPUs of NVIDIA."""
    computes = {product: hardware.compute_of(product) for product in products}
    return {
        product: compute
        for product, compute in computes.items()
        if not any(each.can_run_on(compute) for each in compiled)
    }


def missing(computes: Iterable[int]) -> list[Architecture] | None:
    """What must be compiled for these GPUs, too; None where nothing can be: the compiler knows one of them no more."""
    found: set[Architecture] = set()
    for compute in computes:
        usable = [known for known in KNOWN if Architecture(known, kind="-real").can_run_on(compute)]
        if not usable:
            return None
        found.add(Architecture(min(usable), kind="-real"))
    return sorted(found)
