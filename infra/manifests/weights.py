"""Caches of weights: a claim, and the Job that fills it once.

Names of claims and Jobs carry the hash of the weights, so other weights are other objects: the new cache is filled
while the old one still serves, and a cache is never written again. Where models share one claim, the names of files
carry the hash: what is there and right is not fetched again. The Job stays after it is done (no TTL), or every `up`
would see it missing and run it anew.
"""

from typing import Any

from infra import names
from infra.manifests import fetch, secret_files, storage
from infra.manifests.fetch import role_of
from infra.manifests.objects import Manifest, manifest, model_labels, pod_security
from infra.manifests.placement import where
from infra.plan import Claim, ModelPlan, Plan

NUM_RETRIES = 3
CACHE = "cache"


def cache_claims(plan: Plan, model: ModelPlan) -> list[Manifest]:
    """The model's own volume, if it has one; one node writes it once, then it is only read."""
    return [_claim(plan, model, each) for each in model.weights.own_claims if each.copy_of is None]


def clones(plan: Plan, model: ModelPlan) -> list[Manifest]:
    """What the storage driver makes of a filled volume, for drivers whose volumes many nodes can only read."""
    return [_claim(plan, model, each) for each in model.weights.own_claims if each.copy_of is not None]


def _claim(plan: Plan, model: ModelPlan, wanted: Claim) -> Manifest:
    return storage.claim(plan, wanted, model_labels(plan, model, role_of(model.weights)))


def fill_jobs(plan: Plan, model: ModelPlan, image: Any, weights_image: Any | None) -> list[Manifest]:
    """What fills the volume, where there is one to fill."""
    return [fill_job(plan, model, image, weights_image)] if model.weights.filled else []


def job_name(model: ModelPlan) -> str:
    """Other weights and another volume are another Job."""
    filled = model.weights.filled
    assert filled is not None  # else there is no Job
    if filled.model is None:
        return names.weights_object(model.id, names.short_hash(model.weights.hash, filled.name))
    assert model.weights.claim is not None
    return model.weights.claim.name


def fill_job(plan: Plan, model: ModelPlan, image: Any, weights_image: Any | None) -> Manifest:
    """The Job; `image` and `weights_image` are references by digest, still unknown in a preview."""
    role = role_of(model.weights)
    pod = {
        "restartPolicy": "Never",
        "serviceAccountName": names.account(role),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [fetch.container(model.weights, image, CACHE, token=secret_files.find(plan, "hub-token"))],
        "volumes": _volumes(plan, model, weights_image),
        **({"priorityClassName": model.priority_class} if model.priority_class else {}),
        **_beside_the_model(plan, model),
    }
    spec = {
        "backoffLimit": NUM_RETRIES,
        "activeDeadlineSeconds": model.weights.job_deadline_s * (NUM_RETRIES + 1),
        # Without the stack's own labels: a Job's template can't change, and a new owner is no reason to fill anew.
        "template": {"metadata": {"labels": names.model_labels(model.id, role)}, "spec": pod},
    }
    labels = model_labels(plan, model, role)
    job = manifest("batch/v1", "Job", job_name(model), plan.namespace, labels, spec=spec)
    # A Job that has failed for good can't be repaired, only made anew: the next `up` does that.
    job["metadata"]["annotations"] = {"pulumi.com/replaceUnready": "true"}
    return job


def _beside_the_model(plan: Plan, model: ModelPlan) -> Manifest:
    """A disk stays in the zone of its first pod: the Job must run where the model can follow."""
    filled = model.weights.filled
    is_disk = filled is not None and filled.model is not None and filled.access_mode == "ReadWriteOnce"
    return where(model.base) if is_disk and plan.cluster.multi_node else {}


def _volumes(plan: Plan, model: ModelPlan, weights_image: Any | None) -> list[Manifest]:
    assert model.weights.filled is not None  # else there is no Job
    claim = {"name": CACHE, "persistentVolumeClaim": {"claimName": model.weights.filled.name}}
    token = secret_files.find(plan, "hub-token")
    return [claim, fetch.TMP, *fetch.source_volumes(model.weights, weights_image, token)]
