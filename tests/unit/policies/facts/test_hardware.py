"""What the names of GPUs and machines tell."""

from __future__ import annotations

import pytest

from infra.units import GI, MI
from policies.facts import hardware


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("NVIDIA-A100-SXM4-80GB", 81920 * MI),
        ("A100-SXM4-80GB", 81920 * MI),
        ("nvidia-l4", 23034 * MI),
        ("AMD_Instinct_MI300X_OAM", 196592 * MI),
        ("g5.12xlarge", 23028 * MI),
        ("nvidia.com/mig-3g.40gb", 40 * GI),
        ("a100", None),
        ("m5.large", None),
        ("n1-standard-4", None),
        ("tomorrow", None),
    ],
)
def test_a_name_tells_the_memory_of_one_gpu(name: str, size: int | None) -> None:
    """Of a GPU, of a slice, of a machine; or it does not tell."""
    assert hardware.gpu_memory(name) == size


@pytest.mark.parametrize("name", ["a100", "g5.xlarge", "m5.large", "mig-1g.10gb", "Tesla-T4"])
def test_names_of_hardware_are_known_as_such(name: str) -> None:
    """Also those that tell no size."""
    assert hardware.is_known(name)
    assert not hardware.is_known("or-not")


def test_a_name_means_a_machine_a_family_or_all_with_that_gpu() -> None:
    """GPUs that are attached as one likes may be on each of those machines."""
    assert hardware.machines("g5.xlarge") == {"g5.xlarge"}
    assert {"p4d.24xlarge"} == hardware.machines("p4d")
    assert {"Standard_NC24ads_A100_v4", "n1-standard-8"} <= hardware.machines("NVIDIA-A100-80GB-PCIe")
    assert hardware.machines("rtx-4090") == set()
    assert hardware.machines("a100") == set()
    assert hardware.machines("tomorrow") == set()
