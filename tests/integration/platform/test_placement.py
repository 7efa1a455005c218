"""Prod on a fleet of each provider: the real scheduler finds a node for every pod, and spot nodes may all go."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.integration.platform import nodes, stacks
from tests.integration.platform.fleet import Fleet, Placed, seeks_spot
from tests.integration.platform.judge import Judge

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture(params=nodes.FLAVOURS)
def prod(request: pytest.FixtureRequest, fleet: Fleet) -> Iterator[str]:
    """The namespace of prod, placed on the fleet of one provider after the other."""
    namespace = f"prod-{request.param}"
    judge = Judge(fleet.http)
    with contextlib.ExitStack() as stack:
        stack.callback(fleet.take_down)
        stack.callback(judge.remove)
        fleet.stand_up(request.param)
        assert judge.judge(stacks.objects("prod", namespace)) == []
        fleet.wait_until_served(namespace)
        yield namespace


def test_every_pod_of_prod_has_a_node_and_keeps_it_or_another_without_spot(fleet: Fleet, prod: str) -> None:
    """One replica more than the floor of each; then all spot nodes go at once, and the others take what was there."""
    more = fleet.grow(prod)
    fleet.wait_until_served(prod)
    before = fleet.placed(prod)
    assert [(pod.name, pod.why) for pod in before if not pod.node] == []
    assert _claims_on_several_nodes(fleet, prod, before) == {}
    _floors_are_on_demand(fleet, prod, before)
    fleet.reclaim_spot()
    fleet.wait_until_served(prod)
    after = fleet.placed(prod)
    assert [(pod.name, pod.why) for pod in after if not pod.node] == []
    assert _per_model(after) == _per_model(before)
    assert sum(_per_model(after).values()) == sum(fleet.wanted(prod).values()) + more


def _per_model(placed: list[Placed]) -> Counter[str]:
    """Pods that serve, by model."""
    return Counter(pod.labels["slipway.dev/model"] for pod in placed if pod.labels.get("slipway.dev/role") == "model")


def _floors_are_on_demand(fleet: Fleet, namespace: str, placed: list[Placed]) -> None:
    """Where a model has a Deployment that seeks spot, its others do without: they are what is left in any case."""
    deployments = fleet.deployments(namespace)
    seeking = [each for each in deployments if seeks_spot(each)]
    models = {each["metadata"]["labels"]["slipway.dev/model"] for each in seeking}
    for each in deployments:
        pods = [pod for pod in placed if pod.owner == each["metadata"]["name"]]
        if each in seeking:
            assert any(fleet.is_spot(pod) for pod in pods), f"{each['metadata']['name']} has found no spot node"
        elif each["metadata"]["labels"]["slipway.dev/model"] in models:
            assert [pod.name for pod in pods if fleet.is_spot(pod)] == []


def _claims_on_several_nodes(fleet: Fleet, namespace: str, placed: list[Placed]) -> dict[str, set[str]]:
    """Disks of one node that pods of several want: the scheduler lets it pass, the pods would never start."""
    found: dict[str, set[str]] = {}
    for claim in fleet.claims(namespace):
        if set(claim["spec"]["accessModes"]) <= {"ReadWriteOnce", "ReadWriteOncePod"}:
            name = claim["metadata"]["name"]
            found[name] = {pod.node for pod in placed if pod.node and pod.phase == "Running" and name in pod.claims}
    return {name: on for name, on in found.items() if len(on) > 1}
