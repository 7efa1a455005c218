"""The quota that admits a plan and the way to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import quota
from infra.errors import PlanError
from infra.quota import Demand, Resources
from infra.stack import QuotaConfig
from infra.units import GI

DERIVED = QuotaConfig(None, None, None, None)
ONE = Demand(Resources(1000, 2000, 4 * GI), peak=3, volume_bytes=10 * GI)
resources = st.builds(
    Resources,
    cpu_m=st.integers(1, 64_000),
    cpu_limit_m=st.integers(1, 64_000),
    memory_bytes=st.integers(1, 2**40),
    num_gpus=st.integers(0, 8),
)
demands = st.lists(
    st.builds(Demand, resources, peak=st.integers(1, 100), volume_bytes=st.integers(1, 2**44)), min_size=1, max_size=20
)


def volumes(asked: list[Demand]) -> list[int]:
    """A catalog that has just these models."""
    return [one.volume_bytes for one in asked]


@given(demands)
def test_the_quota_admits_all_pods_at_their_peak_beside_those_that_leave(asked: list[Demand]) -> None:
    """Every pod of every model at most replicas and surge, every Job, and as many pods that have yet to end."""
    got = quota.derive_quota(asked, volumes(asked), DERIVED)
    pods = 2 * ([one.resources for one in asked for _ in range(one.peak)] + [quota.JOB_RESOURCES] * len(asked))
    assert got.cpu_m >= sum(pod.cpu_m for pod in pods)
    assert got.cpu_limit_m >= sum(pod.cpu_limit_m for pod in pods)
    assert got.memory_bytes >= sum(pod.memory_bytes for pod in pods)
    assert got.num_gpus >= sum(pod.num_gpus for pod in pods)
    assert got.num_pods >= len(pods)


@given(demands, st.lists(st.integers(1, 2**44), max_size=5))
def test_claims_and_storage_depend_on_the_catalog_only(asked: list[Demand], others: list[int]) -> None:
    """Three caches of every model that there is: old, new, and one that a failed attempt has left."""
    known = volumes(asked) + others
    got, fewer = (quota.derive_quota(models, known, DERIVED) for models in (asked, asked[:1]))
    assert (got.num_volumes, got.storage_bytes) == (3 * len(known), 3 * sum(known))
    assert (fewer.num_volumes, fewer.storage_bytes) == (got.num_volumes, got.storage_bytes)


@given(demands)
def test_what_is_derived_is_never_below_what_is_asked_of_an_operator(asked: list[Demand]) -> None:
    """No bound of one's own is refused that is as wide as the derived one."""
    got = quota.derive_quota(asked, volumes(asked), DERIVED)
    own = QuotaConfig(got.cpu_m, got.memory_bytes, got.num_gpus, got.storage_bytes)
    assert quota.derive_quota(asked, volumes(asked), own) == got


@given(demands, st.randoms())
def test_the_order_of_models_does_not_matter(asked: list[Demand], random: object) -> None:
    """The same models give the same quota and limits."""
    mixed = sorted(asked, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert quota.roomy(asked, volumes(asked)) == quota.roomy(mixed, volumes(mixed))
    assert quota.derive_limits(asked) == quota.derive_limits(mixed)


@given(demands)
def test_the_limits_admit_every_container_and_volume(asked: list[Demand]) -> None:
    """The largest one is the limit."""
    limits = quota.derive_limits(asked)
    assert all(one.resources.cpu_limit_m <= limits.cpu_m for one in asked)
    assert all(one.resources.memory_bytes <= limits.memory_bytes for one in asked)
    assert limits.volume_bytes == max(one.volume_bytes for one in asked)


@given(demands, st.builds(Demand, resources, peak=st.integers(1, 100), volume_bytes=st.integers(1, 2**44)))
def test_one_more_model_never_needs_less(asked: list[Demand], more: Demand) -> None:
    """Monotone in the list of models."""
    before, after = quota.needed(asked), quota.needed([*asked, more])
    assert before.cpu_m <= after.cpu_m
    assert before.memory_bytes <= after.memory_bytes
    assert before.num_pods < after.num_pods
    assert before.storage_bytes < after.storage_bytes


def test_an_operators_bound_replaces_the_derived_one() -> None:
    """Larger, with room for other things in the namespace, or smaller, down to what the plan needs."""
    got = quota.derive_quota([ONE], volumes([ONE]), QuotaConfig(90_000, 100 * GI, 4, 500 * GI))
    assert (got.cpu_m, got.memory_bytes, got.num_gpus, got.storage_bytes) == (90_000, 100 * GI, 4, 500 * GI)
    assert got.cpu_limit_m >= got.cpu_m
    need = quota.needed([ONE])
    least = QuotaConfig(need.cpu_m, need.memory_bytes, need.num_gpus, need.storage_bytes)
    assert quota.derive_quota([ONE], volumes([ONE]), least).memory_bytes == need.memory_bytes


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (QuotaConfig(3000, None, None, None), "slipway:quota.cpu: 3 is too small .* allowed: 4 or more"),
        (QuotaConfig(None, 12 * GI, None, None), "slipway:quota.memory: 12Gi is too small .* allowed: 13Gi or more"),
        (QuotaConfig(None, None, None, 10 * GI), "slipway:quota.storage: 10Gi is too small .* allowed: 20Gi or more"),
    ],
)
def test_a_bound_that_is_too_small_is_refused_with_both_numbers(bounds: QuotaConfig, expected: str) -> None:
    """Instead of a rollout that hangs half-way."""
    with pytest.raises(PlanError, match=expected):
        quota.derive_quota([ONE], volumes([ONE]), bounds)


def test_all_bounds_that_are_too_small_are_reported_together() -> None:
    """One run tells everything."""
    with_gpu = Demand(Resources(1000, 2000, GI, num_gpus=1), peak=2, volume_bytes=GI)
    with pytest.raises(PlanError) as caught:
        quota.derive_quota([with_gpu], volumes([with_gpu]), QuotaConfig(1, 1, 1, 1))
    assert [text.split(":")[1] for text in caught.value.problems] == [
        "quota.cpu",
        "quota.memory",
        "quota.gpus",
        "quota.storage",
    ]
