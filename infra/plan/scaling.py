"""How the number of replicas follows the load: which engine, by which signals, how fast up and down."""

from dataclasses import dataclass
from typing import Literal

from infra.plan.windows import WindowPlan, plan_windows
from infra.quota import Resources
from infra.stack import ModelConfig, ScalingConfig

Engine = Literal["hpa", "keda"]


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many pods the autoscaler may ask for."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Signal:
    """What is measured and how much of it one replica shall have.

    Attributes:
        kind: cpu: millicores of the server's container. queue: requests running and waiting, of the whole model.
            forecast: what the queue will be, from a recorded series.
        target: millicores, or requests; a fraction of what a replica can do.
        query: PromQL, for what Prometheus answers.
    """

    kind: Literal["cpu", "queue", "forecast"]
    target: float
    query: str | None = None


@dataclass(frozen=True, slots=True)
class ScalingPlan:
    """One autoscaler. `fallback`: replicas while no signal can be read; None without."""

    engine: Engine
    replicas: Replicas
    signals: tuple[Signal, ...]
    windows: tuple[WindowPlan, ...]
    up_window_s: int
    down_window_s: int
    pods_per_minute: int
    keep_warm: int
    fallback: int | None = None


def plan_scaling(chosen: ModelConfig, replicas: Replicas, resources: Resources, scaling: ScalingConfig) -> ScalingPlan:
    """By CPU, which is what a CPU model runs out of first: of what a pod may use, not of what it reserves."""
    return ScalingPlan(
        engine="hpa",
        replicas=replicas,
        signals=(Signal("cpu", resources.cpu_limit_m * scaling.busy_percent / 100),),
        windows=plan_windows(chosen.windows),
        up_window_s=0,
        down_window_s=scaling.quiet_s,
        pods_per_minute=1,
        keep_warm=chosen.keep_warm,
    )
