"""`pulumi up` of prod on a fleet: from nothing to all models available, again without a change, and without spot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.integration.platform.fleet import Fleet
from tests.integration.platform.judge import remove
from tests.integration.platform.program import Program
from tests.integration.platform.spot import lose_all_spot_nodes
from tests.integration.plugins.control_plane import Binaries, ControlPlane
from tests.unit.infra.recorder import raw_settings

pytestmark = [pytest.mark.plane, pytest.mark.timeout(1200)]

NAMESPACE = "fleet-prod"


@pytest.fixture(scope="module")
def prod(
    tmp_path_factory: pytest.TempPathFactory, fleet: Fleet, platform_plane: ControlPlane, binaries: Binaries
) -> Iterator[Program]:
    """Its settings, but for the cluster's name and the namespace."""
    kubeconfig = platform_plane.kubeconfig
    cluster = raw_settings("prod")["cluster"] | {"kubeconfig": str(kubeconfig), "context": "test"}
    own = {"namespace": NAMESPACE, "cluster": cluster}
    fleet.stand_up("aws")
    try:
        yield Program(tmp_path_factory.mktemp("up"), binaries, kubeconfig, "prod", own)
    finally:
        remove(fleet.http, [NAMESPACE])
        fleet.take_down()


def test_up_of_prod_makes_all_models_available_and_finds_nothing_to_do_after_spot_was_lost(
    fleet: Fleet, prod: Program, request: pytest.FixtureRequest
) -> None:
    """The cluster mends itself: a second `up` needs no change, and makes none."""
    num_nodes = len(fleet.nodes)
    first_s = _seconds(lambda: prod.pulumi("up", "--yes", "--skip-preview"))
    fleet.wait_until_served(NAMESPACE)
    lose_all_spot_nodes(fleet, NAMESPACE)
    second_s = _seconds(lambda: prod.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes"))
    told = f"\n`up` of prod on {num_nodes} nodes took {first_s:.0f} s, a second one without a change {second_s:.0f} s"
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        request.config.get_terminal_writer().line(told)


def _seconds(do: Callable[[], object]) -> float:
    started = time.monotonic()
    do()
    return time.monotonic() - started
