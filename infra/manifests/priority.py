"""Priority classes: objects of the whole cluster."""

from infra.manifests.objects import Manifest
from infra.plan import Plan


def priority_classes(plan: Plan) -> list[Manifest]:
    """The four of `plan.priorities`. None is made yet."""
    del plan
    return []
