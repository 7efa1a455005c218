"""A model's replicas in one or two tiers: `base` on nodes that stay, `burst` on spot where there is any.

Both are behind one Service. The base holds the floor: what is there whatever a provider takes back. It has the first
replicas that a model needs, the burst all beyond the floor.

    least at night  1 |#         |        base: 1 to 2, least 1
    least by day    3 |##|#      |        base: least 2; burst: least 1
    most            8 |##|###### |        base: 2; burst: 6

A burst comes down to none where something tells when it is needed again: KEDA, by the queue of the base. An HPA knows
no fewer than one replica, and nothing measures the processors of none: there a burst keeps one.

A floor of 0 asks for spot altogether: then there is one tier, which prefers spot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from infra.catalog.types import Profile
from infra.plan.placement import Placement, plan_placement
from infra.plan.rollout import Rollout, plan_rollout
from infra.plan.scaling import Load, Part, Replicas, ScalingPlan, busy_requests, plan_scaling
from infra.plan.sharing import GpuShare
from infra.plan.speeds import DRAIN_S
from infra.plan.spot import grace_s
from infra.plan.windows import plan_week
from infra.rollout import solve_grace
from infra.stack import ModelConfig, StackConfig
from infra.weeks import Week

TierName = Literal["base", "burst"]


@dataclass(frozen=True, slots=True)
class Tier:
    """One Deployment of a model.

    Attributes:
        drain_s: how long running requests may take to finish; the server is told.
        grace_s: until the pod is killed: the pause before the drain, the drain, a margin.
    """

    name: TierName
    replicas: Replicas
    rollout: Rollout
    placement: Placement
    scaling: ScalingPlan
    is_spot: bool
    drain_s: int
    grace_s: int

    @property
    def peak(self) -> int:
        """The most pods that may exist at once: during a rollout, beside all replicas."""
        return self.replicas.most + self.rollout.surge


@dataclass(frozen=True, slots=True)
class _Kind:
    """A tier, before anything about it is planned: which of the replicas, on which nodes."""

    name: TierName
    below: int
    most: int
    is_spot: bool


def plan_tiers(
    config: StackConfig, chosen: ModelConfig, profile: Profile, share: GpuShare | None, load: Load
) -> tuple[Tier, ...]:
    """The base comes first."""
    week = plan_week(chosen, busy_requests(load.num_slots, config.scaling), config.scaling.ahead_s or 0)
    return tuple(_plan_tier(config, chosen, profile, share, load, week, kind) for kind in _kinds(chosen))


def _kinds(chosen: ModelConfig) -> Iterator[_Kind]:
    floor = chosen.max_replicas if chosen.spot == "none" else floor_of(chosen)
    if floor == 0:
        yield _Kind("base", 0, chosen.max_replicas, is_spot=True)
        return
    yield _Kind("base", 0, min(floor, chosen.max_replicas), is_spot=False)
    if floor < chosen.max_replicas:
        yield _Kind("burst", floor, chosen.max_replicas - floor, is_spot=True)


def floor_of(chosen: ModelConfig) -> int:
    """How many replicas are on demand before any is on spot."""
    return max(chosen.min_replicas, 1) if chosen.floor is None else chosen.floor


def _plan_tier(
    config: StackConfig,
    chosen: ModelConfig,
    profile: Profile,
    share: GpuShare | None,
    load: Load,
    week: Week,
    kind: _Kind,
) -> Tier:
    part = Part(week, kind.below, kind.most)
    scaling = plan_scaling(chosen, config.namespace, part, load, config.scaling)
    notice_s = (config.spot_grace_s or grace_s(config.cluster.provider)) if kind.is_spot else None
    # What a provider leaves is used to the end: the longer a drain may take, the fewer answers are cut off.
    grace = solve_grace(DRAIN_S if notice_s is None else notice_s, notice_s)
    return Tier(
        name=kind.name,
        replicas=scaling.replicas,
        rollout=plan_rollout(config, chosen, profile, share, scaling.replicas.least),
        placement=plan_placement(
            profile,
            share,
            config.cluster,
            is_spot=kind.is_spot,
            is_on_demand=not kind.is_spot and has_spot(config),
        ),
        scaling=scaling,
        is_spot=kind.is_spot,
        drain_s=grace.drain_s,
        grace_s=grace.grace_s,
    )


def has_spot(config: StackConfig) -> bool:
    """Whether a pod that says nothing could land on a spot node: AWS lets it."""
    return any(model.spot != "none" for model in config.models) or any(pool.is_spot for pool in config.cluster.nodes)
