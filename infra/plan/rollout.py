"""How a new version takes the place of the old one, from the GPUs that are spare: with surge, without, or anew."""

from dataclasses import dataclass
from typing import Literal

from infra.catalog.types import Profile
from infra.stack import ClusterConfig


@dataclass(frozen=True, slots=True)
class Rollout:
    """`surge` more pods than asked for may exist during a rollout, `unavailable` fewer may serve."""

    strategy: Literal["RollingUpdate", "Recreate"]
    surge: int
    unavailable: int


def plan_rollout(profile: Profile, most: int, cluster: ClusterConfig) -> Rollout:
    """A GPU that is free for a surge pod can't be presumed: there a rollout replaces pods one by one."""
    del most, cluster  # spare GPUs are not counted yet
    surge = 0 if profile.num_gpus else 1
    return Rollout("RollingUpdate", surge=surge, unavailable=1 - surge)
