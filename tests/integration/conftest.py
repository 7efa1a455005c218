"""Fixtures of the integration tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import browser as browsers
from tests.helpers import tiny_gguf
from tests.helpers.llama import make_importable
from tests.helpers.running_server import RunningServer, model_entry
from tests.integration.plugins.control_plane import Binaries, ControlPlane, PodStatuses, running


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny GGUF, and llama_cpp importable."""
    make_importable()
    return tiny_gguf.write(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture(scope="session")
def server(tiny_model: Path) -> Iterator[RunningServer]:
    """One server for all tests that do it no harm."""
    with RunningServer(tiny_model.parent, [model_entry(aliases=["gpt-4o"])]) as running:
        running.wait_for("/health/ready", 200)
        yield running


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browsers.Page]:
    """One Chromium with one page, for all tests that open it anew."""
    program = os.environ.get("SLIPWAY_BROWSER", "")
    assert program, "SLIPWAY_BROWSER must name a Chromium"
    with browsers.page(program, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def own_folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A models directory for a server of the test's own."""
    (tmp_path / "tiny.gguf").symlink_to(tiny_model)
    return tmp_path


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """The programs of the toolchain."""
    return Binaries.read(os.environ)


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory, binaries: Binaries) -> Iterator[ControlPlane]:
    """One Kubernetes for all tests of a session; its pods become ready at once, unless their image is broken."""
    with running(tmp_path_factory.mktemp("control-plane"), binaries) as plane:
        kubelet = PodStatuses(plane)
        kubelet.start()
        yield plane
        kubelet.stop()
