"""One control plane for all of it: with the kinds that a platform team installs, and a fleet without nodes at first.

It goes with the last test of this package: what comes after it has the machine to itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.integration.platform import fleet as fleets
from tests.integration.platform.fleet import Fleet
from tests.integration.platform.judge import Judge
from tests.integration.plugins.control_plane import Binaries, ControlPlane, running
from tests.integration.plugins.programs import wait
from tools import settings
from tools.cluster import kinds
from tools.toolchain import crds
from tools.toolchain.crds import Crd

QUICK_AUTOSCALER = ("--horizontal-pod-autoscaler-sync-period=3s",)
"""Else it looks every 15 seconds, also for the first time. Every second would keep the API server busy by itself."""


@pytest.fixture(scope="package")
def platform_plane(tmp_path_factory: pytest.TempPathFactory, binaries: Binaries) -> Iterator[ControlPlane]:
    """A Kubernetes that knows cert-manager, KEDA, Gateway API, external-secrets and prometheus-operator."""
    definitions = crds.ensure(settings.load(), print)
    with running(tmp_path_factory.mktemp("platform"), binaries, QUICK_AUTOSCALER) as plane:
        kinds.install(plane.http, definitions)
        wait(lambda: not list(_unserved(plane, definitions)), plane.folder / "apiserver.log")
        yield plane


def _unserved(plane: ControlPlane, definitions: Sequence[Crd]) -> Iterator[str]:
    """Kinds that are Established, but not yet in the lists by which clients find them."""
    wanted: dict[str, set[str]] = {}
    for spec in (each["spec"] for each in definitions):
        for version in spec["versions"]:
            if version["served"]:
                wanted.setdefault(f"{spec['group']}/{version['name']}", set()).add(spec["names"]["plural"])
    for version, plurals in wanted.items():
        listed = plane.http.get(f"/apis/{version}")
        yield from plurals - {each["name"] for each in (listed.json()["resources"] if listed.is_success else ())}


@pytest.fixture(scope="package")
def fleet(platform_plane: ControlPlane, binaries: Binaries) -> Iterator[Fleet]:
    """Its nodes: a test stands them up and takes them down."""
    with fleets.running(platform_plane, binaries) as running_fleet:
        yield running_fleet


@pytest.fixture(scope="module")
def judge(platform_plane: ControlPlane) -> Iterator[Judge]:
    """Takes away what it was given, when all is judged."""
    judge = Judge(platform_plane.http)
    yield judge
    judge.remove()
