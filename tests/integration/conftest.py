"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import tiny_gguf
from tests.helpers.llama import make_importable
from tests.helpers.running_server import RunningServer, model_entry


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


@pytest.fixture
def own_folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A models directory for a server of the test's own."""
    (tmp_path / "tiny.gguf").symlink_to(tiny_model)
    return tmp_path
