"""How a new version takes the place of the old one, from the GPUs that are spare: with surge, without, or anew."""

from infra.catalog.types import Profile
from infra.plan.sharing import GpuShare
from infra.plan.storage import can_be_shared
from infra.plan.weights import delivery_of
from infra.rollout import Strategy, solve_strategy
from infra.stack import ModelConfig, StackConfig

Rollout = Strategy
"""`surge` more pods than asked for may exist during a rollout, `unavailable` fewer may serve."""


def plan_rollout(
    config: StackConfig, chosen: ModelConfig, profile: Profile, share: GpuShare | None, least: int
) -> Rollout:
    """`least` replicas are there in quiet times. A pod without a volume of its own can be anywhere."""
    has_volume = delivery_of(chosen) in ("own", "shared")
    return solve_strategy(
        least,
        share.count if share else 0,
        spare_places(config, profile, share),
        can_share_volume=not has_volume or can_be_shared(config),
    )


def spare_places(config: StackConfig, profile: Profile, share: GpuShare | None) -> int | None:
    """GPUs beyond the most replicas; several pods share one where the nodes let them. None: not known."""
    spare = config.cluster.spare_gpus.get(profile.name)
    return None if spare is None else spare * (share.replicas_per_gpu if share else 1)
