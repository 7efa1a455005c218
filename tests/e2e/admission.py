"""Does the API server say what the rule says? Trials of rules, as objects that it accepts.

For each rule, and each of the settings that its cases use, a policy of its own stands in a namespace of its own, and
only warns. All requests are dry runs: nothing is stored and nothing runs.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from kube.objects import POD_TEMPLATES, Object
from kube.unknown import is_unknown
from kube.view import walk
from policies import settings_file
from policies.admission import generate
from policies.admission.cel import NOTHING
from policies.admission.expressions import expressions
from policies.admission.reasons import AFTER_DEFAULTS
from policies.admission.resources import RBAC, RESOURCES
from policies.evaluate import evaluate_object
from policies.rule import Rule
from policies.settings import Settings
from tests.e2e.api_server import Answer, ApiServer
from tests.unit.policies import cases

PREFIX: Final = "admission-test-"
PATIENCE_S: Final = 300
TODAY: Final = datetime.date(2026, 11, 1)
Data = Mapping[str, Any]
ABOUT_NAMESPACES: Final = {"namespace-not-default"}
"""Rules that judge the namespace itself: objects stay where they are, in so far as the cluster has those."""
THERE: Final = {"default", "kube-system", "kube-public"}


@dataclass(frozen=True, slots=True)
class Variant:
    """A rule under settings, in a namespace of its own."""

    rule: Rule
    settings: Settings
    namespace: str

    @property
    def policy(self) -> str:
        """The name of its policy."""
        return f"{self.namespace}-{self.rule.id}"

    def refuses(self, data: Data) -> bool:
        """What the rule itself says of an object."""
        return any(not found.undecided for found in evaluate_object(Object(data), [self.rule], self.settings))


@dataclass(frozen=True, slots=True)
class Trial:
    """An object that is tried on a variant."""

    variant: Variant
    says: str
    data: Data

    def __str__(self) -> str:
        return f"{self.variant.rule.id}: {self.says}: {self.data['kind']}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial: the rule's verdict, on the object as it was sent, and the API server's."""

    trial: Trial
    refused: bool
    answer: Answer

    @property
    def warned(self) -> bool:
        """The API server's verdict."""
        return self.trial.variant.policy in self.answer.warned_by

    @property
    def agrees(self) -> bool:
        """Whether the two are the same."""
        return self.refused == self.warned

    @property
    def agrees_after_defaults(self) -> bool:
        """Whether they are the same, where that is the reason, once the rule sees what the API server has filled in."""
        is_known = self.trial.variant.rule.id in AFTER_DEFAULTS
        return is_known and self.trial.variant.refuses(self.answer.body) == self.warned

    def __str__(self) -> str:
        return f"{self.trial}: the rule {'refuses' if self.refused else 'allows'}, the policy does not"


def trials(rules: Iterable[Rule], run: str) -> list[Trial]:
    """The examples and the cases of all rules that CEL can say, as far as an API server can be asked about them."""
    variants: dict[tuple[str, str], Variant] = {}
    found = []
    for rule in rules:
        for says, objects, changes in _material(rule):
            settings = settings_file.parse({**changes, "levels": {rule.id: "mandatory"}})
            if expressions(settings).get(rule.id, NOTHING) == NOTHING:
                continue
            key = (rule.id, json.dumps(changes, sort_keys=True))
            variant = variants.setdefault(key, _moved(Variant(rule, settings, f"{PREFIX}{run}-{len(variants)}")))
            found += [Trial(variant, says, each) for each in _sendable(rule, objects, variant.namespace)]
    return found


def _material(rule: Rule) -> Iterator[tuple[str, list[Data], Data]]:
    settings = rule.example_settings or {}
    yield "the bad example", list(yaml.safe_load_all(rule.bad)), settings
    yield "the good example", list(yaml.safe_load_all(rule.good)), settings
    for case in cases.load(rule.id):
        yield case.says, list(case.objects), case.settings


def _moved(variant: Variant) -> Variant:
    """The variant with its own namespace in its settings, where they name `namespace/name`."""

    def moved(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"{variant.namespace}/{name.partition('/')[2]}" if "/" in name else name for name in names)

    settings = dataclasses.replace(
        variant.settings,
        token_service_accounts=moved(variant.settings.token_service_accounts),
        secret_readers=moved(variant.settings.secret_readers),
        public_services=moved(variant.settings.public_services),
    )
    return dataclasses.replace(variant, settings=settings)


def _sendable(rule: Rule, objects: Iterable[Data], namespace: str) -> Iterator[Data]:
    kinds = generate.kinds_of(rule, expressions(Settings())[rule.id])
    for each in objects:
        if each.get("kind") in kinds and not any(is_unknown(value) for _, value in walk(each)):
            for part in _parts(dict(each)):
                own = _at(part, ["metadata", "namespace"]) or "default"
                yield completed(part, own if rule.id in ABOUT_NAMESPACES and own in THERE else namespace)


def _parts(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The object, and the object with one only of its containers or volumes: the API server may refuse another."""
    yield data
    for path in POD_TEMPLATES.values():
        *above, name = f"{path}.spec".strip(".").split(".")
        for field in ("initContainers", "containers", "volumes"):
            found = _at(data, [*above, name, field])
            for each in found if isinstance(found, list) and len(found) > 1 else ():
                part = copy.deepcopy(data)
                _at(part, [*above, name])[field] = [copy.deepcopy(each)]
                yield part


def _at(data: Any, path: list[str]) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def completed(data: Data, namespace: str) -> dict[str, Any]:
    """The object in a namespace, with what every API server asks for and the case leaves out."""
    whole: dict[str, Any] = copy.deepcopy(dict(data))
    kind = whole["kind"]
    whole.setdefault("apiVersion", "/".join(filter(None, (RESOURCES[kind].group, RESOURCES[kind].version))))
    metadata = _mapping(whole, "metadata")
    for owner in _mappings(metadata, "ownerReferences"):
        for key, value in {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "a", "uid": "a"}.items():
            owner.setdefault(key, value)
    if not metadata.get("generateName"):
        metadata.setdefault("name", "a")
    if RESOURCES[kind].is_namespaced:
        metadata["namespace"] = namespace
    if complete := COMPLETIONS.get(kind):
        complete(whole)
    return whole


def _mapping(data: dict[str, Any], *path: str) -> dict[str, Any]:
    for key in path:
        if data.get(key) is None:
            data[key] = {}
        data = data[key] if isinstance(data[key], dict) else {}  # a wrong type stays: the API server says no
    return data


def _mappings(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = data.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _complete_pod(template: dict[str, Any]) -> None:
    spec = _mapping(template, "spec")
    spec.pop("ephemeralContainers", None)  # nobody can create a pod with one
    spec["containers"] = spec.get("containers") or [{}]
    for name in ("initContainers", "containers"):
        for index, container in enumerate(_mappings(spec, name)):
            container.setdefault("name", f"{name.lower()}-{index}")
            container.setdefault("image", "a")
            for port in _mappings(container, "ports"):
                port.setdefault("containerPort", port.get("hostPort") or 80)
    for each in (spec, *_mappings(spec, "initContainers"), *_mappings(spec, "containers")):
        security = each.get("securityContext")
        for profile in (
            (security.get("seccompProfile"), security.get("appArmorProfile")) if isinstance(security, dict) else ()
        ):
            if isinstance(profile, dict) and profile.get("type") == "Localhost":
                profile.setdefault("localhostProfile", "a")
    if any(_at(each, ["securityContext", "procMount"]) == "Unmasked" for each in _mappings(spec, "containers")):
        spec.setdefault("hostUsers", False)
    for index, volume in enumerate(_mappings(spec, "volumes")):
        volume.setdefault("name", f"volume-{index}")


def _complete_workload(whole: dict[str, Any]) -> None:
    template = _mapping(whole, "spec", "template")
    labels = _mapping(template, "metadata", "labels")
    labels.setdefault("app", "a")
    if whole["kind"] == "ReplicationController":
        whole["spec"].setdefault("selector", {"app": labels["app"]})
    else:
        whole["spec"].setdefault("selector", {"matchLabels": {"app": labels["app"]}})
    if whole["kind"] == "StatefulSet":
        whole["spec"].setdefault("serviceName", "a")
    _complete_pod(template)


def _complete_job(job: dict[str, Any]) -> None:
    template = _mapping(job, "spec", "template")
    _complete_pod(template)
    template["spec"].setdefault("restartPolicy", "Never")


def _complete_cron_job(whole: dict[str, Any]) -> None:
    spec = _mapping(whole, "spec")
    spec.setdefault("schedule", "0 0 * * *")
    _complete_job(_mapping(spec, "jobTemplate"))


def _complete_service(whole: dict[str, Any]) -> None:
    spec = _mapping(whole, "spec")
    if spec.get("type") == "ExternalName":
        spec.setdefault("externalName", "example.com")
    elif not spec.get("ports"):
        spec["ports"] = [{"port": 80}]


def _complete_binding(whole: dict[str, Any]) -> None:
    reference = _mapping(whole, "roleRef")
    for key, value in {"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"}.items():
        reference.setdefault(key, value)
    for subject in _mappings(whole, "subjects"):
        if subject.setdefault("kind", "Group") == "ServiceAccount":
            subject.setdefault("namespace", "default")
        else:
            subject.setdefault("apiGroup", RBAC)


COMPLETIONS: Final[Mapping[str, Callable[[dict[str, Any]], None]]] = {
    "Pod": _complete_pod,
    "PodTemplate": lambda whole: _complete_pod(_mapping(whole, "template")),
    "Job": _complete_job,
    "CronJob": _complete_cron_job,
    "Service": _complete_service,
    "RoleBinding": _complete_binding,
    "ClusterRoleBinding": _complete_binding,
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"), _complete_workload
    ),
}


def install(server: ApiServer, variants: Iterable[Variant], today: datetime.date = TODAY) -> None:
    """Make each variant's namespace and policies."""
    for namespace in sorted({variant.namespace for variant in variants}):
        server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    for variant in variants:
        for each in policies_of(variant, today):
            answer = server.create(each)
            assert answer.is_accepted, (variant.policy, answer.body)


def policies_of(variant: Variant, today: datetime.date) -> list[dict[str, Any]]:
    """The policy and the binding, under the variant's own name, which only warns."""
    policy, binding = generate.generate([variant.rule], variant.settings, generate.Fence(), today)
    for each in (policy, binding):
        each["metadata"] = {**each["metadata"], "name": variant.policy}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": variant.namespace}}
    is_namespaced = variant.rule.id not in ABOUT_NAMESPACES and all(
        RESOURCES[kind].is_namespaced
        for kind in generate.kinds_of(variant.rule, expressions(variant.settings)[variant.rule.id])
    )
    binding["spec"] = {
        "policyName": variant.policy,
        "validationActions": ["Warn"],
        **({"matchResources": {"namespaceSelector": selector}} if is_namespaced else {}),
    }
    return [policy, binding]


def remove_all(server: ApiServer) -> None:
    """Remove every policy, binding and namespace of ours."""
    base = "/apis/admissionregistration.k8s.io/v1"
    for path in (
        f"{base}/validatingadmissionpolicybindings",
        f"{base}/validatingadmissionpolicies",
        "/api/v1/namespaces",
    ):
        for each in server.get(path).body["items"]:
            if each["metadata"]["name"].startswith(PREFIX):
                server.delete(f"{path}/{each['metadata']['name']}")


def type_warnings(server: ApiServer, variants: Iterable[Variant]) -> list[str]:
    """What the API server's type checker says of the policies, once it has looked at them all."""
    base = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    warnings = []
    for variant in variants:
        status: Data = {}
        for _ in patiently():
            status = server.get(f"{base}/{variant.policy}").body.get("status", {})
            if "typeChecking" in status:
                break
        assert "typeChecking" in status, f"{variant.policy} was not checked"
        warnings += [f"{variant.policy}: {each}" for each in status["typeChecking"].get("expressionWarnings", [])]
    return warnings


def run(server: ApiServer, to_try: Iterable[Trial]) -> list[Outcome]:
    """Every trial's outcome, once the policies are in force. An object that several share is asked about once."""
    answers: dict[int, Answer] = {}
    outcomes = []
    for trial in to_try:
        if id(trial.data) not in answers:
            answers[id(trial.data)] = ask(server, trial)
        outcomes.append(Outcome(trial, trial.variant.refuses(trial.data), answers[id(trial.data)]))
    return outcomes


def ask(server: ApiServer, trial: Trial) -> Answer:
    """What the API server says of creating the object."""
    return server.create(trial.data, dry_run=True)


def wait_until_in_force(server: ApiServer, to_try: Iterable[Trial]) -> None:
    """Return once every variant that refuses anything has warned: the API server takes new policies up in turn."""
    waiting: dict[str, list[Trial]] = {}
    for trial in to_try:
        if trial.variant.refuses(trial.data):
            waiting.setdefault(trial.variant.policy, []).append(trial)
    for _ in patiently():
        waiting = {policy: refused for policy, refused in waiting.items() if _is_awaited(server, policy, refused)}
        if not waiting:
            return


def _is_awaited(server: ApiServer, policy: str, refused: list[Trial]) -> bool:
    """Whether the API server accepts some of the objects, and warns of none yet."""
    answers = [ask(server, trial) for trial in refused[:5]]
    return any(a.is_accepted for a in answers) and not any(policy in a.warned_by for a in answers)


def patiently() -> Iterator[None]:
    """Again and again, until patience ends."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        yield
        time.sleep(0.5)
