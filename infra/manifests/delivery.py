"""How the folder of models gets into a server's pod: a claim, an image, or a disk that is filled before it starts."""

from typing import Any

from infra import names
from infra.catalog.types import HubSource
from infra.manifests import fetch
from infra.manifests.objects import DISK_LIMIT, DISK_REQUEST, Manifest
from infra.plan import ModelPlan, SecretPlan, WeightsPlan
from infra.units import format_bytes, parse_bytes

VOLUME = "weights"
IMAGE_FOLDER = "weights"
"""Where an image of weights has its file; those that the stack packs have it there, and others must."""


def labels(weights: WeightsPlan) -> dict[str, str]:
    """Pods that download before they start are let out to the hub by this label, and others are not."""
    pulls = weights.delivery == "ephemeral" and isinstance(weights.source, HubSource)
    return {names.PULLS_LABEL: "true"} if pulls else {}


def volumes(weights: WeightsPlan, weights_image: Any | None, token: SecretPlan | None = None) -> list[Manifest]:
    """The folder, and what it is filled from. `weights_image` is the one that the stack packs."""
    match weights.delivery:
        case "image":
            return [fetch.image_volume(VOLUME, weights.image or weights_image)]
        case "ephemeral":
            disk: Manifest = {"name": VOLUME, "emptyDir": {"sizeLimit": format_bytes(weights.volume_bytes)}}
            return [disk, *fetch.source_volumes(weights, weights_image, token)]
        case _:
            assert weights.claim is not None  # own and shared have one
            claim = {"claimName": weights.claim.name, "readOnly": True}
            return [{"name": VOLUME, "persistentVolumeClaim": claim}]


def mount(weights: WeightsPlan) -> Manifest:
    """A server can't change what the next one serves."""
    folder = {"subPath": IMAGE_FOLDER} if weights.delivery == "image" else {}
    return {"name": VOLUME, "mountPath": names.MODELS_DIR, "readOnly": True, **folder}


def init_containers(model: ModelPlan, image: Any, token: SecretPlan | None = None) -> list[Manifest]:
    """It may use what the server may, since the server uses nothing meanwhile: the pod gets no larger for it."""
    if model.weights.delivery != "ephemeral":
        return []
    return [fetch.container(model.weights, image, VOLUME, model.resources, token)]


def with_room(weights: WeightsPlan, resources: Manifest) -> Manifest:
    """A disk of the node counts as the container's: it is reserved, or the pod would be evicted for its own weights."""
    if weights.delivery != "ephemeral":
        return resources
    bounds = {"requests": DISK_REQUEST, "limits": DISK_LIMIT}
    return {
        side: {
            **resources[side],
            **{key: format_bytes(parse_bytes(value) + weights.volume_bytes) for key, value in bound.items()},
        }
        for side, bound in bounds.items()
    }
