"""What tells Prometheus where to read and what to watch: objects of its operator."""

from infra.manifests.objects import Manifest
from infra.plan import Plan


def monitors(plan: Plan) -> list[Manifest]:
    """ServiceMonitors and rules. None is made yet."""
    del plan
    return []
