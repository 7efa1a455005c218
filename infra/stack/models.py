"""What a stack serves, how it scales, and what it may take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class GpuSharing:
    """How a model gets its GPU. `mode`: none, time-slicing, mps, mig or dra."""

    mode: str = "none"
    replicas_per_gpu: int = 1
    mig_profile: str | None = None
    device_class: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of days with a least of their own. Minutes of the day; an end at or before the start is on the next day."""

    days: tuple[str, ...]
    start_minute: int
    end_minute: int
    time_zone: str
    least: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Requests, running and waiting, that each hour of the week from Monday 00:00 on is expected to have."""

    time_zone: str
    hours: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model that the stack serves. None means: as the catalog says.

    Attributes:
        spot: none, or burst: what is above `floor` prefers spot nodes.
        floor: replicas that are always on demand.
        signal: auto, cpu or queue: what scales it.
        keep_warm: replicas above what the load asks for.
        forecast: None where there is none, or it is not asked for.
        delivery: auto, own, shared, image or ephemeral: how weights come to the pods.
        weights_image: for `image`, a reference by digest; None where the catalog's source is packed by the stack.
        draft_tokens: that the server guesses at a time from what a text said before; 0: none.
        step_tokens: most tokens in one step of the engine; None: as many as the server's default.
        chat_template_kwargs: what the chat template is told where a request says nothing else.
    """

    id: str
    min_replicas: int
    max_replicas: int
    profile: str | None
    num_slots: int | None = None
    context_tokens: int | None = None
    tier: str | None = None
    windows: tuple[Window, ...] = ()
    spot: str = "none"
    floor: int | None = None
    signal: str = "auto"
    keep_warm: int = 0
    forecast: Forecast | None = None
    delivery: str = "auto"
    weights_image: str | None = None
    sharing: GpuSharing = GpuSharing()
    draft_tokens: int = 0
    step_tokens: int | None = None
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScalingConfig:
    """`engine`: hpa or keda. `has_adapter`: HPAs can read metrics of pods. `ahead_s`: None without a forecast."""

    engine: str = "hpa"
    has_adapter: bool = False
    prometheus_url: str = ""
    busy_percent: int = 80
    quiet_s: int = 600
    ahead_s: int | None = None


@dataclass(frozen=True, slots=True)
class QuotaConfig:
    """Upper bounds that the operator set; None means: derive it."""

    cpu_m: int | None
    memory_bytes: int | None
    num_gpus: int | None
    storage_bytes: int | None


@dataclass(frozen=True, slots=True)
class PriorityConfig:
    """Names of the priority classes begin with `prefix`; `create` False: somebody else makes them."""

    create: bool
    prefix: str
