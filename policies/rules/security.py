"""What a container may do to its node: the fields of the security context that Pod Security does not judge."""

from kube.objects import Pod
from policies.rule import MANDATORY, Findings, pod_rule
from policies.settings import Settings


@pod_rule(
    why="A writable root file system lets an intruder replace the program that runs.",
    source="NSA/CISA Kubernetes Hardening Guide 1.1; Trivy KSV-0014; Kyverno require-ro-rootfs",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}",
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {readOnlyRootFilesystem: true}}]}}
    """,
)
def read_only_root_fs(pod: Pod, _settings: Settings) -> Findings:
    """Every container mounts its image read-only; what it must write goes to an emptyDir."""
    for container in pod.containers:
        value = container.flag("securityContext.readOnlyRootFilesystem")
        if value is not True:
            yield container.bad("securityContext.readOnlyRootFilesystem", "must be true", value)
