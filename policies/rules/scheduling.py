"""Which pods go first, and which nodes are not for them."""

from kube.objects import Pod, Stack
from policies.rule import ADVISORY, MANDATORY, Findings, pod_rule, stack_rule
from policies.settings import Settings

CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
"""The taint of the nodes of the control plane, and its name before Kubernetes 1.24. Its effect is NoSchedule."""


@stack_rule(
    why="Without priority classes it is chance which pods go when room is short, a server or a batch job.",
    source="kube-linter priority-class-name; Polaris priorityClassNotSet; Kyverno",
    level=ADVISORY,
    bad="{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a}]}}",
    good="""
    {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: serving}, value: 1000}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {priorityClassName: serving, containers: [{name: a}]}}
    """,
)
def priority_class_set(stack: Stack, _settings: Settings) -> Findings:
    """Every pod names a class. It is one of the stack, if the stack has any: priority classes belong to the cluster."""
    has_own = bool(stack.of_kind("PriorityClass"))
    for pod in stack.pods:
        name = pod.spec.text("priorityClassName")
        if name in (None, ""):
            yield pod.spec.bad("priorityClassName", "must be set")
        elif has_own and not str(name).startswith("system-"):
            found = stack.lookup("PriorityClass", "default", name)
            if not found:
                yield pod.spec.bad("priorityClassName", "there is no such class in the stack", found)


@pod_rule(
    why="A pod on a node of the control plane that is taken over takes over the cluster.",
    source="Kyverno restrict-controlplane-scheduling",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a}], tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a}], tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]}}
    """,
)
def no_control_plane_toleration(pod: Pod, _settings: Settings) -> Findings:
    """No toleration names the taint of the control plane, and none tolerates every taint; a DaemonSet's may."""
    for toleration in pod.spec.items("tolerations"):
        key, operator, effect = (toleration.text(path) for path in ("key", "operator", "effect"))
        if key in CONTROL_PLANE:
            yield toleration.bad("key", "must not be that of the control plane")
        is_any = key in (None, "") and operator == "Exists" and effect in (None, "", "NoSchedule")
        if is_any and pod.object.kind != "DaemonSet":
            yield toleration.bad("key", "must be set, since without a key every taint is tolerated")
