"""One control plane for all of it: with the kinds that a platform team installs, and a fleet without nodes at first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.platform import fleet as fleets
from tests.integration.platform.fleet import Fleet
from tests.integration.platform.judge import Judge
from tests.integration.plugins.control_plane import Binaries, ControlPlane, running
from tools import settings
from tools.cluster import kinds
from tools.toolchain import crds

QUICK_AUTOSCALER = ("--horizontal-pod-autoscaler-sync-period=1s",)
"""Else it looks every 15 seconds, also for the first time."""


@pytest.fixture(scope="session")
def platform_plane(tmp_path_factory: pytest.TempPathFactory, binaries: Binaries) -> Iterator[ControlPlane]:
    """A Kubernetes that knows cert-manager, KEDA, Gateway API, external-secrets and prometheus-operator."""
    definitions = crds.ensure(settings.load(), print)
    with running(tmp_path_factory.mktemp("platform"), binaries, QUICK_AUTOSCALER) as plane:
        kinds.install(plane.http, definitions)
        yield plane


@pytest.fixture(scope="session")
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
