"""How a pod asks for its GPU: a resource of its container, or a claim by a template."""

from typing import Final

from infra import names
from infra.manifests.objects import Manifest, manifest, model_labels
from infra.plan import GpuShare, ModelPlan, Plan
from infra.units import MI

REQUEST: Final = "gpu"
NVIDIA: Final = "gpu.nvidia.com"
"""The device class of NVIDIA's driver, and the domain in which it tells what a device is."""


def device_claims(plan: Plan, model: ModelPlan) -> list[Manifest]:
    """The ResourceClaimTemplate of a model that gets its GPU by DRA: each pod has a claim of its own."""
    share = model.gpu
    if share is None or share.mode != "dra":
        return []
    wanted: Manifest = {
        "deviceClassName": share.device_class,
        "allocationMode": "ExactCount",
        "count": share.count,
        **_large_enough(share),
    }
    spec = {
        "metadata": {"labels": model_labels(plan, model, names.ROLE_MODEL)},
        "spec": {"devices": {"requests": [{"name": REQUEST, "exactly": wanted}]}},
    }
    labels = model_labels(plan, model, names.ROLE_MODEL)
    name = _template(model)
    return [manifest("resource.k8s.io/v1", "ResourceClaimTemplate", name, plan.namespace, labels, spec=spec)]


def quantities(model: ModelPlan) -> dict[str, str]:
    """What a container requests and is limited to; nothing where a claim says it."""
    share = model.gpu
    return {share.resource: str(share.count)} if share and share.resource else {}


def container_claims(model: ModelPlan) -> Manifest:
    """Part of a container's resources."""
    return {"claims": [{"name": REQUEST}]} if device_name(model) else {}


def pod_claims(model: ModelPlan) -> Manifest:
    """Part of a pod's spec."""
    template = device_name(model)
    return {"resourceClaims": [{"name": REQUEST, "resourceClaimTemplateName": template}]} if template else {}


def device_name(model: ModelPlan) -> str | None:
    """The template's name; None for a model without one."""
    return _template(model) if model.gpu and model.gpu.mode == "dra" else None


def _template(model: ModelPlan) -> str:
    """A template can't change: what it asks for is in its name."""
    share = model.gpu
    assert share is not None
    return f"{model.id}-gpu-{names.short_hash(str(share.device_class), str(share.count), str(share.memory_bytes))}"


def _large_enough(share: GpuShare) -> Manifest:
    """Of other drivers it is not known how they tell the memory: there the device class must do."""
    if share.device_class != NVIDIA:
        return {}
    wanted = f"{share.memory_bytes // MI}Mi"
    expression = f'device.capacity["{NVIDIA}"].memory.compareTo(quantity("{wanted}")) >= 0'
    return {"selectors": [{"cel": {"expression": expression}}]}
