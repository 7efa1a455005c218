"""Claims: what is asked for of which storage class, and by how many nodes it can be mounted."""

from dataclasses import dataclass
from typing import Literal

from infra.stack import StackConfig

AccessMode = Literal["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"]
Use = Literal["weights", "data", "backup"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One volume. `model` is whose it is; None for what the whole stack shares. `protect`: outlives a mistake."""

    name: str
    use: Use
    storage_class: str
    access_mode: AccessMode
    num_bytes: int
    protect: bool
    model: str | None = None


def plan_claim(config: StackConfig, name: str, use: Use, num_bytes: int, model: str | None = None) -> Claim:
    """By its use: the class, the mode, and whether it is protected."""
    storage = config.storage
    return Claim(
        name=name,
        use=use,
        storage_class=storage.weights_class if use == "weights" else storage.data_class,
        access_mode=_access_mode(config, use),
        num_bytes=num_bytes,
        protect=storage.protect,
        model=model,
    )


def plan_claims(config: StackConfig) -> tuple[Claim, ...]:
    """Claims that belong to no single model: a shared cache, history, backups. None yet."""
    del config
    return ()


def _access_mode(config: StackConfig, use: Use) -> AccessMode:
    """ReadWriteOnce would pin all replicas to one node."""
    if config.storage.access_mode == "ReadOnlyMany" and use == "weights":
        return "ReadOnlyMany"
    if config.storage.access_mode == "ReadWriteOnce":
        return "ReadWriteOnce"
    is_shared = config.cluster.multi_node and use == "weights"
    return "ReadWriteMany" if is_shared or config.storage.access_mode == "ReadWriteMany" else "ReadWriteOnce"
