"""Whether what an object names exists.

What is not in the stack may already be on the cluster. But a namespace that the stack makes is empty before: there,
what the stack does not bring is missing, but for what `existing_objects` of the settings names.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from kube.objects import Pod, Stack
from kube.view import View
from policies.facts.provided import KEYED, Keys, Provided, provided
from policies.rule import MANDATORY, Findings, stack_rule
from policies.settings import Settings

Reference = tuple[View, str, str, tuple[View, ...]]
"""What refers, the path of the name in it, the kind that is meant, and views of the keys that are."""


@stack_rule(
    why="A container whose environment names a missing key is never created.",
    source="kube-linter env-value-from",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Secret, metadata: {name: token}, stringData: {value: from a store}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: token, key: token}}}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Secret, metadata: {name: token}, stringData: {token: from a store}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: token, key: token}}}]}]}}
    """,
)
def env_ref_exists(stack: Stack, settings: Settings) -> Findings:
    """Every ConfigMap, Secret and key that `env` and `envFrom` name exists, unless it is optional."""
    known = provided(stack)
    for pod in stack.pods:
        for container in pod.containers:
            for reference in _of_environment(container):
                yield from _judge(stack, known, settings, reference)


@stack_rule(
    why="A pod that mounts what does not exist waits for it for ever.",
    source="derived: the references that env-ref-exists and the rules on Services and scaling do not follow",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Namespace, metadata: {name: a}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: a}, spec: {
      containers: [{name: a}], volumes: [{name: weights, persistentVolumeClaim: {claimName: weights}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Namespace, metadata: {name: a}}
    ---
    {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: weights, namespace: a}, spec: {}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: a}, spec: {
      containers: [{name: a}], volumes: [{name: weights, persistentVolumeClaim: {claimName: weights}}]}}
    """,
)
def reference_exists(stack: Stack, settings: Settings) -> Findings:
    """Every ConfigMap, Secret and claim of a volume exists, every pull secret, TLS secret and governing Service."""
    known = provided(stack)
    references = [reference for pod in stack.pods for reference in _of_pod(pod)]
    for ingress in stack.of_kind("Ingress"):
        references += [(tls, "secretName", "Secret", ()) for tls in ingress.items("spec.tls")]
    references += [(each, "spec.serviceName", "Service", ()) for each in stack.of_kind("StatefulSet")]
    for reference in references:
        yield from _judge(stack, known, settings, reference)


def _of_environment(container: View) -> Iterator[Reference]:
    for variable in container.items("env"):
        for kind, field in (("ConfigMap", "valueFrom.configMapKeyRef"), ("Secret", "valueFrom.secretKeyRef")):
            reference = variable.at(field)
            yield reference, "name", kind, (reference.at("key"),)
    for source in container.items("envFrom"):
        yield source.at("configMapRef"), "name", "ConfigMap", ()
        yield source.at("secretRef"), "name", "Secret", ()


def _of_pod(pod: Pod) -> Iterator[Reference]:
    for secret in pod.spec.items("imagePullSecrets"):
        yield secret, "name", "Secret", ()
    for volume in pod.spec.items("volumes"):
        yield volume.at("persistentVolumeClaim"), "claimName", "PersistentVolumeClaim", ()
        yield _of_volume(volume.at("configMap"), "name", "ConfigMap")
        yield _of_volume(volume.at("secret"), "secretName", "Secret")
        for source in volume.items("projected.sources"):
            yield _of_volume(source.at("configMap"), "name", "ConfigMap")
            yield _of_volume(source.at("secret"), "name", "Secret")


def _of_volume(source: View, path: str, kind: str) -> Reference:
    return source, path, kind, tuple(item.at("key") for item in source.items("items"))


def _judge(stack: Stack, known: Provided, settings: Settings, reference: Reference) -> Findings:
    """Nothing, or the name or the keys that do not exist. Absent references name nothing."""
    view, path, kind, keys = reference
    name, is_optional = view.text(path), view.flag("optional")
    if name is None or is_optional is True:
        return
    namespace = view.object.view(view.trace).text("metadata.namespace")
    namespace = "default" if namespace is None else namespace
    find = known.find if kind in KEYED else stack.lookup
    found = find(kind, namespace, name)
    if isinstance(found, Keys):
        for key in keys:
            wanted = key.text("")
            has_key = wanted is None or found.has(wanted)
            if has_key is not True:
                yield key.bad("", f"there is no such key in the {kind}", has_key, wanted, is_optional)
    elif not isinstance(found, View) and not _is_outside(f"{kind} {namespace}/{name}", settings):
        owner = stack.lookup("Namespace", "default", namespace)
        if owner is not None:
            yield view.bad(path, f"there is no such {kind} in the stack", found, owner, is_optional)


def _is_outside(reference: str, settings: Settings) -> bool:
    return any(fnmatchcase(reference, pattern) for pattern in settings.existing_objects)
