"""The machines of the table: sizes as the providers publish them, GPUs with their memory, architectures."""

import pytest

from infra import hardware
from infra.cost import machines
from infra.cost.types import NodeType
from infra.units import GI, MI


@pytest.mark.parametrize(
    ("provider", "name", "size"),
    [
        ("aws", "c5.4xlarge", (16000, 32 * GI, 0, None, 0, "amd64", 110)),
        ("aws", "m7i.xlarge", (4000, 16 * GI, 0, None, 0, "amd64", 58)),
        ("aws", "g5.12xlarge", (48000, 192 * GI, 4, "NVIDIA-A10G", 23028 * MI, "amd64", 110)),
        ("aws", "p3.2xlarge", (8000, 61 * GI, 1, "Tesla-V100-SXM2-16GB", 16384 * MI, "amd64", 58)),
        ("aws", "m7g.large", (2000, 8 * GI, 0, None, 0, "arm64", 29)),
        ("gcp", "a2-ultragpu-1g", (12000, 170 * GI, 1, "NVIDIA-A100-SXM4-80GB", 81920 * MI, "amd64", 110)),
        ("azure", "Standard_NC24ads_A100_v4", (24000, 220 * GI, 1, "NVIDIA-A100-80GB-PCIe", 81920 * MI, "amd64", 110)),
    ],
)
def test_a_machine_has_its_published_size(provider: str, name: str, size: tuple[object, ...]) -> None:
    """CPU, memory, GPUs and what their label says, pods."""
    found = machines.find(provider, name)
    assert found is not None
    assert size == (
        found.cpu_m,
        found.memory_bytes,
        found.gpus,
        found.gpu_product,
        found.gpu_memory_bytes,
        found.arch,
        found.max_pods,
    )


def test_a_machine_is_of_its_provider_only() -> None:
    """Names are not looked up elsewhere."""
    assert machines.find("gcp", "m7i.xlarge") is None
    assert machines.find("aws", "m9.huge") is None


def test_a_machine_to_which_gpus_are_attached_counts_without() -> None:
    """Its price is without them: pods that want one must not be put there for the price of the CPU."""
    found = machines.find("gcp", "n1-standard-4")
    assert found is not None
    assert found.gpus == 0


@pytest.mark.parametrize("node", machines.machines().values(), ids=lambda node: node.name)
def test_every_machine_is_whole(node: NodeType) -> None:
    """A GPU has a label and a memory; sizes are those of real machines."""
    assert node.provider in ("aws", "azure", "gcp")
    assert 1000 <= node.cpu_m <= 512_000
    assert GI <= node.memory_bytes <= 8192 * GI
    assert 8 <= node.max_pods <= 110
    assert (node.gpus > 0) == (node.gpu_product is not None) == (node.gpu_memory_bytes > 0)


def test_names_are_those_of_one_provider() -> None:
    """What a wrong name is compared with."""
    assert "g5.xlarge" in machines.names("aws")
    assert "g5.xlarge" not in machines.names("azure")
    assert machines.names("none") == ()


def test_the_memory_of_an_unknown_gpu_is_none() -> None:
    """Pods that ask for some then find no room there."""
    assert hardware.gpu_memory("NVIDIA-L4") == 23034 * MI
    assert hardware.gpu_memory("NVIDIA-X1") == 0
