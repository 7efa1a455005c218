"""The tables of what is known: that they hold together, and what rules rely on."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from infra.hardware import accelerators
from policies.facts import hardware
from policies.facts.tables import FOLDER, table

SETTINGS = {
    "marks", "verb", "cache", "model", "revision", "quantization", "dtype", "context_tokens", "kv_dtype",
    "memory_share", "tensor_parallel", "pipeline_parallel", "data_parallel", "executor", "elsewhere", "gpu_layers",
    "download_dir", "load_format", "trust_remote_code", "api_key", "api_key_file",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_every_table_can_be_read(name: str) -> None:
    """And holds something."""
    assert table(name)


def test_every_gpu_of_a_machine_has_a_size() -> None:
    """Else nothing would ever be judged on that machine."""
    with_gpu = [each for each in hardware.node_types().values() if each.gpu_product]
    assert [each.name for each in with_gpu if hardware.gpu_memory(each.gpu_product or "") is None] == []
    assert [each.name for each in with_gpu if each.gpus < 1] == []


def test_machines_are_of_a_sane_shape() -> None:
    """No more pods than a cluster may set everywhere, and memory and CPU in the right units."""
    for each in hardware.node_types().values():
        assert 1 <= each.max_pods <= 110
        assert 0.8 <= each.memory_bytes / 2**30 / (each.cpu_m / 1000) <= 24


def test_a_gpu_has_each_of_its_names_to_itself() -> None:
    """A name twice would have the size that comes last."""
    names = [name.lower().replace("_", "-") for entry in accelerators() for name in entry["names"]]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_no_gpu_is_called_like_a_machine() -> None:
    """A selector's value means one or the other."""
    names = {name.lower() for entry in accelerators() for name in entry["names"]}
    assert names & set(hardware.node_types()) == set()


def test_engines_have_the_settings_that_rules_ask_for_and_no_others() -> None:
    """A misspelt one would never be found."""
    for engine, entry in table("engines").items():
        assert set(entry) <= SETTINGS, engine
        assert entry["marks"], engine


def test_patterns_of_models_compile_and_are_in_small_letters() -> None:
    """Names are compared in small letters, with dashes."""
    models = table("models")
    patterns = [row[0] for kind in ("bits", "native", "shapes") for row in models[kind]]
    for pattern in patterns:
        re.compile(pattern)
        assert pattern == pattern.lower()
        assert "_" not in pattern


def test_every_hole_ends_after_it_begins() -> None:
    """And is told by a CVE's id."""
    for entry in table("server_versions").values():
        groups = re.compile(entry["pattern"]).groups
        for id_, bad, good in entry["holes"]:
            assert re.fullmatch(r"CVE-\d{4}-\d{4,}", id_)
            assert bad < good
            assert len(bad) == len(good) == groups
