"""What roles grant, and to whom: nothing that leads to more rights than it says.

Knows what RBAC can't prevent by itself: rights that read secrets, run in other pods, or change the control plane.
`*` counts as every verb, resource and group, `*/exec` as that of every resource. Kinds of other groups with the same
names are not judged.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from kube.unknown import UNKNOWN
from kube.view import View
from policies.facts.answers import every, some
from policies.rule import MANDATORY, Findings, object_rule
from policies.settings import Settings

ANY = "*"
SYSTEM_NAMES = ("anonymous", "unauthenticated", "authenticated", "serviceaccounts", "masters")
Grant = tuple[str, str, str]
"""API group, resource and a verb."""

SECRET_READS: tuple[Grant, ...] = (
    *(("", "secrets", verb) for verb in ("get", "list", "watch", "deletecollection")),
    ("", "serviceaccounts/token", "create"),
)
"""The answer to `deletecollection` is what was deleted; a token can be made instead of read. So is that to `patch` the
whole Secret, but who writes Secrets must be let to, and few who only write them ask."""
WORKLOADS = (
    ("", "replicationcontrollers"),
    *(("apps", kind) for kind in ("deployments", "statefulsets", "daemonsets", "replicasets")),
    *(("batch", kind) for kind in ("jobs", "cronjobs")),
)
"""Whose controllers create pods for whoever writes the template."""
POD_ENTRIES: tuple[Grant, ...] = (
    ("", "pods", "create"),
    *((group, kind, verb) for group, kind in WORKLOADS for verb in ("create", "update", "patch")),
    *(("", f"pods/{way}", verb) for way in ("exec", "attach") for verb in ("create", "get")),
    *(("", "pods/ephemeralcontainers", verb) for verb in ("update", "patch")),
)
"""`get` is enough to run a command by web socket."""
ESCALATIONS = ("escalate", "bind", "impersonate")
ESCALATED = (
    *(("rbac.authorization.k8s.io", kind) for kind in ("roles", "clusterroles")),
    *(("", kind) for kind in ("users", "groups", "serviceaccounts")),
)
"""Groups and resources where `*` is one of these verbs, too."""
ADMISSION = tuple(
    f"{what}{kind}"
    for what in ("mutating", "validating")
    for kind in ("webhookconfigurations", "admissionpolicies", "admissionpolicybindings")
)
CONTROL_PLANE: tuple[Grant, ...] = (
    *(
        ("admissionregistration.k8s.io", kind, verb)
        for kind in ADMISSION
        for verb in ("create", "update", "patch", "delete", "deletecollection")
    ),
    *(("apiregistration.k8s.io", "apiservices", verb) for verb in ("create", "update", "patch")),
    *(("certificates.k8s.io", "certificatesigningrequests/approval", verb) for verb in ("update", "patch")),
    ("certificates.k8s.io", "signers", "approve"),
    *(("", "nodes/proxy", verb) for verb in ("get", "create")),
    *(("", "services/status", verb) for verb in ("update", "patch")),
)


@object_rule(
    "Role",
    "ClusterRole",
    why="A wildcard grants what nobody has thought of, today's and tomorrow's.",
    source="Kubernetes RBAC good practices; Trivy KSV-0044..0046; Checkov CKV_K8S_49; Kyverno restrict-wildcard-*",
    level=MANDATORY,
    bad="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a, namespace: a},
     rules: [{apiGroups: [""], resources: ["*"], verbs: [get]}]}
    """,
    good="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a, namespace: a},
     rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]}
    """,
)
def rbac_no_wildcards(role: View, _settings: Settings) -> Findings:
    """Verbs, resources, groups and URLs are listed one by one."""
    for rule in _rules(role):
        for field in ("verbs", "resources", "apiGroups", "nonResourceURLs"):
            for index, each in enumerate(rule.items(field)):
                if each.text("") == ANY:
                    yield rule.bad((field, index), "must not be '*': list what is needed")


@object_rule(
    "RoleBinding",
    "ClusterRoleBinding",
    why="cluster-admin may do everything, so one leaked token is the whole cluster.",
    source="kube-linter cluster-admin-role-binding; Trivy KSV-0111; Kyverno restrict-binding-clusteradmin",
    level=MANDATORY,
    bad="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a},
     roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin},
     subjects: [{kind: ServiceAccount, name: a, namespace: a}]}
    """,
    good="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a},
     roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view},
     subjects: [{kind: ServiceAccount, name: a, namespace: a}]}
    """,
)
def rbac_no_cluster_admin(binding: View, _settings: Settings) -> Findings:
    """No binding to cluster-admin, be it for one namespace."""
    if _is_rbac(binding) and binding.text("roleRef.name") == "cluster-admin":
        yield binding.bad("roleRef.name", "must not be cluster-admin: bind a role with the rights that are needed")


@object_rule(
    "Role",
    "ClusterRole",
    why="Who reads Secrets has every password and token of the namespace.",
    source="Kubernetes RBAC good practices; Trivy KSV-0041; kube-linter access-to-secrets",
    level=MANDATORY,
    bad="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a, namespace: a},
     rules: [{apiGroups: [""], resources: [secrets], verbs: [list]}]}
    """,
    good="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a, namespace: a},
     rules: [{apiGroups: [""], resources: [configmaps], verbs: [list]}]}
    """,
)
def rbac_no_secret_read(role: View, settings: Settings) -> Findings:
    """Only the roles in `secret_readers` may read Secrets, even if it is a single one, or make tokens of accounts."""
    found = list(_granted(role, SECRET_READS))
    if not found:
        return
    names = [role.text("metadata.namespace"), role.text("metadata.name")]
    if role.object.kind == "ClusterRole":
        names = names[1:]
    if "/".join("default" if name is None else str(name) for name in names) in settings.secret_readers:
        return
    undecided = names if settings.secret_readers else []
    for rule, answer in found:
        yield rule.bad(
            "verbs", "must not read Secrets or make tokens; roles that may are in secret_readers", answer, *undecided
        )


@object_rule(
    "Role",
    "ClusterRole",
    why="Who creates a pod or enters one has the rights of every service account of the namespace.",
    source="Kubernetes RBAC good practices; Trivy KSV-0048, KSV-0053, KSV-0054; kube-linter access-to-create-pods",
    level=MANDATORY,
    bad="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a, namespace: a},
     rules: [{apiGroups: [""], resources: [pods], verbs: [create]}]}
    """,
    good="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a, namespace: a},
     rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]}
    """,
)
def rbac_no_pod_create_exec(role: View, _settings: Settings) -> Findings:
    """No new pods, be it by a workload that makes them, no commands in running ones, no debug containers."""
    for rule, answer in _granted(role, POD_ENTRIES):
        yield rule.bad(
            "resources", "must not let anyone create pods, or workloads that do, or run commands in them", answer
        )


@object_rule(
    "Role",
    "ClusterRole",
    why="These verbs are the ways to more rights than one has.",
    source="Kubernetes RBAC good practices; Kyverno restrict-escalation-verbs-roles; Trivy KSV-0043",
    level=MANDATORY,
    bad="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a},
     rules: [{apiGroups: [""], resources: [users], verbs: [impersonate]}]}
    """,
    good="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a},
     rules: [{apiGroups: [""], resources: [nodes], verbs: [get]}]}
    """,
)
def rbac_no_escalation_verbs(role: View, _settings: Settings) -> Findings:
    """Nobody may escalate, bind or impersonate, on whatever resource; nor may `*`, where it stands for these."""
    for rule in _rules(role):
        lists = [_names(rule, field) for field in ("apiGroups", "resources")]
        wildcard = some(_grants(lists, place) for place in ESCALATED)
        for index, verb in enumerate(rule.items("verbs")):
            answer = wildcard if verb.text("") == ANY else verb.data in ESCALATIONS
            if answer is not False:
                yield rule.bad(("verbs", index), "must be none of escalate, bind, impersonate", answer)


@object_rule(
    "Role",
    "ClusterRole",
    why="These rights change what the API server believes, so they reach every pod of the cluster.",
    source="Trivy KSV-0047, KSV-0114; Checkov CKV_K8S_155, CKV_K8S_156, CKV2_K8S_4; CVE-2020-8554",
    level=MANDATORY,
    bad="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a},
     rules: [{apiGroups: [""], resources: [nodes/proxy], verbs: [get]}]}
    """,
    good="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a},
     rules: [{apiGroups: [""], resources: [nodes], verbs: [get]}]}
    """,
)
def rbac_no_control_plane_grants(role: View, _settings: Settings) -> Findings:
    """No change of admission, APIs or a Service's status, no approval of certificates, no kubelet by its proxy."""
    for rule, answer in _granted(role, CONTROL_PLANE):
        yield rule.bad("resources", "must not change admission, APIs, certificates, kubelets or service status", answer)


@object_rule(
    "RoleBinding",
    "ClusterRoleBinding",
    why="These names stand for everybody, or for somebody whom RBAC never refuses.",
    source="Trivy KSV-0122, KSV-0123, KSV-01011; Kyverno restrict-binding-system-groups; Gatekeeper disallowanonymous",
    level=MANDATORY,
    bad="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a},
     roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view},
     subjects: [{kind: Group, name: "system:authenticated"}]}
    """,
    good="""
    {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a},
     roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view},
     subjects: [{kind: Group, name: platform-team}]}
    """,
)
def rbac_no_system_group_binding(binding: View, _settings: Settings) -> Findings:
    """No right for the anonymous, for all users, for all service accounts, nor for the masters."""
    names = [f"system:{name}" for name in SYSTEM_NAMES]
    for subject in binding.items("subjects") if _is_rbac(binding) else ():
        if subject.text("name") in names:
            yield subject.bad("name", f"must be none of {', '.join(names)}")


def _granted(role: View, grants: Iterable[Grant]) -> Iterator[tuple[View, Any]]:
    """The rules that grant any of these: surely (True), or perhaps (UNKNOWN)."""
    for rule in _rules(role):
        lists = [_names(rule, field) for field in ("apiGroups", "resources", "verbs")]
        answer = some(_grants(lists, grant) for grant in grants)
        if answer is not False:
            yield rule, answer


def _grants(lists: list[list[Any]], grant: tuple[str, ...]) -> Any:
    return every(_has(names, name) for names, name in zip(lists, grant, strict=True))


def _names(rule: View, field: str) -> list[Any]:
    """The names in a list of a rule; with UNKNOWN where there may be more."""
    return [rule.get(field), *(each.text("") for each in rule.items(field))]


def _has(names: list[Any], name: str) -> Any:
    is_named = any(each in names for each in spellings(name))
    return True if is_named else UNKNOWN if UNKNOWN in names else False


def spellings(name: str) -> list[str]:
    """What means a name in a list of a rule: itself, everything, and for a subresource that of every resource."""
    _, slash, subresource = name.partition("/")
    return [name, ANY, f"{ANY}/{subresource}"] if slash else [name, ANY]


def _rules(role: View) -> list[View]:
    return role.items("rules") if _is_rbac(role) else []


def _is_rbac(target: View) -> bool:
    return target.object.group == "rbac.authorization.k8s.io"
