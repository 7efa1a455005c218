"""Prod on a fleet of each provider: the real scheduler finds a node for every pod, and spot nodes may all go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.integration.platform import metrics, stacks
from tests.integration.platform.fleet import Fleet
from tests.integration.platform.judge import Judge
from tests.integration.platform.spot import lose_all_spot_nodes
from tests.integration.plugins.control_plane import ControlPlane

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

FLAVOURS = ("gke", "aks")
"""test_up.py has the third."""


@pytest.fixture(params=FLAVOURS)
def prod(request: pytest.FixtureRequest, fleet: Fleet) -> Iterator[str]:
    """The namespace of prod, placed on the fleet of one provider after the other."""
    namespace = f"prod-{request.param}"
    judge = Judge(fleet.http)
    with contextlib.ExitStack() as stack:
        stack.callback(fleet.take_down)
        stack.callback(judge.remove)
        fleet.stand_up(request.param)
        assert judge.judge(stacks.objects("prod", namespace, request.param)) == []
        fleet.wait_until_served(namespace)
        yield namespace


def test_every_pod_of_prod_has_a_node_and_another_one_when_spot_is_gone(fleet: Fleet, prod: str) -> None:
    """By the labels and taints of each provider."""
    lose_all_spot_nodes(fleet, prod)


def test_every_autoscaler_of_staging_reads_its_metric_and_asks_for_one_more(
    fleet: Fleet, platform_plane: ControlPlane
) -> None:
    """By the real controller, of every model: container, selector and metric are those that its pods have."""
    namespace = "staging-busy"
    judge = Judge(fleet.http)
    with contextlib.ExitStack() as stack:
        stack.callback(judge.remove)
        measured = stack.enter_context(metrics.served(platform_plane))
        measured.cpu, measured.value = 64_000, 1_000
        stack.callback(fleet.take_down)
        fleet.stand_up("gke")
        objects = stacks.objects("staging", namespace, "gke")
        scalers = [each for each in objects if each["kind"] == "HorizontalPodAutoscaler"]
        assert scalers
        assert judge.judge([each for each in objects if each not in scalers]) == []
        # To its least an autoscaler brings it by itself, and is then not allowed another step for a minute.
        for each in scalers:
            fleet.scale(namespace, each["spec"]["scaleTargetRef"]["name"], each["spec"]["minReplicas"])
        fleet.wait_until_served(namespace)
        assert judge.judge(scalers) == []
        fleet.until(lambda: not _idle(fleet, namespace), f"not scaled: {_idle(fleet, namespace)}")


def _idle(fleet: Fleet, namespace: str) -> list[str]:
    """Models that have no more than their least, and might."""
    least, asked = fleet.wanted(namespace), fleet.asked(namespace)
    return [name for name in fleet.growing(namespace) if asked[name] <= least[name]]
