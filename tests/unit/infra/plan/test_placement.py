"""On which nodes pods may, should and must run."""

from typing import Any

import pytest

from infra.plan import Placement, Tier
from infra.plan.spot import SPOT_NODES
from tests.unit.infra.plan.stacks import BURST, GPU, KEDA, model, one, plan

ON_GPU = one(GPU, profile="gpu24-20g", min_replicas=1, max_replicas=3)
SPOT_LABELS = {each.label for each in SPOT_NODES}


def tiers(*groups: dict[str, Any]) -> tuple[Tier, ...]:
    """Of the only model."""
    return model(*groups).tiers


def on(provider: str) -> dict[str, Any]:
    """A cluster of this provider."""
    return {"cluster": {"provider": provider}}


def alternatives(placement: Placement) -> list[dict[str, tuple[str, ...]]]:
    """The terms, by label."""
    return [{each.key: each.values for each in term} for term in placement.one_of]


def test_what_stays_is_required_to_be_off_spot() -> None:
    """By every provider's label: a node without any of them is on demand."""
    base, burst = tiers(BURST, one("legal"))
    assert {(each.key, each.operator) for each in base.placement.required} == {(key, "NotIn") for key in SPOT_LABELS}
    assert not {each.key for each in base.placement.tolerations} & SPOT_LABELS
    assert burst.placement.required == ()


def test_a_burst_tolerates_every_providers_taint_and_prefers_what_its_own_has() -> None:
    """It demands nothing: without spot nodes it runs on demand."""
    _, burst = tiers(BURST, on("azure"), one("legal"))
    assert {each.key for each in burst.placement.tolerations} == SPOT_LABELS
    wanted = {one.key for each in burst.placement.preferred for one in each.requirements if one.operator == "In"}
    assert wanted == {"kubernetes.azure.com/scalesetpriority"}


def test_without_spot_in_the_cluster_no_node_is_told_apart() -> None:
    """A pool of spot nodes that is told is spot, too: what does not burst keeps off it."""
    assert tiers(one("legal"))[0].placement.required == ()
    pool = {"name": "cheap", "cpu": "8", "memory": "32Gi", "max_nodes": 2, "spot": True}
    pools = [pool, {"name": "kept", "machine": "m7i.2xlarge", "max_nodes": 2}]
    (base,) = tiers({"cluster": {"nodes": pools}}, one("legal"))
    assert {each.key for each in base.placement.required} == SPOT_LABELS


def test_a_model_that_does_not_burst_keeps_off_spot_where_others_do() -> None:
    """AWS puts no taint on spot nodes: anything may land there."""
    found = {each.id: each for each in plan(stack="prod").models}["llama-3-70b"]
    assert len(found.tiers) == 1
    assert {each.key for each in found.base.placement.required} == SPOT_LABELS


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("gcp", ["cloud.google.com/gke-accelerator", "nvidia.com/gpu.product"]),
        ("aws", ["karpenter.k8s.aws/instance-gpu-name", "node.kubernetes.io/instance-type", "nvidia.com/gpu.product"]),
        ("azure", ["node.kubernetes.io/instance-type", "nvidia.com/gpu.product"]),
        ("other", ["nvidia.com/gpu.product"]),
    ],
)
def test_gpus_are_found_by_the_providers_label_first(provider: str, expected: list[str]) -> None:
    """An autoscaler knows it of nodes that are not there yet; discovery's label is on those that are."""
    (base,) = tiers(on(provider), ON_GPU)
    assert [next(iter(term)) for term in alternatives(base.placement)] == expected
    assert [each.key for each in base.placement.tolerations] == ["nvidia.com/gpu"]


def test_a_shared_gpu_is_looked_for_where_it_is_offered() -> None:
    """Discovery calls a product that is shared by another name, and says in which way."""
    (base,) = tiers(on("gcp"), {"gpu": {"sharing": "time-slicing"}}, ON_GPU)
    by_provider, by_discovery = alternatives(base.placement)
    assert by_provider["cloud.google.com/gke-gpu-sharing-strategy"] == ("time-sharing",)
    assert by_discovery["nvidia.com/gpu.sharing-strategy"] == ("time-slicing",)
    assert {"NVIDIA-L4", "NVIDIA-L4-SHARED"} <= set(by_discovery["nvidia.com/gpu.product"])


@pytest.mark.parametrize("gpu", [{"sharing": "mig", "mig_profile": "1g.24gb"}, {"sharing": "dra"}])
def test_a_slice_or_a_claim_says_itself_what_it_wants(gpu: dict[str, Any]) -> None:
    """No label is asked for; the taint is there all the same."""
    (base,) = tiers({"gpu": gpu, "cluster": {"version": "1.36"}}, ON_GPU)
    assert base.placement.one_of == ()
    assert [each.key for each in base.placement.tolerations] == ["nvidia.com/gpu"]


def test_what_needs_no_gpu_stays_off_such_nodes_and_near_others_of_its_kind() -> None:
    """So that dear nodes, and as many as possible of the others, empty and go."""
    (base,) = tiers(one("legal"))
    (off,) = base.placement.preferred
    assert {each.operator for each in off.requirements} == {"DoesNotExist"}
    assert base.placement.pack
    assert not tiers(ON_GPU)[0].placement.pack
    (alone,) = plan(stack="local").models
    assert (alone.base.placement.pack, alone.base.placement.preferred) == (False, ())


def test_a_scheduler_that_is_named_has_all_pods() -> None:
    """Such as one that fills nodes."""
    found = tiers({"cluster": {"scheduler": "gke.io/optimize-utilization-scheduler"}}, KEDA, BURST, one("legal"))
    assert {tier.placement.scheduler for tier in found} == {"gke.io/optimize-utilization-scheduler"}


@pytest.mark.parametrize(("topology", "keys"), [("single-node", 0), ("multi-node", 1), ("multi-zone", 2)])
def test_every_tier_is_spread_over_what_there_is(topology: str, keys: int) -> None:
    """Nodes, and zones before them."""
    for tier in tiers({"cluster": {"topology": topology}}, BURST, one("legal")):
        assert tier.placement.spread_over == ("topology.kubernetes.io/zone", "kubernetes.io/hostname")[2 - keys :]
