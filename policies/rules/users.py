"""As whom a container runs: never as root, better as a number that no user of the node has."""

from typing import Any

from kube.objects import Pod
from policies.facts import repairs
from policies.facts.exemptions import is_in_user_namespace, is_windows
from policies.rule import ADVISORY, MANDATORY, Findings, pod_rule
from policies.settings import Settings

NON_ROOT = "securityContext.runAsNonRoot"
USER = "securityContext.runAsUser"
HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")


def _require_non_root(data: dict[str, Any], settings: Settings) -> None:
    for pod, spec in repairs.pods(data):
        if settings.pod_security_level == "restricted" and is_in_user_namespace(pod, settings) is False:
            found = [repairs.get(container, NON_ROOT) for container in repairs.containers(spec)]
            for place in repairs.places(spec):
                if repairs.get(place, NON_ROOT) is False:
                    repairs.put(place, NON_ROOT, value=True)
            if repairs.get(spec, NON_ROOT) is None and None in found:
                repairs.put(spec, NON_ROOT, value=True)


@pod_rule(
    why="Whoever breaks out of a container that runs as root is root on the node.",
    source="Pod Security restricted: runAsNonRoot; NSA/CISA Kubernetes Hardening Guide 1.0, 1.6; Trivy KSV-0012",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}",
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      securityContext: {runAsNonRoot: true}, containers: [{name: a, image: a}]}}
    """,
    remedy=_require_non_root,
)
def run_as_non_root(pod: Pod, settings: Settings) -> Findings:
    """The pod says runAsNonRoot: true, or each of its containers does; none says false."""
    if settings.pod_security_level != "restricted" or (excused := is_in_user_namespace(pod, settings)) is True:
        return
    for_all = pod.spec.flag(NON_ROOT)
    if for_all is False:
        yield pod.spec.bad(NON_ROOT, "must be true or absent", excused)
    for container in pod.containers:
        own = container.flag(NON_ROOT)
        if own is False:
            yield container.bad(NON_ROOT, "must be true, or absent if the pod's is true", excused)
        elif own is None and for_all is not True:
            yield container.bad(NON_ROOT, "must be true, here or for the pod", for_all, excused)


@pod_rule(
    why="User 0 is root, whatever the image says.",
    source="Pod Security restricted: runAsUser; Kyverno require-run-as-non-root-user; Trivy KSV-0105",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {runAsUser: 0}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, securityContext: {runAsUser: 65532}}]}}
    """,
)
def no_run_as_uid_zero(pod: Pod, settings: Settings) -> Findings:
    """Neither the pod nor a container asks for user 0."""
    if settings.pod_security_level != "restricted" or settings.pod_security_version < (1, 23):
        return
    excused = is_in_user_namespace(pod, settings)
    if excused is True:
        return
    for place in (pod.spec, *pod.containers):
        if place.number(USER) == 0:
            yield place.bad(USER, "must not be 0", excused)


@pod_rule(
    why="A low user or group id may be a user of the node, who then owns what the container writes.",
    source="Trivy KSV-0020, KSV-0021, KSV-0116; Checkov CKV_K8S_40; Kyverno require-non-root-groups; kube-score",
    level=ADVISORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      securityContext: {runAsUser: 1000, runAsGroup: 0}, containers: [{name: a, image: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      securityContext: {runAsUser: 65532, runAsGroup: 65532}, containers: [{name: a, image: a}]}}
    """,
)
def high_uid_gid(pod: Pod, settings: Settings) -> Findings:
    """Every container has a user and a group of at least `min_uid`; nobody is in group 0. Windows has no such numbers.

    Trivy asks for more than 10,000, Checkov and kube-score for 10,000 at least: the border itself passes.
    """
    if (windows := is_windows(pod, settings)) is True:
        return
    for field in ("securityContext.runAsUser", "securityContext.runAsGroup"):
        for_all = pod.spec.number(field)
        for container in pod.containers:
            own = container.number(field)
            value = for_all if own is None else own
            if value is None or value < settings.min_uid:
                yield container.bad(field, f"must be at least {settings.min_uid}, here or for the pod", windows)
    for group in (pod.spec.at("securityContext.fsGroup"), *pod.spec.items("securityContext.supplementalGroups")):
        if group.expect(int, "a whole number") == 0:
            yield group.bad("", "must not be 0", windows)


@pod_rule(
    why="In a user namespace of its own, root in the pod is nobody on the node.",
    source="Kubernetes user namespaces (KEP-127), on by default since 1.33; kubesec hostUsers",
    level=ADVISORY,
    bad="{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}",
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostUsers: false, containers: [{name: a, image: a}]}}
    """,
)
def user_namespace(pod: Pod, settings: Settings) -> Findings:
    """The pod says hostUsers: false, where that is possible: not on Windows, nor with a namespace of the node."""
    if settings.kubernetes_version < (1, 33) or (windows := is_windows(pod, settings)) is True:
        return
    shared = [pod.spec.flag(name) for name in HOST_NAMESPACES]
    value = pod.spec.flag("hostUsers")
    if value is not False and True not in shared:
        yield pod.spec.bad("hostUsers", "must be false", value, windows, shared)
