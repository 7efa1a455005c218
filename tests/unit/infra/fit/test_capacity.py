"""What may be asked for at most, against the nodes that a stack says it has."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from infra.cost.allocatable import allocatable
from infra.cost.machines import find
from infra.cost.types import Capacity, NodeType, Pool
from infra.fit.capacity import Ask, shortages
from infra.units import GI


def machine(name: str) -> NodeType:
    """Of AWS."""
    found = find("aws", name)
    assert found is not None
    return found


L4, A10G, H100, PLAIN = machine("g6.2xlarge"), machine("g5.2xlarge"), machine("p5.4xlarge"), machine("m7i.2xlarge")
GPU24 = Pool("gpu24", (L4, A10G), Capacity.ON_DEMAND, max_nodes=4)
GPU80 = Pool("gpu80", (H100,), Capacity.ON_DEMAND, max_nodes=2)
GENERAL = Pool("general", (PLAIN,), Capacity.ON_DEMAND, max_nodes=3)
QWEN = Ask("qwen", 4, 2000, 20 * GI, 1, ("NVIDIA-L4", "NVIDIA-A10G"))
LEGAL = Ask("legal", 6, 2000, 8 * GI)


def test_what_fits_is_not_told() -> None:
    """Four GPU pods on four nodes, six others on three and beside them."""
    assert not list(shortages([QWEN, LEGAL], [GPU24, GENERAL]))


def test_more_replicas_than_gpus_are_told_with_the_most_that_fit() -> None:
    """One pod takes a node of its GPU."""
    (found,) = shortages([replace(QWEN, num_pods=5)], [GPU24, GENERAL])
    assert found == (
        "qwen: 5 pods of 2 CPU, 20.0 GiB, 1 GPU (NVIDIA-L4, NVIDIA-A10G) at the peak, the pools hold 4; "
        "allowed: 4 or fewer"
    )


def test_models_that_share_gpus_are_added_up() -> None:
    """Each by itself would fit."""
    other = replace(QWEN, name="gpt-oss", num_pods=1)
    (found,) = shortages([QWEN, other], [GPU24])
    assert found == (
        "gpt-oss, qwen: 5 GPUs (NVIDIA-A10G, NVIDIA-L4) at the peak, the pools have 4; "
        "allowed: fewer max_replicas, or more max_nodes"
    )


def test_gpus_of_another_kind_do_not_help() -> None:
    """A model that names its GPUs does not run on others; one that names none runs on any."""
    large = Ask("llama", 2, 4000, 48 * GI, 1, ("NVIDIA-H100-80GB-HBM3",))
    assert not list(shortages([QWEN, large], [GPU24, GPU80]))
    (found,) = shortages([large], [GPU24])
    assert "fits on no node of the pools; allowed: one that fits gpu24" in found
    assert not list(shortages([replace(large, gpu_products=())], [GPU80]))


def test_a_pod_that_no_node_holds_is_told() -> None:
    """Too much memory for a node of 32 GiB, of which 28 are left for pods."""
    (found,) = shortages([replace(LEGAL, memory_bytes=32 * GI)], [GENERAL])
    assert found.startswith("legal: a pod of 2 CPU, 32.0 GiB fits on no node")


def test_the_sum_of_all_is_told() -> None:
    """Each fits alone, together they do not."""
    two = [replace(LEGAL, name="a", num_pods=8, cpu_m=1000), replace(LEGAL, name="b", num_pods=8, cpu_m=1000)]
    (found,) = shortages(two, [GENERAL])
    assert found == "all models: 128 GiB at the peak, all pools together have 86"


def test_a_pool_without_a_bound_has_room_without_end() -> None:
    """Only what fits on none of its nodes is told."""
    endless = replace(GPU24, max_nodes=None)
    assert not list(shortages([replace(QWEN, num_pods=500)], [endless]))
    assert list(shortages([replace(QWEN, memory_bytes=64 * GI)], [endless]))


def test_without_known_nodes_nothing_is_told() -> None:
    """A cluster that nobody has described."""
    assert not list(shortages([replace(QWEN, num_pods=500)], []))


@given(st.lists(st.tuples(st.integers(100, 4000), st.integers(1, 16)), max_size=12), st.integers(1, 6))
def test_what_a_packing_holds_is_never_refused(shapes: list[tuple[int, int]], num_nodes: int) -> None:
    """Sound: pods that were put on nodes one by one, as many as fit, pass."""
    room = allocatable(PLAIN)
    free = [[room.cpu_m, room.memory_bytes, PLAIN.max_pods] for _ in range(num_nodes)]
    asks = []
    for number, (cpu_m, gib) in enumerate(shapes):
        placed = 0
        for node in free:
            while node[0] >= cpu_m and node[1] >= gib * GI and node[2] > 0 and placed < 3:
                node[0], node[1], node[2], placed = node[0] - cpu_m, node[1] - gib * GI, node[2] - 1, placed + 1
        asks.append(Ask(str(number), placed, cpu_m, gib * GI))
    assert not list(shortages(asks, [replace(GENERAL, max_nodes=num_nodes)]))
