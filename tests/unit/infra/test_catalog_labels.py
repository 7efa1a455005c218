"""GPU products -> the labels of nodes that have them."""

from infra import hardware
from infra.catalog.labels import GKE, KARPENTER, MACHINE, PRODUCT, node_labels
from infra.catalog.load import load_catalog


def test_each_cloud_calls_a_gpu_its_own_way() -> None:
    """The L4 is on GCP and AWS; Azure has none."""
    found = node_labels(["NVIDIA-L4"], 1)
    assert found["any"] == {PRODUCT: ("NVIDIA-L4",)}
    assert found["gcp"] == {GKE: ("nvidia-l4",)}
    assert found["aws"][KARPENTER] == ("l4",)
    assert "g6.xlarge" in found["aws"][MACHINE]
    assert "azure" not in found


def test_a_name_of_several_sizes_is_not_asked_for() -> None:
    """Karpenter's a100 has 40 or 80 GB: only the machine's type tells."""
    found = node_labels(["NVIDIA-A100-SXM4-80GB"], 1)["aws"]
    assert found == {MACHINE: ("p4de.24xlarge",)}
    assert node_labels(["NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-SXM4-40GB"], 1)["aws"][KARPENTER] == ("a100",)


def test_machines_have_as_many_gpus_as_the_pod() -> None:
    """A pod of four does not fit a machine of one."""
    assert node_labels(["NVIDIA-L4"], 4)["aws"][MACHINE] == ("g6.12xlarge", "g6.24xlarge", "g6.48xlarge")


def test_without_a_gpu_there_is_nothing_to_ask_for() -> None:
    """Any node will do."""
    assert node_labels([], 0) == {}


def test_every_gpu_profile_has_nodes_on_some_cloud() -> None:
    """And its memory is the least of its products."""
    for profile in load_catalog().profiles.values():
        assert (profile.num_gpus > 0) == bool(profile.node_labels)
        if profile.num_gpus:
            sizes = [hardware.gpu_memory(product) for product in profile.gpu_products]
            assert profile.gpu_memory_bytes == min(sizes) > 0
            assert {"any", "aws"} <= set(profile.node_labels)
