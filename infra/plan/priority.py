"""Who gives way to whom when nodes are full: four classes, and which one each model has."""

from dataclasses import dataclass
from typing import Final

from infra.stack import PriorityConfig

VALUES: Final = {"critical": 1_000_000, "standard": 100_000, "batch": 10_000, "experimental": 1_000}
"""By tier of the catalog; far below those of the system (two thousand million), far above the default of none (0)."""
PATIENT: Final = frozenset({"batch", "experimental"})
"""They wait for room, and push out nobody."""


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """A class of the cluster."""

    name: str
    tier: str
    value: int
    preempts: bool


def plan_priorities(config: PriorityConfig) -> tuple[PriorityClass, ...]:
    """All four, the highest first. None is made yet."""
    del config
    return ()


def class_of(tier: str, config: PriorityConfig) -> str | None:
    """The class of a model's pods; None: the cluster's default. Follows plan_priorities()."""
    del tier, config
    return None
