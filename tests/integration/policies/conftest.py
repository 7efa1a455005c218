"""A project without a cluster, whose program registers whatever objects a test names."""

import pytest

from tests.integration.plugins.control_plane import Binaries, ControlPlane
from tests.integration.policies.project import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, binaries: Binaries) -> Project:
    """On a machine that has no kubeconfig at all."""
    return Project(tmp_path_factory.mktemp("policies"), binaries, kubeconfig=None)


@pytest.fixture(scope="module")
def live_project(tmp_path_factory: pytest.TempPathFactory, binaries: Binaries, plane: ControlPlane) -> Project:
    """With a cluster, for updates."""
    return Project(tmp_path_factory.mktemp("live"), binaries, plane.kubeconfig)
