"""A project of its own for each test module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.plugins.control_plane import Binaries, ControlPlane
from tests.integration.plugins.workspace import Workspace


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, binaries: Binaries, plane: ControlPlane) -> Iterator[Workspace]:
    """A project on that cluster; what it has left there is destroyed."""
    workspace = Workspace(tmp_path_factory.mktemp("project"), binaries, plane.kubeconfig)
    yield workspace
    workspace.run("destroy", "--yes", "--skip-preview")


@pytest.fixture(scope="module")
def blind_project(tmp_path_factory: pytest.TempPathFactory, binaries: Binaries) -> Workspace:
    """A project on a machine that has no kubeconfig at all."""
    return Workspace(tmp_path_factory.mktemp("blind"), binaries, kubeconfig=None)


@pytest.fixture
def dead_kubeconfig(tmp_path: Path, plane: ControlPlane) -> Path:
    """A kubeconfig whose API server does not answer."""
    path = tmp_path / "kubeconfig"
    path.write_text(plane.kubeconfig.read_text().replace(plane.url, "https://127.0.0.1:1"))
    return path
