"""Whether a new version can take the place of the old one, replica by replica."""

from kube import label_selectors
from kube.objects import Stack
from kube.unknown import UNKNOWN
from kube.view import View
from policies.facts.claims import claims, is_on_one_node, is_on_one_pod
from policies.facts.replicas import workloads
from policies.rule import ADVISORY, MANDATORY, Findings, object_rule, stack_rule
from policies.settings import Settings

ROLLING = ("RollingUpdate", "Rolling")
"""What Kubernetes and OpenShift call it."""


@object_rule(
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "DeploymentConfig",
    why="A version that replaces all pods at once, or none by itself, is an outage or is never rolled out.",
    source="kube-linter no-rolling-update-strategy; kube-score deployment-strategy",
    level=ADVISORY,
    bad="{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {strategy: {type: Recreate}}}",
    good="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}
    """,
)
def rolling_update_strategy(workload: View, _settings: Settings) -> Findings:
    """The strategy is declared and rolling. Recreate is right where the old pod must let go of a claim first."""
    field = "strategy" if workload.object.kind.startswith("Deployment") else "updateStrategy"
    chosen = workload.text(f"spec.{field}.type")
    volumes = workload.items("spec.template.spec.volumes")
    has_claim = any(volume.get("persistentVolumeClaim") is not None for volume in volumes)
    if chosen not in ROLLING and not (chosen == "Recreate" and has_claim):
        known = chosen, workload.get("spec.template.spec.volumes")
        yield workload.bad(
            f"spec.{field}.type", "must be RollingUpdate; Recreate only where a claim is mounted", *known
        )


@object_rule(
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    why="A workload whose selector leaves out its own pods is refused by the API server.",
    source="kube-linter mismatching-selector; kube-score deployment-pod-selector-labels-match-template-metadata-labels",
    level=MANDATORY,
    bad="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: b}}}}
    """,
    good="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a, version: "1"}}}}
    """,
)
def selector_matches_template(workload: View, _settings: Settings) -> Findings:
    """The selector is there and selects the labels of the template."""
    selector, labels = workload.at("spec.selector"), workload.at("spec.template.metadata.labels")
    is_sure = all([selector.is_known(), labels.is_known()])
    if not label_selectors.matches(selector.data, labels.expect(dict, "a mapping") or {}):
        yield workload.bad("spec.selector", "must select the labels of the template", is_sure or UNKNOWN)


@stack_rule(
    why="A volume that one node can attach keeps every replica on another node from starting.",
    source="kubernetes.io Persistent Volumes, Access Modes",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: weights}, spec: {accessModes: [ReadWriteOnce]}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec:
      replicas: 2
      template: {spec: {volumes: [{name: weights, persistentVolumeClaim: {claimName: weights}}]}}
    """,
    good="""
    {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: weights}, spec: {accessModes: [ReadWriteMany]}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec:
      replicas: 2
      template: {spec: {volumes: [{name: weights, persistentVolumeClaim: {claimName: weights, readOnly: true}}]}}
    """,
)
def rwo_multi_writer(stack: Stack, settings: Settings) -> Findings:
    """What can have more than one replica mounts no claim that only allows ReadWriteOnce or ReadWriteOncePod.

    Also where it is mounted read-only: the access mode decides which nodes attach the volume, not the mount. A
    StatefulSet's own claim templates give each replica its claim and are not meant. A cluster of one node
    (`single_node` of the settings) has no other node to keep away from.
    """
    is_bound = is_on_one_pod if settings.single_node else is_on_one_node
    for workload in workloads(stack):
        for volume, claim in claims(stack, workload.pod) if workload.most.value > 1 else ():
            if claim is UNKNOWN or (claim is not None and is_bound(claim)):
                message = "is for one node at a time, and there can be more than one replica"
                yield volume.bad("persistentVolumeClaim.claimName", message, claim)
