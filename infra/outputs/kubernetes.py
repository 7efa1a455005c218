"""The objects of `pulumi up` as files for kubectl and GitOps: one an object, in the order in which they are needed.

`kubectl apply -f FOLDER` takes files by name, so names begin with a number. No secret is in any of them.
"""

from __future__ import annotations

import copy
import re
from typing import Final

from infra import names
from infra.errors import RenderError
from infra.manifests.all import objects
from infra.manifests.objects import Manifest
from infra.outputs.images import References
from infra.outputs.text import dump, header
from infra.plan import Plan

TARGET: Final = "yaml"
KUSTOMIZATION: Final = "kustomization.yaml"
_FIRST: Final = {
    "Namespace": 0,
    "PriorityClass": 10,
    "ServiceAccount": 10,
    "Role": 10,
    "RoleBinding": 11,
    "ResourceQuota": 12,
    "LimitRange": 12,
    "NetworkPolicy": 12,
    "ExternalSecret": 20,
    "ConfigMap": 20,
    "PersistentVolumeClaim": 30,
    "Job": 40,
    "Deployment": 50,
}
_BEHIND: Final = 60
"""Whatever leads to pods, scales, guards or watches them."""
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9.-]+")


def rendered(plan: Plan, references: References) -> list[Manifest]:
    """The objects, as somebody else than Pulumi should apply them."""
    _refuse_plain_secrets(plan)
    found = [_without_pulumi(each) for each in objects(plan, references.images(plan))]
    if bad := [each["metadata"]["name"] for each in found if each["kind"] == "Secret"]:
        raise RenderError([f"Secret {name}: its value would be in the file" for name in bad])
    return found


def _refuse_plain_secrets(plan: Plan) -> None:
    if plain := [one.use for one in plan.secrets if one.source == "plain"]:
        raise RenderError(
            [
                f"slipway:secrets.source: 'plain' can't be rendered, for the values of {', '.join(plain)} would be in "
                "the files; allowed: external (an ExternalSecret names where they are), existing (made by hand)"
            ]
        )


def _without_pulumi(each: Manifest) -> Manifest:
    """Its own annotations go, and the label that says who manages the object. Pods stay what they are."""
    found = copy.deepcopy(each)
    metadata = found["metadata"]
    kept = {key: text for key, text in metadata.get("annotations", {}).items() if not key.startswith("pulumi.com/")}
    metadata.pop("annotations", None)
    if kept:
        metadata["annotations"] = kept
    metadata["labels"] = {**metadata.get("labels", {}), "app.kubernetes.io/managed-by": names.PROJECT}
    if found["kind"] == "Job":
        metadata["name"] = _job_name(found)
    return found


def _job_name(job: Manifest) -> str:
    """A Job can't be changed, and Pulumi ignores what is new about one; here it is another Job, which finds its work
    done: a file that is there and right is not fetched again.
    """
    return f"{job['metadata']['name']}-{names.short_hash(dump(job['spec']))[:5]}"


def files(plan: Plan, references: References, *, kustomization: bool = False) -> dict[str, str]:
    """Name -> content."""
    top = header(TARGET, plan.stack)
    found = {_file_name(each): top + dump(each) for each in rendered(plan, references)}
    found = dict(sorted(found.items()))
    if kustomization:
        listed = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(found)}
        found[KUSTOMIZATION] = top + dump(listed)
    return found


def _file_name(each: Manifest) -> str:
    number = _FIRST.get(each["kind"], _BEHIND)
    name = _NOT_IN_NAMES.sub("-", each["metadata"]["name"].lower())
    namespace = each["metadata"].get("namespace", "")
    return f"{number:02}-{each['kind'].lower()}-{f'{namespace}-' if namespace else ''}{name}.yaml"
