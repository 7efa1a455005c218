"""Header -> geometry."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.catalog.load import load_catalog
from infra.catalog.types import Geometry, Layers
from infra.gguf.geometry import geometry_of, weights_by_device
from infra.gguf.header import read_header
from infra.gguf.types import GgufError, Header, Tensor, Value
from tests.helpers import shaped_gguf, tiny_gguf
from tests.unit.infra.gguf.raw import reading

GEOMETRIES = {
    f"{model.id}.{name}": size.geometry
    for model in load_catalog().models.values()
    for name, size in (("full", model.full), ("small", model.small))
}


def read(path: Path) -> Header:
    """The header of a file, of which only the beginning is read."""
    with path.open("rb") as file:
        return read_header(reading(file.read(2**20)), path.stat().st_size)


def header(architecture: str, keys: Mapping[str, Value], *, tied: bool = True) -> Header:
    """Just the metadata; `__` stands for a dot."""
    shape: dict[str, Value] = {"block_count": 4, "embedding_length": 64, "context_length": 512}
    named = {f"{architecture}.{key.replace('__', '.')}": value for key, value in {**shape, **keys}.items()}
    tensors = [Tensor("token_embd.weight", (64, 100), "F32", 0, 25600)]
    if not tied:
        tensors.append(Tensor("output.weight", (64, 100), "F16", 25600, 12800))
    return Header(3, {"general.architecture": architecture, **named}, tuple(tensors), 0)


HEADS: dict[str, Value] = {"attention__head_count": 8, "attention__head_count_kv": 2}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_the_geometry_of_every_entry_comes_back_from_a_header(name: str, tmp_path: Path) -> None:
    """Layers, heads, window, experts, embedding, and the parameters to the last one."""
    expected = GEOMETRIES[name]
    found = geometry_of(read(shaped_gguf.write(tmp_path / "shaped.gguf", expected)))
    assert found.num_parameters == pytest.approx(expected.num_parameters, rel=1e-4)
    for field in Geometry.__slots__:
        if field != "num_parameters":
            assert getattr(found, field) == getattr(expected, field), field


def test_a_file_with_a_vocabulary_tells_its_size(tmp_path: Path) -> None:
    """By its words, where it does not say it by a number."""
    found = geometry_of(read(tiny_gguf.write(tmp_path / "tiny.gguf")))
    assert (found.num_vocabulary, found.quantisation, found.is_tied) == (269, "F32", False)
    assert found.layers == (Layers(2, 2, 16, 16),)


def test_weights_lie_on_the_gpu_but_for_the_input() -> None:
    """And a tied embedding on both."""
    assert weights_by_device(header("llama", {}, tied=False)) == (25600, 12800)
    assert weights_by_device(header("llama", {}, tied=True)) == (25600, 25600)


@pytest.mark.parametrize(
    ("architecture", "keys", "layers"),
    [
        ("llama", HEADS, (Layers(4, 2, 8, 8),)),
        ("llama", {"attention__head_count": 8}, (Layers(4, 8, 8, 8),)),
        ("llama", HEADS | {"attention__sliding_window": 128}, (Layers(4, 2, 8, 8),)),
        ("qwen2", HEADS | {"attention__key_length": 32, "attention__value_length": 16}, (Layers(4, 2, 32, 16),)),
        ("gpt-oss", HEADS | {"attention__sliding_window": 128}, (Layers(2, 2, 8, 8, 128), Layers(2, 2, 8, 8))),
        ("gemma3", HEADS | {"attention__sliding_window": 512}, (Layers(4, 2, 8, 8, 512),)),
        ("gemma3", HEADS, (Layers(4, 2, 8, 8),)),
        ("gemma2", HEADS, (Layers(2, 2, 8, 8, 4096), Layers(2, 2, 8, 8))),
        ("exaone4", HEADS | {"attention__sliding_window": 64}, (Layers(4, 2, 8, 8),)),
        ("cohere2moe", HEADS | {"attention__sliding_window": 64}, (Layers(1, 2, 8, 8), Layers(3, 2, 8, 8, 64))),
        ("llama4", HEADS, (Layers(3, 2, 8, 8, 8192), Layers(1, 2, 8, 8))),
        ("llama4", HEADS | {"attention__sliding_window": 0}, (Layers(4, 2, 8, 8),)),
        (
            "gemma4",
            HEADS
            | {
                "attention__sliding_window": 64,
                "attention__sliding_window_pattern": (True, True, False, True),
                "attention__key_length": 16,
                "attention__value_length": 16,
                "attention__key_length_swa": 8,
                "attention__value_length_swa": 8,
                "attention__shared_kv_layers": 1,
            },
            (Layers(2, 2, 8, 8, 64), Layers(1, 2, 16, 16), Layers(1)),
        ),
        (
            "deepseek2",
            {"attention__head_count": 8, "attention__head_count_kv": 1, "attention__key_length": 576}
            | {"attention__value_length": 512, "attention__key_length_mla": 192},
            (Layers(4, 1, 576, 0),),
        ),
        ("deepseek2", HEADS | {"nextn_predict_layers": 1}, (Layers(3, 2, 8, 8),)),
        (
            "qwen3next",
            HEADS
            | {"ssm__conv_kernel": 4, "ssm__inner_size": 10, "ssm__state_size": 5, "ssm__group_count": 2}
            | {"full_attention_interval": 4},
            (Layers(3, state_bytes=4 * (3 * (10 + 2 * 2 * 5) + 5 * 10)), Layers(1, 2, 8, 8)),
        ),
        (
            "granitehybrid",
            {"attention__head_count": 8, "attention__head_count_kv": (0, 2, 0, 0)}
            | {"ssm__conv_kernel": 4, "ssm__inner_size": 10, "ssm__state_size": 5, "ssm__group_count": 0},
            (Layers(3, state_bytes=4 * (30 + 50)), Layers(1, 2, 8, 8)),
        ),
        ("lfm2", {"attention__head_count": 8, "attention__head_count_kv": (0, 2, 0, 2), "shortconv__l_cache": 3},
         (Layers(2, state_bytes=4 * 64 * 2), Layers(2, 2, 8, 8))),
        ("mamba", {"ssm__conv_kernel": 4, "ssm__inner_size": 10, "ssm__state_size": 5},
         (Layers(4, state_bytes=4 * (30 + 50)),)),
        ("rwkv7", {"wkv__head_size": 16, "token_shift_count": 2}, (Layers(4, state_bytes=4 * (128 + 1024)),)),
        ("falcon-h1", HEADS | {"ssm__conv_kernel": 4, "ssm__inner_size": 10, "ssm__state_size": 5},
         (Layers(4, 2, 8, 8, 0, 4 * (30 + 50)),)),
    ],
)  # fmt: skip
def test_layers_follow_the_rules_of_their_architecture(
    architecture: str, keys: dict[str, Value], layers: tuple[Layers, ...]
) -> None:
    """Windows, latent attention, shared caches, and layers with a state instead."""
    assert geometry_of(header(architecture, {"attention__head_count": 0, **keys})).layers == layers


def test_the_widest_feed_forward_counts_for_each_expert_in_use() -> None:
    """Mixtral says it once; a mixture with dense layers says both, of which the wider needs the room."""
    mixtral = {"feed_forward_length": 300, "expert_count": 8, "expert_used_count": 2}
    deepseek = mixtral | {"expert_feed_forward_length": 50, "leading_dense_block_count": 1}
    qwen = mixtral | {"expert_feed_forward_length": 50}
    found = [geometry_of(header("x", {**HEADS, **keys})).num_feed_forward for keys in (mixtral, deepseek, qwen)]
    assert found == [300, 150, 50]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"block_count": 0}, "x.block_count: 0 is not allowed; allowed: 1 to 10000"),
        ({"block_count": 10**9}, "x.block_count: 1000000000 is not allowed"),
        ({"embedding_length": "64"}, "x.embedding_length: '64' is not allowed; allowed: a whole number"),
        ({"context_length": -1}, "x.context_length: -1 is not allowed"),
        ({"attention__head_count_kv": (1, 2)}, "x.attention.head_count_kv: has 2 numbers; allowed: 4, one for each"),
        ({"attention__head_count_kv": 1.5}, "x.attention.head_count_kv: 1.5 is not allowed"),
    ],
)
def test_a_number_that_can_not_be_is_named(keys: dict[str, Value], expected: str) -> None:
    """With its key."""
    with pytest.raises(GgufError) as caught:
        geometry_of(header("x", {**HEADS, **keys}))
    assert expected in caught.value.problems[0]


def test_what_is_no_whole_language_model_is_told() -> None:
    """A part of a split file, a projector for images, and a file that says nothing."""
    split = header("llama", {})
    with pytest.raises(GgufError, match="one of 3 parts"):
        geometry_of(Header(3, {**split.metadata, "split.count": 3}, split.tensors, 0))
    with pytest.raises(GgufError, match=r"no tensor 'token_embd\.weight', so it is no language model"):
        geometry_of(Header(3, split.metadata, (), 0))
    with pytest.raises(GgufError, match=r"general\.architecture: is missing"):
        geometry_of(Header(3, {}, split.tensors, 0))
