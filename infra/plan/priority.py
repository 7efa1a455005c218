"""Who gives way to whom when nodes are full: four classes, and which one each model has."""

from dataclasses import dataclass
from typing import Final

from infra.stack import PriorityConfig

VALUES: Final = {"critical": 1_000_000, "standard": 100_000, "batch": 10_000, "experimental": 1_000}
"""By tier of the catalog; far below those of the system (two thousand million), far above the default of none (0)."""
PATIENT: Final = frozenset({"batch", "experimental"})
"""They wait for room, and push out nobody."""
CHORES: Final = "batch"
"""The tier of what no model waits for: backups."""


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """A class of the cluster."""

    name: str
    tier: str
    value: int
    preempts: bool


def plan_priorities(config: PriorityConfig) -> tuple[PriorityClass, ...]:
    """All four, the highest first; none where somebody else makes them.

    They belong to the whole cluster, so their names carry the namespace, which no other stack there has. All four are
    made whichever are in use: another tier for a model then needs no right to the cluster's own objects.
    """
    if not config.create:
        return ()
    return tuple(
        PriorityClass(class_of(tier, config), tier, value, preempts=tier not in PATIENT)
        for tier, value in VALUES.items()
    )


def class_of(tier: str, config: PriorityConfig) -> str:
    """The class of a tier's pods, whoever makes it."""
    return f"{config.prefix}-{tier}"
