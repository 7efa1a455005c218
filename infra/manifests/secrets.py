"""Secrets: made of secure settings, or by the External Secrets operator; those made by hand need no object."""

from collections.abc import Mapping
from typing import Any

from infra.manifests.objects import Manifest
from infra.plan import Plan


def secrets(plan: Plan, values: Mapping[str, Any]) -> list[Manifest]:
    """One for each of `plan.secrets`; `values` has the plain ones by use. None is made yet."""
    del plan, values
    return []
