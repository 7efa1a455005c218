"""A hub with one file of a real shape, and a copy of the catalog to add to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.catalog.load import HERE, LOCK, MODELS, PROFILES, load_catalog
from tests.helpers import shaped_gguf
from tests.helpers.hub_server import HubState, hub_server

REPO, FILE = "someone/Phi-GGUF", "Phi-3B-Q4_K_M.gguf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The catalog's files, to be changed at will."""
    target = tmp_path / "catalog"
    target.mkdir()
    for name in (MODELS, PROFILES, LOCK):
        shutil.copy(HERE / name, target)
    return target


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 1.8 GB that takes no room, with a header of 3 MB."""
    of = replace(load_catalog().models["summary"].full.geometry, architecture="llama")
    return shaped_gguf.write(tmp_path_factory.mktemp("hub") / FILE, of, num_merges=150_000)


@pytest.fixture
def hub(gguf: Path) -> Iterator[HubState]:
    """The hub, with the file in it."""
    with hub_server({f"{REPO}/{FILE}": gguf}) as state:
        yield state
