"""What hardware has left for a model."""

import pytest

from infra.fit.hardware import server_bytes, usable_gpu_bytes
from infra.units import GI, MI
from tests.unit.infra.fit.samples import cpu, gpu


@pytest.mark.parametrize(
    ("reported_mib", "seen_gib"),
    [(23034, 22.03), (23028, 22.04), (15360, 14.58), (40960, 39.39), (81920, 79.15), (81559, 79.10)],
)
def test_a_program_gets_at_least_what_is_taken_for_usable(reported_mib: int, seen_gib: float) -> None:
    """L4, A10G, T4, A100 of both sizes and H100, as PyTorch's messages say; and not much less is taken for usable."""
    usable = usable_gpu_bytes(reported_mib * MI) / GI
    assert seen_gib * 0.985 <= usable <= seen_gib


def test_a_gpu_of_24_gb_has_between_22_and_23_gib_at_most() -> None:
    """The data sheet's 24 GB are no 24 GiB."""
    assert 21.9 * GI < usable_gpu_bytes(23028 * MI) < 23 * GI


def test_too_small_a_gpu_has_nothing() -> None:
    """Never less than nothing."""
    assert usable_gpu_bytes(0) == usable_gpu_bytes(100 * MI) == 0


def test_cuda_takes_host_memory_too() -> None:
    """Its libraries and pinned copies."""
    assert server_bytes(gpu(24 * GI)) - server_bytes(cpu(GI)) == GI
