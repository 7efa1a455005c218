"""What a container's environment and a ConfigMap may hold: no secrets in plain text, no name twice.

What a secret looks like is `secret_shapes.py`'s; what Pulumi marks as secret is one, too. No value is ever printed.
"""

from kube.objects import Pod
from kube.view import View
from policies.facts import secret_shapes
from policies.rule import ADVISORY, MANDATORY, Findings, object_rule, pod_rule
from policies.settings import Settings


@pod_rule(
    why="Whoever can read the workload, its manifest or its history can read the secret.",
    source="kube-linter env-var-secret; Polaris sensitiveContainerEnvVar; datree ALL_EXPOSED_SECRETS",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, env: [{name: DB_PASSWORD, value: hunter2}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, env: [{name: DB_PASSWORD_FILE, value: /run/secrets/db/password}]}]}}
    """,
)
def no_literal_secret_env(pod: Pod, _settings: Settings) -> Findings:
    """No environment variable holds a secret: by its name, by the shape of its value, or because Pulumi says so."""
    for container in pod.containers:
        for entry in container.items("env"):
            value = entry.text("value")
            if _is_marked(container.at("env"), entry, entry.at("value")):
                yield entry.bad("value", "is a secret; mount it from a Secret")
            elif secret_shapes.is_secret(entry.text("name"), value):
                yield entry.bad("value", "looks like a secret; mount it from a Secret")


@pod_rule(
    why="Environments leak: into crash reports, logs, child processes and `kubectl describe`; files don't.",
    source="kube-linter read-secret-from-env-var; Checkov CKV_K8S_35; Kyverno secrets-not-from-env-vars",
    level=ADVISORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, env: [{name: A, valueFrom: {secretKeyRef: {name: db, key: password}}}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, volumeMounts: [{name: db, mountPath: /run/secrets/db, readOnly: true}]}],
      volumes: [{name: db, secret: {secretName: db}}]}}
    """,
)
def prefer_secret_files(pod: Pod, _settings: Settings) -> Findings:
    """No environment variable comes from a Secret, one by one or all of them together."""
    for container in pod.containers:
        for entry in container.items("env"):
            reference = entry.get("valueFrom.secretKeyRef")
            if reference is not None:
                yield entry.bad("valueFrom.secretKeyRef", "should be a file in a volume", reference)
        for source in container.items("envFrom"):
            reference = source.get("secretRef")
            if reference is not None:
                yield source.bad("secretRef", "should be files in a volume", reference)


@object_rule(
    "ConfigMap",
    why="ConfigMaps are read by more people and programs than Secrets, and are not encrypted at rest.",
    source="Trivy KSV-0109 and KSV-01010; Polaris sensitiveConfigmapContent; kube-linter configmap-with-credentials",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {app.properties: 'db.password=hunter2'}}",
    good="{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {app.properties: 'db.password=${DB_PASSWORD}'}}",
)
def no_secret_in_configmap(view: View, _settings: Settings) -> Findings:
    """No entry is a secret or a file of settings with one in it.

    The name of an entry counts only where the value is one line: `rotate-password.sh` is a script, not a password.
    Binary entries are judged by their names and by what Pulumi says.
    """
    for field in ("data", "binaryData"):
        for key, entry in view.entries(field).items():
            value = entry.text("")
            if _is_marked(view.at(field), entry):
                yield entry.bad("", "is a secret; keep it in a Secret")
            elif secret_shapes.has_secret(value) or secret_shapes.is_secret(key, _one_line(value)):
                yield entry.bad("", "looks like a secret, or has one in it; keep it in a Secret")


@pod_rule(
    why="Of two variables with one name the last wins: the other is a change that silently has no effect.",
    source="kube-linter duplicate-env-var; kube-score container-environment-variable-key-duplication",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, env: [{name: LEVEL, value: info}, {name: LEVEL, value: debug}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, env: [{name: LEVEL, value: info}, {name: FORMAT, value: json}]}]}}
    """,
)
def no_duplicate_env(pod: Pod, _settings: Settings) -> Findings:
    """Each container sets each of its variables once."""
    for container in pod.containers:
        seen = set()
        for entry in container.items("env"):
            name = entry.text("name")
            if name in seen:
                yield entry.bad("name", "is set twice in this container", name)
            seen.add(name)


def _is_marked(*views: View) -> bool:
    """Whether the object's origin marks one of the places as secret."""
    return any(view.path in view.object.has_secrets for view in views)


def _one_line(value: object) -> str:
    return value if isinstance(value, str) and "\n" not in value.strip() else ""
