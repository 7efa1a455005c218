"""How a new version takes the place of the old one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.rollout import (
    ENDPOINT_SLEEP_S,
    KILL_MARGIN_S,
    LEAST_DRAIN_S,
    solve_grace,
    solve_job_deadline,
    solve_startup,
    solve_strategy,
)
from infra.storage_speeds import MB, read_bytes_s

replicas = st.integers(0, 200)
gpus = st.integers(0, 8)
spare = st.none() | st.integers(0, 64)
files = st.integers(1, 2**42)
speeds = st.integers(1, 4000).map(lambda each: each * MB)


@pytest.mark.parametrize(
    ("least", "gpus_per_pod", "spare_gpus", "surge", "unavailable", "pauses"),
    [
        (2, 0, None, 1, 0, False),
        (1, 1, None, 0, 1, True),
        (1, 1, 0, 0, 1, True),
        (1, 1, 1, 1, 0, False),
        (2, 1, 0, 0, 1, False),
        (1, 4, 3, 0, 1, True),
        (1, 4, 4, 1, 0, False),
        (12, 1, 2, 2, 0, False),
        (12, 0, None, 3, 0, False),
    ],
)
def test_a_spare_gpu_decides(
    least: int, gpus_per_pod: int, spare_gpus: int | None, surge: int, unavailable: int, pauses: bool
) -> None:
    """With one, the new pod comes first; without, the old one goes first; without any GPU there is always room."""
    found = solve_strategy(least, gpus_per_pod, spare_gpus)
    assert (found.strategy, found.surge, found.unavailable) == ("RollingUpdate", surge, unavailable)
    assert found.pauses == pauses


def test_one_replica_that_holds_its_volume_alone_is_made_anew() -> None:
    """The new pod could not start while the old one has the volume."""
    found = solve_strategy(1, 0, None, can_share_volume=False)
    assert (found.strategy, found.surge, found.pauses) == ("Recreate", 0, True)
    assert solve_strategy(2, 0, None, can_share_volume=False).strategy == "RollingUpdate"


@given(replicas, gpus, spare, st.booleans())
def test_a_rollout_always_moves_and_never_takes_gpus_that_are_not_there(
    least: int, gpus_per_pod: int, spare_gpus: int | None, can_share: bool
) -> None:
    """Kubernetes refuses surge and unavailable both zero; a surge pod that is pending would stop the rollout."""
    found = solve_strategy(least, gpus_per_pod, spare_gpus, can_share_volume=can_share)
    assert found.surge + found.unavailable > 0
    if gpus_per_pod:
        assert found.surge * gpus_per_pod <= (spare_gpus or 0)
    if not can_share:
        assert found.surge == 0
    assert found.pauses <= (found.surge == 0 and least <= 1)


def test_seventy_billion_parameters_from_a_file_service() -> None:
    """42.5 GB at 100 MB/s are 425 s, and a minute to start: 16 minutes for the probe, one more for the rollout."""
    found = solve_startup(42_520_000_000, read_bytes_s("efs-sc"))
    assert found.load_s == 60 + 426
    assert found.budget_s == 2 * 486
    assert found.progress_deadline_s == 2 * 486 + 60


@given(files, files, speeds, speeds, st.integers(1, 20), st.integers(0, 1200))
def test_more_to_read_and_slower_storage_never_get_less_time(
    one: int, other: int, slow: int, fast: int, num_readers: int, node_start_s: int
) -> None:
    """Monotone; twice what loading takes at worst; and the rollout outlasts the probe, so the probe decides."""
    found = solve_startup(one, slow, num_readers=num_readers, node_start_s=node_start_s)
    assert found.budget_s >= 2 * found.load_s > 2 * one * num_readers / slow
    assert found.progress_deadline_s > found.budget_s + node_start_s
    small, large = sorted((one, other))
    assert solve_startup(small, slow).failures <= solve_startup(large, slow).failures
    assert solve_startup(one, max(slow, fast)).failures <= solve_startup(one, min(slow, fast)).failures


@given(files, speeds)
def test_a_job_gets_the_time_of_its_download_and_some_more(file_bytes: int, bytes_s: int) -> None:
    """Five minutes beyond the transfer."""
    assert solve_job_deadline(file_bytes, bytes_s) >= file_bytes / bytes_s + 300


@given(st.integers(0, 3600), st.none() | st.integers(15, 600))
def test_a_drain_ends_before_the_kill_and_the_kill_before_the_node(drain_s: int, notice_s: int | None) -> None:
    """What is wished for where there is time; else as much as there is."""
    found = solve_grace(drain_s, notice_s)
    assert found.sleep_s + found.drain_s <= found.grace_s
    assert found.drain_s <= drain_s
    if notice_s is None or drain_s + ENDPOINT_SLEEP_S + KILL_MARGIN_S <= notice_s:
        assert found.drain_s == drain_s
    else:
        assert found.grace_s == notice_s
        assert found.drain_s >= min(drain_s, LEAST_DRAIN_S)


@pytest.mark.parametrize(
    ("storage_class", "kinds", "megabytes"),
    [
        ("gp3", {}, 125),
        ("fast-ssd", {}, 125),
        ("fast-ssd", {"fast-ssd": "efs"}, 100),
        ("nvme", {}, 1000),
        ("unheard-of", {}, 100),
    ],
)
def test_a_storage_class_is_as_fast_as_its_kind(storage_class: str, kinds: dict[str, str], megabytes: int) -> None:
    """What the stack says of its classes counts first."""
    assert read_bytes_s(storage_class, kinds) == megabytes * MB
