"""A Cloudflare Tunnel beside a model: in each of its pods, as a native sidecar.

Each replica is one more connector, and Cloudflare spreads requests over them. Every connector of a tunnel must be able
to answer for all of its names, so a model has a tunnel of its own; one Secret has a token for each.
"""

from dataclasses import dataclass
from typing import Final

from infra import units
from infra.quota import Resources
from infra.stack import StackConfig

TUNNEL_RESOURCES: Final = Resources(cpu_m=50, cpu_limit_m=500, memory_bytes=128 * units.MI)


@dataclass(frozen=True, slots=True)
class TunnelPlan:
    """In the pods of one model. `key` of `secret` is its token. `is_required`: without it a pod is not ready."""

    secret: str
    key: str
    is_required: bool
    resources: Resources = TUNNEL_RESOURCES


def plan_tunnel(config: StackConfig, model_id: str) -> TunnelPlan | None:
    """Of this model; None where it has none."""
    asked = config.sidecars.tunnel
    if asked is None or model_id not in asked.models:
        return None
    return TunnelPlan(asked.secret, model_id, asked.required)
