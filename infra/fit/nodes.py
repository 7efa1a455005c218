"""The node pools that a stack file names -> pools of machines, as the check of capacity takes them. Pure."""

from collections.abc import Iterable

from infra import hardware
from infra.cost.types import Capacity, NodeType, Pool
from infra.stack import NodePool


def pools_of(nodes: Iterable[NodePool]) -> tuple[Pool, ...]:
    """With the size of the machine where it is named, else with the sizes that are given, all of them free for pods."""
    return tuple(
        Pool(
            name=each.name,
            types=(_machine(each),),
            capacity=Capacity.SPOT if each.is_spot else Capacity.ON_DEMAND,
            max_nodes=each.max_nodes,
        )
        for each in nodes
    )


def _machine(pool: NodePool) -> NodeType:
    if pool.machine is not None:
        return hardware.node_types()[pool.machine]
    return NodeType(
        provider="other",
        name=pool.name,
        cpu_m=pool.cpu_m or 0,
        memory_bytes=pool.memory_bytes or 0,
        gpus=pool.num_gpus,
        gpu_product=pool.gpu_product,
        gpu_memory_bytes=hardware.gpu_memory(pool.gpu_product) if pool.gpu_product else 0,
    )
