"""A plan -> the Kubernetes objects that its components would register: a price without Pulumi, before any preview.

Images are by digest, which only an update knows; nothing that costs money hangs on them.
"""

from __future__ import annotations

from infra.catalog.types import PypiSource
from infra.manifests import ingress, model, network, platform, scaling, weights
from infra.manifests.objects import Manifest
from infra.plan import Plan

IMAGE = "not known before it is built"


def plan_objects(plan: Plan) -> list[Manifest]:
    """All of a stack's objects, the namespace first."""
    found = [platform.namespace(plan), platform.service_account(plan), platform.resource_quota(plan)]
    found += [platform.limit_range(plan), *network.network_policies(plan)]
    for each in plan.models:
        source = IMAGE if isinstance(each.weights.source, PypiSource) else None
        found += [
            weights.cache_claim(plan, each),
            weights.fill_job(plan, each, IMAGE, source),
            model.models_config(plan, each),
            model.deployment(plan, each, IMAGE),
            model.service(plan, each),
            scaling.disruption_budget(plan, each),
            scaling.autoscaler(plan, each),
        ]
    return [*found, ingress.ingress(plan)]
