"""Geometries, sizes and profiles for the tests of the proof, and what Hypothesis makes of them."""

from dataclasses import replace

from hypothesis import strategies as st

from infra.catalog.load import load_catalog
from infra.catalog.types import Catalog, Geometry, Layers, Profile, Size
from infra.units import GI

CATALOG: Catalog = load_catalog()
SIZES = {
    f"{m.id}.{name}": size for m in CATALOG.models.values() for name, size in (("full", m.full), ("small", m.small))
}
LLAMA_70B = SIZES["llama-3-70b.full"]
QWEN_32B = SIZES["qwen2-5-32b.full"]
GPT_OSS = SIZES["gpt-oss.full"]
GEMMA = SIZES["gemma-3-270m.full"]
GPU24, GPU80 = CATALOG.profiles["gpu24-20g"], CATALOG.profiles["gpu80-48g"]

sizes = st.sampled_from(list(SIZES.values()))
profiles = st.sampled_from(list(CATALOG.profiles.values()))
slots = st.integers(1, 64)
contexts = st.integers(256, 131072)


def cpu(memory_bytes: int) -> Profile:
    """A profile without a GPU."""
    return Profile("cpu", 1000, 2000, memory_bytes, 0, 0)


def gpu(reported_bytes: int, num_gpus: int = 1, memory_bytes: int = 64 * GI) -> Profile:
    """A profile with GPUs of so much memory."""
    return Profile("gpu", 1000, 2000, memory_bytes, num_gpus, reported_bytes, ("NVIDIA-L4",))


def shaped(size: Size, **values: object) -> Size:
    """A size with another geometry."""
    return replace(size, geometry=replace(size.geometry, **values))  # type: ignore[arg-type]


def recurrent(num_layers: int, state_bytes: int) -> Geometry:
    """A model that keeps a state instead of a cache."""
    return replace(GEMMA.geometry, layers=(Layers(num_layers, state_bytes=state_bytes),), num_heads=0)
