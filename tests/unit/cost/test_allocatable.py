"""What is left of a machine, by hand from each provider's own document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost.allocatable import UNBOUNDED, allocatable
from infra.cost.types import NodeType
from infra.units import GI, MI


def test_eks_g5_xlarge() -> None:
    """4 cores: 60 + 10 + 2 x 5 = 80 thousandths are reserved, 3.92 are left. 16 GiB less 7.5 % is 14.8 GiB =
    15,155.2 MiB; less 11 x 58 + 255 = 893 MiB of reserve and 100 MiB of eviction it is 14,162.2 MiB = 13.83 GiB.
    """
    room = allocatable(NodeType("aws", "g5.xlarge", 4000, 16 * GI, 1, max_pods=58))
    assert (room.cpu_m, room.gpus) == (3920, 1)
    assert room.memory_bytes == 14850143027  # 14,162.2 x 1,048,576, rounded down
    assert round(room.memory_bytes / GI, 2) == 13.83


def test_eks_with_many_cores() -> None:
    """48 cores: 60 + 10 + 10 + 44 x 2.5 = 190 thousandths. 192 GiB less 7.5 % is 181,862.4 MiB; less 11 x 234 + 255 +
    100 = 2,929 MiB it is 178,933.4 MiB.
    """
    room = allocatable(NodeType("aws", "g5.12xlarge", 48000, 192 * GI, 4, max_pods=234))
    assert room.cpu_m == 47810
    assert room.memory_bytes // MI == 178933


def test_gke_e2_standard_4() -> None:
    """The document's own table: 3.92 cores. Of 16 GiB 25 % of 4, 20 % of 4 and 10 % of 8 GiB = 1 + 0.8 + 0.8 = 2.6 GiB
    are reserved, and 100 MiB for eviction: 13.4 GiB - 100 MiB = 13,621.6 MiB.
    """
    room = allocatable(NodeType("gcp", "e2-standard-4", 4000, 16 * GI))
    assert room.cpu_m == 3920
    assert room.memory_bytes == 14283282842  # 13,621.6 x 1,048,576 = 14,283,282,841.6; the reserve is rounded down


def test_gke_beyond_128_gib() -> None:
    """170 GiB (a2-highgpu-2g): 1 + 0.8 + 0.8 + 6 % of 112 = 6.72 + 2 % of 42 = 0.84: 10.16 GiB are reserved; 24 cores:
    60 + 10 + 10 + 20 x 2.5 = 130 thousandths.
    """
    room = allocatable(NodeType("gcp", "a2-highgpu-2g", 24000, 170 * GI, 2))
    assert room.cpu_m == 23870
    assert (room.memory_bytes + 100 * MI) // MI == int((170 - 10.16) * 1024)


def test_aks_d4s_v5() -> None:
    """4 cores: 140 thousandths. 110 pods: 20 MB x 110 + 50 MB = 2,250 MB, less than a quarter of 16 GiB; and 100 MiB
    for eviction. 17,179,869,184 - 2,250,000,000 - 104,857,600 = 14,825,011,584 bytes.
    """
    room = allocatable(NodeType("azure", "Standard_D4s_v5", 4000, 16 * GI, max_pods=110))
    assert (room.cpu_m, room.memory_bytes) == (3860, 14825011584)


def test_aks_keeps_a_quarter_of_a_small_machine() -> None:
    """8 GiB are 8,589,934,592 bytes: with 110 pods the reserve would be 2,250 MB, but a quarter is 2,147,483,648."""
    room = allocatable(NodeType("azure", "Standard_D2s_v5", 2000, 8 * GI, max_pods=110))
    assert (room.cpu_m, room.memory_bytes) == (1900, 8 * GI - 2 * GI - 100 * MI)


@pytest.mark.parametrize(
    ("cores", "reserved"), [(1, 60), (2, 100), (3, 100), (8, 180), (16, 260), (24, 260), (96, 740)]
)
def test_aks_reserves_cores_by_steps(cores: int, reserved: int) -> None:
    """What lies between two rows of the table has the lower one's."""
    assert allocatable(NodeType("azure", "x", cores * 1000, 64 * GI)).cpu_m == cores * 1000 - reserved


def test_own_machines_are_taken_whole() -> None:
    """Nobody says what they reserve."""
    room = allocatable(NodeType("none", "box", 8000, 32 * GI, 2))
    assert (room.cpu_m, room.memory_bytes, room.gpus, room.ephemeral_bytes) == (8000, 32 * GI, 2, UNBOUNDED)


def test_a_tiny_machine_has_no_room_rather_than_less_than_none() -> None:
    """Half a GiB with 110 pods: all of it is reserved."""
    assert allocatable(NodeType("aws", "t3.nano", 2000, GI // 2, max_pods=110)).memory_bytes == 0


@given(st.sampled_from(["aws", "gcp", "azure"]), st.integers(1, 256), st.integers(1, 2048), st.integers(1, 16))
def test_a_larger_machine_never_has_less_room(provider: str, cores: int, gib: int, more: int) -> None:
    """Nor more than it has."""
    small = NodeType(provider, "small", cores * 1000, gib * GI)
    large = NodeType(provider, "large", (cores + more) * 1000, (gib + more) * GI)
    assert allocatable(small).fits(allocatable(large))
    assert allocatable(large).cpu_m < large.cpu_m
    assert allocatable(large).memory_bytes < large.memory_bytes
