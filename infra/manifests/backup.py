"""CronJobs that copy what must not be lost, and what brings it back."""

from typing import Any

from infra.manifests.objects import Manifest
from infra.plan import Plan


def backups(plan: Plan, image: Any) -> list[Manifest]:
    """What `plan.backup` asks for. None is made yet."""
    del plan, image
    return []
