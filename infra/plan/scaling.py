"""How the number of replicas follows the load: which engine, by which signals, how fast up and down.

Up fast: it doubles within a minute, for a queue grows while new replicas load. Down slowly: one a minute, after the
load has stayed low for as long as a new one would take to load.

A warm pool is replicas beyond what the load asks for, not pods that hold a node for them: such a pod costs the same
node, and the replica in its place would still have to load.
"""

from dataclasses import dataclass
from typing import Final, Literal

from infra.plan import queries
from infra.plan.windows import WindowPlan, plan_windows, time_zone_of
from infra.quota import Resources
from infra.stack import ModelConfig, ScalingConfig
from infra.weeks import Week

Engine = Literal["hpa", "keda"]
Kind = Literal["cpu", "queue"]
UP_PODS: Final = 2
UP_PERCENT: Final = 100
DOWN_PODS: Final = 1
MOST_WINDOW_S: Final = 3600
"""The API takes no longer one."""


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many pods the autoscaler may ask for."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Signal:
    """What is measured and how much of it one replica shall have.

    Attributes:
        kind: cpu: millicores of the server's container. queue: requests running and waiting.
        target: millicores, or requests; a fraction of what a replica can do.
        query: PromQL of the total, for KEDA. An HPA has the metrics of each pod from an adapter.
    """

    kind: Kind
    target: float
    query: str | None = None


@dataclass(frozen=True, slots=True)
class ScalingPlan:
    """One autoscaler. Numbers of pods and percents are for each minute, and of the two the larger holds.

    `fallback`: replicas while no signal can be read, unless there are more; None where the engine needs none.
    """

    engine: Engine
    replicas: Replicas
    signals: tuple[Signal, ...]
    windows: tuple[WindowPlan, ...]
    down_window_s: int
    up_window_s: int = 0
    up_pods: int = UP_PODS
    up_percent: int = UP_PERCENT
    down_pods: int = DOWN_PODS
    fallback: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Which of a model's replicas a tier has: those above the first `below`, and of them at most `most`."""

    week: Week
    below: int
    most: int


@dataclass(frozen=True, slots=True)
class Load:
    """What one replica can do, and how long a new one takes until it does."""

    num_slots: int
    resources: Resources
    startup_s: int


def kind_of(chosen: ModelConfig, num_gpus: int, scaling: ScalingConfig) -> Kind:
    """The queue wherever it can be read. But an HPA scales a model on CPUs by what it runs out of first."""
    if chosen.signal != "auto":
        return "cpu" if chosen.signal == "cpu" else "queue"
    if scaling.engine == "keda":
        return "queue"
    return "queue" if num_gpus and scaling.has_adapter else "cpu"


def busy_requests(num_slots: int, scaling: ScalingConfig) -> float:
    """How many one replica shall have."""
    return num_slots * scaling.busy_percent / 100


def plan_scaling(chosen: ModelConfig, namespace: str, part: Part, load: Load, scaling: ScalingConfig) -> ScalingPlan:
    """By CPU: of what a pod may use, not of what it reserves."""
    kind = kind_of(chosen, load.resources.num_gpus, scaling)
    is_keda = scaling.engine == "keda"
    # Nothing measures the processors of no pod, and an HPA has at least one.
    floor = 0 if is_keda and (kind == "queue" or part.below == 0) else 1
    week = part.week.part(part.below, part.most).at_least(floor)
    target = busy_requests(load.num_slots, scaling)
    if kind == "cpu":
        signal = Signal("cpu", load.resources.cpu_limit_m * scaling.busy_percent / 100)
    elif is_keda:
        may_be_none = part.week.lowest == 0
        shift = (chosen.keep_warm - part.below) * target
        signal = Signal("queue", target, queries.demand(chosen.id, namespace, shift=shift, may_be_none=may_be_none))
    else:
        signal = Signal("queue", target)
    return ScalingPlan(
        engine="keda" if is_keda else "hpa",
        replicas=Replicas(week.lowest, part.most),
        signals=(signal,),
        windows=plan_windows(week, time_zone_of(chosen)) if is_keda else (),
        down_window_s=min(max(scaling.quiet_s, load.startup_s), MOST_WINDOW_S),
        fallback=week.lowest if signal.query is not None else None,
    )
