"""What is planned beside the models: infra.plan.tunnel and infra.plan.sidecars."""

from __future__ import annotations

from typing import Any

import pytest

from infra.errors import PlanError
from infra.plan import Plan
from infra.plan.sidecars import MONITOR_RESOURCES
from infra.plan.tunnel import TUNNEL_RESOURCES
from tests.unit.infra.plan.stacks import KEDA, plan

TUNNEL: dict[str, Any] = {"sidecars": {"tunnel": {"secret": "tunnels", "models": ["legal"]}}}
MONITOR: dict[str, Any] = {"sidecars": {"health_monitor": {"enabled": True}}}
IDLE: dict[str, Any] = {**KEDA, "models": {"legal": {"min_replicas": 0}, "risk": {}}}


def notices(found: Plan) -> str:
    return "\n".join(notice.text for notice in found.notices)


def test_a_tunnel_has_a_token_of_its_models_own() -> None:
    """Under the model's id: every connector of a tunnel must be able to answer for all of its names."""
    by_id = {model.id: model.tunnel for model in plan(TUNNEL).models}
    found = by_id.pop("legal")
    assert found is not None
    assert (found.secret, found.key, found.is_required) == ("tunnels", "legal", False)
    assert set(by_id.values()) == {None}


def test_all_that_is_beside_counts_in_the_quota() -> None:
    """Once in each pod at the peak, and of the monitor each replica; in both generations of an update."""
    before, after = plan(), plan(TUNNEL)
    (peak,) = [model.peak for model in after.models if model.id == "legal"]
    assert after.quota.memory_bytes - before.quota.memory_bytes == 2 * peak * TUNNEL_RESOURCES.memory_bytes
    assert after.quota.cpu_m - before.quota.cpu_m == 2 * peak * TUNNEL_RESOURCES.cpu_m
    assert after.quota.num_pods == before.quota.num_pods
    watched = plan(MONITOR)
    assert watched.quota.memory_bytes - before.quota.memory_bytes == 2 * MONITOR_RESOURCES.memory_bytes
    assert watched.quota.num_pods - before.quota.num_pods == 2


def test_a_node_must_hold_a_pod_with_its_tunnel() -> None:
    """One that the server alone would fill is refused."""
    cpu_m = {model.id: model.resources.cpu_m for model in plan().models}["legal"]
    nodes = [{"name": "only", "cpu": f"{cpu_m}m", "memory": "1Ti", "max_nodes": 100}]
    tight: dict[str, Any] = {"cluster": {"nodes": nodes}, "models": {"legal": {}}}
    assert plan(tight).models
    with pytest.raises(PlanError, match=r"legal: a pod of .* fits on no node"):
        plan(tight, TUNNEL)


def test_the_monitor_asks_the_services_of_all_models() -> None:
    """Whether they are ready, under their names in the cluster, and waits as long as the slowest may load."""
    found = plan(MONITOR)
    assert found.sidecars.monitor is not None
    env = found.sidecars.monitor.env
    assert env["SERVICES"].split(",") == [
        f"{model.id}=http://{model.id}.{found.namespace}.svc:80/health/ready" for model in found.models
    ]
    assert env["MONITOR_START_S"] == str(max(model.probes.load_s for model in found.models))
    assert (env["MONITOR_INTERVAL_S"], env["MONITOR_DOWN_AFTER"], env["MONITOR_UP_AFTER"]) == ("15", "3", "2")


def test_one_that_may_have_no_replica_is_not_watched() -> None:
    """That it does not answer is no fault; the preview says so. Where that is true of all there is nothing to watch."""
    found = plan(MONITOR, IDLE)
    assert found.sidecars.monitor is not None
    assert [each.split("=")[0] for each in found.sidecars.monitor.env["SERVICES"].split(",")] == ["risk"]
    assert "not watched, because they may have no replica: legal" in notices(found)
    with pytest.raises(PlanError, match="there is none to watch"):
        plan(MONITOR, {**KEDA, "models": {"legal": {"min_replicas": 0}}})


def test_production_has_two_monitors() -> None:
    """Somebody watches also while a node is drained."""
    counts = {}
    for stack in ("staging", "prod"):
        monitor = plan(MONITOR, stack=stack).sidecars.monitor
        assert monitor is not None
        counts[stack] = monitor.num_replicas
    assert counts == {"staging": 1, "prod": 2}


def test_a_preview_says_what_a_tunnel_means() -> None:
    """That it is public, which Secret must be there, and that nobody wakes a model through it."""
    found = notices(plan(TUNNEL, IDLE))
    assert "a tunnel leads from the Internet to legal, which ask for no key" in found
    assert "pods wait for the Secret tunnels in slipway, with the tokens legal" in found
    assert "no request through it wakes: legal" in found
    assert "ask for no key" not in notices(plan(TUNNEL, {"secrets": {"use": ["api-keys"]}}))
