"""Prod on a fleet of each provider: the real scheduler finds a node for every pod, and spot nodes may all go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.integration.platform import stacks
from tests.integration.platform.fleet import Fleet
from tests.integration.platform.judge import Judge
from tests.integration.platform.spot import lose_all_spot_nodes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

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
        assert judge.judge(stacks.objects("prod", namespace)) == []
        fleet.wait_until_served(namespace)
        yield namespace


def test_every_pod_of_prod_has_a_node_and_another_one_when_spot_is_gone(fleet: Fleet, prod: str) -> None:
    """By the labels and taints of each provider."""
    lose_all_spot_nodes(fleet, prod)
