"""Which volumes there are: how large, of which class, mounted by how many nodes, and what outlives a mistake."""

from dataclasses import dataclass
from typing import Literal

from infra.stack import StackConfig

AccessMode = Literal["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"]
Use = Literal["weights", "cache", "backup"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One volume.

    Attributes:
        use: weights: a cache of one model. cache: of all. backup: copies of what must not be lost.
        protect: Pulumi refuses to delete it, and leaves it where it is when it is told to.
        model: whose it is; None for what the whole stack shares.
        copy_of: the claim that it is made from, by the storage driver.
    """

    name: str
    use: Use
    storage_class: str
    access_mode: AccessMode
    num_bytes: int
    protect: bool = False
    model: str | None = None
    copy_of: str | None = None


def can_be_shared(config: StackConfig) -> bool:
    """Whether pods on two nodes can mount one cache at once, if they have to. A rollout with surge needs that."""
    return not config.cluster.multi_node or config.storage.access_mode != "ReadWriteOnce"


def weights_mode(config: StackConfig, num_pods: int) -> AccessMode:
    """As the stack says; else by how many pods of how many nodes may want it at once.

    ReadWriteOnce would pin all replicas to one node; but one pod alone can have a disk, which is faster than a file
    service and is to be had in every cluster.
    """
    match config.storage.access_mode:
        case "ReadWriteOnce" | "ReadWriteMany" | "ReadOnlyMany" as named:
            return named
        case _:
            return "ReadWriteMany" if config.cluster.multi_node and num_pods > 1 else "ReadWriteOnce"


def plan_claims(shared: Claim | None, backup: Claim | None) -> tuple[Claim, ...]:
    """Claims that belong to no single model."""
    return tuple(claim for claim in (shared, backup) if claim is not None)
