"""Claims for devices: what a model needs that gets its GPU by DRA."""

from infra.manifests.objects import Manifest
from infra.plan import ModelPlan, Plan


def device_claims(plan: Plan, model: ModelPlan) -> list[Manifest]:
    """The ResourceClaimTemplate of a model. None is made yet."""
    del plan, model
    return []
