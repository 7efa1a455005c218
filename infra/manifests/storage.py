"""Claims of volumes."""

from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Claim, Plan
from infra.units import format_bytes


def claims(plan: Plan) -> list[Manifest]:
    """Those that belong to no single model."""
    return [claim(plan, each, common_labels(plan)) for each in plan.claims]


def claim(plan: Plan, wanted: Claim, labels: dict[str, str]) -> Manifest:
    """One volume."""
    spec: Manifest = {
        "accessModes": [wanted.access_mode],
        "storageClassName": wanted.storage_class,
        "resources": {"requests": {"storage": format_bytes(wanted.num_bytes)}},
    }
    if wanted.copy_of is not None:
        spec["dataSource"] = {"kind": "PersistentVolumeClaim", "name": wanted.copy_of}
    return manifest("v1", "PersistentVolumeClaim", wanted.name, plan.namespace, labels, spec=spec)
