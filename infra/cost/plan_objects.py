"""A plan -> the Kubernetes objects that its components would register: a price without Pulumi, before any preview.

Images are by digest, which only an update knows; nothing that costs money hangs on them.
"""

from __future__ import annotations

from infra.catalog.types import PypiSource
from infra.manifests.all import Images, objects
from infra.manifests.objects import Manifest
from infra.plan import Plan

IMAGE = "not known before it is built"


def plan_objects(plan: Plan) -> list[Manifest]:
    """All of a stack's objects, the namespace first."""
    packed = {each.id: IMAGE for each in plan.models if isinstance(each.weights.source, PypiSource)}
    return objects(plan, Images(IMAGE, packed, IMAGE, IMAGE, IMAGE, IMAGE))
