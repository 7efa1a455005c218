"""What a preview refuses: models that their hardware does not hold, and pods that the nodes have no room for."""

from typing import Any

import pytest

from infra.errors import PlanError
from tests.unit.infra.plan.stacks import BURST, GPU, one, plan

SMALL_NODES = {"name": "small", "cpu": "4", "memory": "16Gi", "max_nodes": 2}
GPU_NODES = {"name": "gpus", "cpu": "16", "memory": "64Gi", "gpus": 1, "gpu": "NVIDIA-L4", "max_nodes": 2}
SPOT_NODES = {**SMALL_NODES, "name": "cheap", "cpu": "16", "memory": "64Gi", "spot": True}
FULL: dict[str, Any] = {"size": "full"}


def nodes(*pools: dict[str, Any]) -> dict[str, Any]:
    """A cluster that tells its nodes."""
    return {"cluster": {"nodes": list(pools)}}


def refused(*groups: dict[str, Any]) -> tuple[str, ...]:
    """Why there is no plan."""
    with pytest.raises(PlanError) as caught:
        plan(*groups)
    return caught.value.problems


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"profile": "gpu40-32g"}, "slipway:models.llama-3-70b does not fit the GPU of gpu40-32g: weights 39."),
        ({"profile": "cpu-24g"}, "does not fit the memory of cpu-24g: weights 39.60 GiB + KV cache (4 x 8192 tokens)"),
        ({"num_slots": 64}, "KV cache (64 x 8192 tokens) 160.00 GiB"),
        ({"context_tokens": 262144}, "KV cache (4 x 262144 tokens)"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_with_what_would(keys: dict[str, Any], expected: str) -> None:
    """With the numbers of the slots, the room and the profile that the stack gives it."""
    (text,) = refused(FULL, one("llama-3-70b", **keys))
    assert expected in text
    assert "; fits: " in text


def test_all_models_that_do_not_fit_are_told_at_once() -> None:
    """One preview shows them all."""
    models = {"models": {name: {"num_slots": 256} for name in ("legal", "risk", "llama-3-70b")}}
    assert len(refused(models)) == 3


@pytest.mark.parametrize("mode", ["time-slicing", "mps"])
def test_a_share_of_a_gpu_must_hold_the_model(mode: str) -> None:
    """A half of 22 GiB holds 7 thousand million parameters, and not 32."""
    shared = {"gpu": {"sharing": mode}}
    assert plan(shared, one(GPU, profile="gpu24-20g")).models[0].gpu is not None
    (text,) = refused(FULL, shared, one(GPU))
    assert "does not fit the GPU of gpu24-20g" in text
    assert "of 10.78 GiB; fits: profile gpu48-40g" in text


def test_a_longer_step_needs_more_room() -> None:
    """The engine lays its scratch memory out for it."""
    sized = one("legal", num_slots=6)
    assert plan(sized).models[0].server.env.get("SLIPWAY_STEP_TOKENS") is None
    longer = plan(one("legal", step_tokens=1024))
    assert longer.models[0].server.env["SLIPWAY_STEP_TOKENS"] == "1024"
    (text,) = refused(one("legal", num_slots=7, step_tokens=8192))
    assert "compute buffers 2." in text


def test_pods_without_room_at_the_peak_are_refused() -> None:
    """All replicas and the surge of a rollout, against the most nodes that there may be."""
    (text,) = refused(nodes(SMALL_NODES), one("legal", max_replicas=5))
    assert text.startswith("slipway:cluster.nodes: legal: 6 pods of 2 CPU, 8.0 GiB at the peak, the pools hold 4")
    assert plan(nodes({**SMALL_NODES, "max_nodes": 8}), one("legal", max_replicas=5)).models[0].peak == 6


def test_a_pod_that_no_node_holds_is_refused() -> None:
    """With the GPUs that would do."""
    (text,) = refused(nodes({**SMALL_NODES, "cpu": "16", "memory": "64Gi"}), one(GPU, profile="gpu24-20g"))
    assert "1 GPU (NVIDIA-A10, NVIDIA-A10G, NVIDIA-L4, NVIDIA-A30) fits on no node" in text


def test_jobs_need_room_beside_the_models() -> None:
    """Two nodes hold two replicas and the one of a rollout, and would hold no Job that fills a cache."""
    tight = {"name": "tight", "cpu": "2010m", "memory": "9Gi", "max_nodes": 2}
    (text,) = refused(nodes(tight), one("legal", max_replicas=1))
    assert text == "slipway:cluster.nodes: all models: 4.1 CPU at the peak, all pools together have 4.02"


def test_pods_that_share_gpus_are_refused_by_the_gpus_that_they_need_together() -> None:
    """Two on each GPU: four GPUs are not enough for ten pods, and five are."""
    shared, ten = {"gpu": {"sharing": "time-slicing"}}, one(GPU, profile="gpu24-20g", max_replicas=10)
    assert any(
        "5 GPU" in text or "5 pods" in text for text in refused(nodes({**GPU_NODES, "max_nodes": 4}), shared, ten)
    )
    assert plan(nodes({**GPU_NODES, "max_nodes": 6}, {**SMALL_NODES, "max_nodes": 9}), shared, ten).models[0].peak == 10


def test_a_floor_on_demand_needs_nodes_that_stay() -> None:
    """A cluster of spot nodes alone has none; where there are some, they are counted without the spot ones."""
    (text,) = refused(nodes(SPOT_NODES), one("legal"))
    assert "all of them are spot, and these have a floor on demand: legal" in text
    assert plan(nodes(SPOT_NODES), one("legal", spot="burst", on_demand_floor=0)).models[0].base.is_spot
    (text,) = refused(
        nodes(SMALL_NODES, {**SPOT_NODES, "max_nodes": 9}), BURST, one("legal", min_replicas=4, max_replicas=8)
    )
    assert "on demand: legal: 5 pods" in text
