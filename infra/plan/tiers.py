"""A model's replicas in one or two tiers: `base` on nodes that stay, `burst` on spot where there is any.

Both are behind one Service. The base holds the floor: what is there whatever a provider takes back.
"""

from dataclasses import dataclass
from typing import Literal

from infra.catalog.types import Profile
from infra.plan.placement import Placement, plan_placement
from infra.plan.rollout import Rollout, plan_rollout
from infra.plan.scaling import Replicas, ScalingPlan, plan_scaling
from infra.plan.sharing import GpuShare
from infra.plan.speeds import DRAIN_S, ENDPOINT_SLEEP_S, KILL_MARGIN_S
from infra.quota import Resources
from infra.stack import ModelConfig, StackConfig


@dataclass(frozen=True, slots=True)
class Tier:
    """One Deployment of a model.

    Attributes:
        drain_s: how long running requests may take to finish; the server is told.
        grace_s: until the pod is killed: the pause before the drain, the drain, a margin.
    """

    name: Literal["base", "burst"]
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


def plan_tiers(
    config: StackConfig, chosen: ModelConfig, profile: Profile, share: GpuShare | None, resources: Resources
) -> tuple[Tier, ...]:
    """The base comes first. Today it is all there is."""
    replicas = Replicas(chosen.min_replicas, chosen.max_replicas)
    base = Tier(
        name="base",
        replicas=replicas,
        rollout=plan_rollout(profile, replicas.most, config.cluster),
        placement=plan_placement(profile, share, config.cluster, is_spot=False),
        scaling=plan_scaling(chosen, replicas, resources, config.scaling),
        is_spot=False,
        drain_s=DRAIN_S,
        grace_s=ENDPOINT_SLEEP_S + DRAIN_S + KILL_MARGIN_S,
    )
    return (base,)
