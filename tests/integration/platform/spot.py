"""What must hold of a stack on a fleet whose provider takes all its spot nodes back."""

from __future__ import annotations

from collections import Counter

from tests.integration.platform.fleet import Fleet, Placed, seeks_spot


def lose_all_spot_nodes(fleet: Fleet, namespace: str) -> None:
    """One replica more than the floor of each model; then the nodes go, and what was there is there again elsewhere."""
    more = fleet.grow(namespace)
    fleet.wait_until_served(namespace)
    before = fleet.placed(namespace)
    assert [(pod.name, pod.why) for pod in before if not pod.node] == []
    assert _claims_on_several_nodes(fleet, namespace, before) == {}
    _floors_are_on_demand(fleet, namespace, before)
    fleet.reclaim_spot()
    fleet.wait_until_served(namespace)
    after = fleet.placed(namespace)
    assert [(pod.name, pod.why) for pod in after if not pod.node] == []
    assert _per_model(after) == _per_model(before)
    assert sum(_per_model(after).values()) == sum(fleet.wanted(namespace).values()) + more


def _per_model(placed: list[Placed]) -> Counter[str]:
    """Pods that serve, by model."""
    return Counter(pod.labels["slipway.dev/model"] for pod in placed if pod.labels.get("slipway.dev/role") == "model")


def _floors_are_on_demand(fleet: Fleet, namespace: str, placed: list[Placed]) -> None:
    """Where a model has a Deployment that seeks spot, its others do without: they are what is left in any case.

    Seeking is a preference, so a single Deployment may find a better node; not all of them.
    """
    deployments = fleet.deployments(namespace)
    seeking = [each for each in deployments if seeks_spot(each)]
    models = {each["metadata"]["labels"]["slipway.dev/model"] for each in seeking}
    for each in deployments:
        pods = [pod for pod in placed if pod.owner == each["metadata"]["name"]]
        if each not in seeking and each["metadata"]["labels"]["slipway.dev/model"] in models:
            assert [pod.name for pod in pods if fleet.is_spot(pod)] == []
    names = {each["metadata"]["name"] for each in seeking}
    seekers = [pod for pod in placed if pod.owner in names]
    assert not seekers or any(fleet.is_spot(pod) for pod in seekers)


def _claims_on_several_nodes(fleet: Fleet, namespace: str, placed: list[Placed]) -> dict[str, set[str]]:
    """Disks of one node that pods of several want: the scheduler lets it pass, the pods would never start."""
    found: dict[str, set[str]] = {}
    for claim in fleet.claims(namespace):
        if set(claim["spec"]["accessModes"]) <= {"ReadWriteOnce", "ReadWriteOncePod"}:
            name = claim["metadata"]["name"]
            found[name] = {pod.node for pod in placed if pod.node and pod.phase == "Running" and name in pod.claims}
    return {name: on for name, on in found.items() if len(on) > 1}
