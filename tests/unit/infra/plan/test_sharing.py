"""How a model gets its GPU, and how much memory it has of it."""

import pytest

from infra import units
from infra.plan.sharing import NOT_APART, plan_share, slice_bytes
from infra.stack import GpuSharing
from tests.unit.infra.plan.stacks import CATALOG

PROFILE = CATALOG.profiles["gpu80-48g"]
WHOLE = PROFILE.gpu_memory_bytes


@pytest.mark.parametrize(
    ("sharing", "resource", "memory"),
    [
        (GpuSharing(), "nvidia.com/gpu", WHOLE),
        (GpuSharing("time-slicing", replicas_per_gpu=4), "nvidia.com/gpu", WHOLE // 4),
        (GpuSharing("mps", replicas_per_gpu=2), "nvidia.com/gpu", WHOLE // 2),
        (GpuSharing("mig", mig_profile="1g.10gb"), "nvidia.com/mig-1g.10gb", 8960 * units.MI),
        (GpuSharing("dra", device_class="gpu.nvidia.com"), None, WHOLE),
    ],
)
def test_a_share_is_a_resource_and_its_part_of_the_memory(sharing: GpuSharing, resource: str, memory: int) -> None:
    """Which is what a model has to fit in, whether or not anything keeps others out of it."""
    share = plan_share(PROFILE, sharing)
    assert share is not None
    assert (share.resource, share.count, share.memory_bytes) == (resource, 1, memory)


def test_a_model_without_a_gpu_has_no_share() -> None:
    """Whatever the cluster offers."""
    assert plan_share(CATALOG.profiles["cpu-8g"], GpuSharing("mps", replicas_per_gpu=2)) is None


@pytest.mark.parametrize(("name", "mib"), [("1g.5gb", 4864), ("1g.10gb", 9728), ("1g.12gb", 11008), ("7g.80gb", 81251)])
def test_a_slice_is_never_taken_for_larger_than_it_reports(name: str, mib: int) -> None:
    """A100 and H100, as nvidia-smi shows them."""
    assert mib * units.MI * 0.85 <= slice_bytes(name) <= mib * units.MI


def test_each_way_of_sharing_says_what_it_does_not_keep_apart() -> None:
    """One sentence each; whole GPUs need none."""
    assert set(NOT_APART) == {"time-slicing", "mps", "mig", "dra"}
