"""What a bought node says of itself."""

import pytest

from infra.cost.node_labels import WELL_KNOWN, labels_of
from infra.cost.types import Capacity, NodeType, Pool
from tests.unit.cost.stacks import G5


def of(node: NodeType, capacity: Capacity = Capacity.ON_DEMAND, zone: str = "us-east-1a") -> dict[str, str]:
    """In a pool without labels of its own."""
    return labels_of(Pool("pool", (node,), capacity), node, zone)


def test_every_node_has_the_well_known_labels() -> None:
    """All but the host name, which no two share."""
    assert set(of(NodeType("aws", "m5.large", 2000, 2**33))) == WELL_KNOWN - {"kubernetes.io/hostname"}


def test_gpu_nodes_are_labelled_as_gpu_feature_discovery_does() -> None:
    """The memory of one GPU in MiB, as text."""
    found = of(G5)
    assert found["nvidia.com/gpu.product"] == "NVIDIA-A10G"
    assert (found["nvidia.com/gpu.count"], found["nvidia.com/gpu.memory"]) == ("1", "24576")
    assert found["nvidia.com/gpu.present"] == "true"


def test_a_gpu_without_a_name_has_no_product_label() -> None:
    """An empty one would be a claim."""
    assert "nvidia.com/gpu.product" not in of(NodeType("none", "box", 8000, 2**35, 1))


@pytest.mark.parametrize(
    ("provider", "label"),
    [
        ("aws", ("eks.amazonaws.com/capacityType", "SPOT")),
        ("gcp", ("cloud.google.com/gke-spot", "true")),
        ("azure", ("kubernetes.azure.com/scalesetpriority", "spot")),
    ],
)
def test_spot_nodes_carry_the_provider_s_label(provider: str, label: tuple[str, str]) -> None:
    """Those on demand do not."""
    node = NodeType(provider, "x", 1000, 2**30)
    assert label in of(node, Capacity.SPOT).items()
    assert label not in of(node).items()
    assert of(node, Capacity.SPOT)["karpenter.sh/capacity-type"] == "spot"


@pytest.mark.parametrize(
    ("zone", "region"),
    [("us-east-1a", "us-east-1"), ("europe-west4-a", "europe-west4"), ("eastus-1", "eastus"), ("zone-a", "zone")],
)
def test_the_region_is_in_the_zone_s_name(zone: str, region: str) -> None:
    """As AWS, GCP and Azure write them."""
    assert of(G5, zone=zone)["topology.kubernetes.io/region"] == region


def test_a_pool_s_own_labels_win() -> None:
    """Who sets them knows better."""
    pool = Pool("pool", (G5,), Capacity.ON_DEMAND, labels={"kubernetes.io/arch": "arm64"})
    assert labels_of(pool, G5, "us-east-1a")["kubernetes.io/arch"] == "arm64"
