"""What a claim for a volume must say itself. Which class suits which pods is other rules' question."""

from collections.abc import Iterator

from kube import quantity
from kube.view import View
from policies.rule import ADVISORY, Findings, object_rule
from policies.settings import Settings


@object_rule(
    why="A claim without a class gets what the cluster defaults to: another disk, price and zone in each cluster.",
    source="Kyverno require-storageclass; Gatekeeper storageclass; kubesec",
    level=ADVISORY,
    bad="""
    {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {
      accessModes: [ReadWriteOnce], resources: {requests: {storage: 20Gi}}}}
    """,
    good="""
    {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {
      storageClassName: fast, accessModes: [ReadWriteOnce], resources: {requests: {storage: 20Gi}}}}
    """,
)
def pvc_class_set(view: View, _settings: Settings) -> Findings:
    """Claims, those in templates and in ephemeral volumes too, name their class, their size and their access modes.

    An empty class is said, too: it means a volume that somebody has made by hand.
    """
    for claim in _claims(view):
        modes = claim.at("accessModes").expect(list, "a list")
        size = quantity.parse(claim.get("resources.requests.storage"))
        if claim.text("storageClassName") is None:
            yield claim.bad("storageClassName", "should be set")
        if not modes:
            yield claim.bad("accessModes", "should be set", modes)
        if not size:
            yield claim.bad("resources.requests.storage", "should be set to more than 0", size)


def _claims(view: View) -> Iterator[View]:
    """The spec of every claim that the object is or makes."""
    if view.object.kind == "PersistentVolumeClaim":
        yield view.at("spec")
    if view.object.kind == "StatefulSet":
        yield from (template.at("spec") for template in view.items("spec.volumeClaimTemplates"))
    for pod in view.object.pods(view.trace):
        for volume in pod.spec.items("volumes"):
            if volume.get("ephemeral") is not None:
                yield volume.at("ephemeral.volumeClaimTemplate.spec")
