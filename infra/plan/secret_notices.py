"""What to know of Secrets: those that nothing reads, and those that must be made by hand."""

from collections.abc import Iterator, Sequence

from infra.catalog.types import HubSource
from infra.plan.model import ModelPlan
from infra.plan.secrets import plan_secrets
from infra.stack import StackConfig


def secret_notices(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    """Sentences."""
    found = {one.use: one for one in plan_secrets(config)}
    if "hub-token" in found and not any(isinstance(model.weights.source, HubSource) for model in models):
        yield "slipway:secrets.use has hub-token, and no model of the stack comes from the hub: nothing reads it"
    if by_hand := [f"{one.name} ({one.key})" for one in found.values() if one.source == "existing"]:
        yield f"pods wait for Secrets that must be made by hand in {config.namespace}: {', '.join(by_hand)}"
