"""What is known of GPUs, as values."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Wish = Literal["auto", "required", "off"]
"""auto: use GPUs where there are any; required: no start without; off: never look."""


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU that can be computed on. `uuid` is what CUDA_VISIBLE_DEVICES takes."""

    name: str
    uuid: str
    compute: tuple[int, int]  # its compute capability
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a look has found. `refused`: why each of the others can't be used; `why`: why there is none at all."""

    devices: tuple[Device, ...] = ()
    refused: tuple[str, ...] = ()
    why: str = ""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Report:
        """ValueError, KeyError or TypeError: it is none."""
        told = json.loads(text)
        devices = tuple(Device(**{**each, "compute": tuple(each["compute"])}) for each in told["devices"])
        return cls(devices, tuple(told["refused"]), str(told["why"]))
