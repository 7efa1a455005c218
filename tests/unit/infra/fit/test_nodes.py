"""Node pools of a stack file -> pools of machines."""

from infra.cost.types import Capacity
from infra.fit.capacity import Ask, shortages
from infra.fit.nodes import pools_of
from infra.stack import NodePool
from infra.units import GI, MI

NAMED = NodePool("gpu", "g6.2xlarge", None, None, 0, None, 2, is_spot=True)
GIVEN = NodePool("own", None, 8000, 32 * GI, 2, "NVIDIA-L4", 1, is_spot=False)


def test_a_named_machine_brings_its_sizes() -> None:
    """From the table of machines."""
    (pool,) = pools_of([NAMED])
    assert (pool.types[0].cpu_m, pool.types[0].gpu_product, pool.max_nodes) == (8000, "NVIDIA-L4", 2)
    assert pool.capacity is Capacity.SPOT


def test_a_node_of_ones_own_has_the_sizes_that_are_given() -> None:
    """No cloud takes a part of it."""
    (pool,) = pools_of([GIVEN])
    node = pool.types[0]
    assert (node.cpu_m, node.memory_bytes, node.gpus, node.gpu_memory_bytes) == (8000, 32 * GI, 2, 23034 * MI)
    assert pool.capacity is Capacity.ON_DEMAND


def test_pods_are_counted_on_both() -> None:
    """Two nodes of one GPU, one of two: four pods at most."""
    ask = Ask("m", 4, 1000, 8 * GI, 1, ("NVIDIA-L4",))
    pools = pools_of([NAMED, GIVEN])
    assert not list(shortages([ask], pools))
    assert "the pools hold 4" in next(shortages([Ask("m", 5, 1000, 8 * GI, 1, ("NVIDIA-L4",))], pools))
