"""Rules and settings -> ValidatingAdmissionPolicies and their bindings, as plain objects. Pure.

One policy per rule: which kinds it concerns, the rule's CEL, and why. One binding: where it holds, and what it does,
which is to deny where the rule is mandatory, to warn where it is advisory.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from policies.admission import waived
from policies.admission.cel import Expressions, literal
from policies.admission.expressions import expressions
from policies.admission.reasons import REASONS
from policies.admission.resources import POD_KINDS, RESOURCES, resource_rules, template
from policies.errors import SettingsError
from policies.evaluate import level_of
from policies.rule import Rule, Scope
from policies.settings import Level, Settings

MADE_BY_CONTROLLERS: Final = frozenset({"Pod", "ReplicaSet", "Job"})
API_VERSION: Final = "admissionregistration.k8s.io/v1"
LABELS: Final = {"app.kubernetes.io/managed-by": "slipway", "app.kubernetes.io/component": "policies"}
SYSTEM_NAMESPACES: Final = ("kube-system", "kube-public", "kube-node-lease")
_WORD: Final = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
LABEL: Final = re.compile(rf"(?:[a-z0-9][a-z0-9.-]{{0,252}}/)?{_WORD}=(?:{_WORD})?")
NAMESPACE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
NEEDS_OTHER_OBJECTS: Final = "it compares several objects, and CEL sees one"

VARIABLES: Final[Mapping[str, str]] = {
    "object": "dyn(object)",  # untyped: one expression serves many kinds
    "template": template(),
    "metadata": "variables.template.?metadata.orValue({})",
    "spec": "variables.template.?spec.orValue({})",
    "containers": " + ".join(
        f"variables.spec.?{name}.orValue([])" for name in ("initContainers", "containers", "ephemeralContainers")
    ),
    "sized": "variables.spec.?initContainers.orValue([]) + variables.spec.?containers.orValue([])",
    "main": "variables.spec.?initContainers.orValue([]).filter(c, c.?restartPolicy.orValue('') == 'Always')"
    " + variables.spec.?containers.orValue([])",
    "kind": "object.kind != 'Pod' ? object.kind : (variables.object.metadata.?ownerReferences.orValue([])"
    ".filter(owner, owner.?controller.orValue(false)).map(owner, owner.kind) + ['Pod'])[0]",
    "serving": "variables.kind.endsWith('Job') || variables.spec.?restartPolicy.orValue('Always') != 'Always'"
    " ? [] : variables.spec.?containers.orValue([])",
}
"""Each may use those before it. `kind` is what an author wrote: that of its controller, for a pod that has one."""

NOT_DELETED: Final = {"name": "is-not-being-deleted", "expression": "!has(object.metadata.deletionTimestamp)"}
NOT_OWNED: Final = {
    "name": "is-not-made-by-a-controller",
    "expression": f"!{waived.IS_OWNED}",
}
"""For rules on workloads as their authors write them: what these make is not theirs to label."""
NOT_CONTROL_PLANE: Final = {
    "name": "is-not-asked-for-by-the-control-plane",
    "expression": "request.userInfo.username != 'system:apiserver'"
    " && !request.userInfo.username.startsWith('system:serviceaccount:kube-system:')",
}
"""For rules on whole objects: the API server and its controllers keep roles, Services and more of their own."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Which namespaces the policies hold in: those with all the labels, or, without any, all but the system's."""

    labels: Mapping[str, str] = field(default_factory=dict)
    exempt: Sequence[str] = SYSTEM_NAMESPACES

    @classmethod
    def of(cls, labels: Iterable[str], exempt: Iterable[str]) -> Fence:
        """From labels such as `team=search`, and namespaces to leave out besides the system's."""
        wanted, names = list(labels), list(exempt)
        problems = [
            f"--label {each}: must be key=value, as Kubernetes takes them"
            for each in wanted
            if not LABEL.fullmatch(each)
        ]
        problems += [
            f"--exempt {each}: must be the name of a namespace" for each in names if not NAMESPACE.fullmatch(each)
        ]
        if problems:
            raise SettingsError(problems)
        return cls(dict(each.split("=", 1) for each in wanted), (*SYSTEM_NAMESPACES, *names))

    @property
    def selector(self) -> dict[str, Any]:
        """As a binding writes it. Where labels are asked for, the exempt namespaces are exempt all the same."""
        names = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": list(self.exempt)}
        labels = {"matchLabels": dict(self.labels)} if self.labels else {}
        return {**labels, "matchExpressions": [names]}


def generate(rules: Iterable[Rule], settings: Settings, fence: Fence, today: datetime.date) -> list[dict[str, Any]]:
    """Policy and binding of every rule that CEL can say and that the settings don't leave out."""
    said = expressions(settings)
    objects: list[dict[str, Any]] = []
    for rule in rules:
        level = level_of(rule, settings)
        if level is not Level.DISABLED and (demands := said.get(rule.id, Expressions())) != Expressions():
            waivers = list(waived.conditions(rule.id, settings.waivers, today))
            objects += [policy(rule, demands, waivers), binding(rule, level, fence)]
    return objects


def not_said(rules: Iterable[Rule], settings: Settings) -> dict[str, str]:
    """The rules that no policy stands for, by id, and why."""
    said = expressions(settings)
    reasons = {}
    for rule in rules:
        if level_of(rule, settings) is Level.DISABLED:
            reasons[rule.id] = "the settings disable it"
        elif rule.id not in said:
            reasons[rule.id] = REASONS.get(rule.id, NEEDS_OTHER_OBJECTS)
        elif said[rule.id] == Expressions():
            reasons[rule.id] = "the settings ask for nothing here"
    return reasons


def policy(rule: Rule, demands: Expressions, waivers: Sequence[dict[str, str]]) -> dict[str, Any]:
    """The policy that stands for a rule."""
    kinds = kinds_of(rule, demands)
    validations = _validations(rule, demands)
    conditions = [NOT_DELETED]
    if rule.scope is Scope.OBJECT:
        conditions += [NOT_CONTROL_PLANE] if MADE_BY_CONTROLLERS.isdisjoint(kinds) else [NOT_OWNED, NOT_CONTROL_PLANE]
    return {
        "apiVersion": API_VERSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name_of(rule), "labels": LABELS, "annotations": {"slipway.dev/source": rule.source}},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": resource_rules(kinds)},
            "matchConditions": [*conditions, *waivers],
            "variables": _variables(validations, demands),
            "validations": validations,
        },
    }


def binding(rule: Rule, level: Level, fence: Fence) -> dict[str, Any]:
    """Where a policy holds and what it does."""
    actions = ["Warn", "Audit"] if level is Level.ADVISORY else ["Deny"]
    return {
        "apiVersion": API_VERSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name_of(rule), "labels": LABELS},
        "spec": {
            "policyName": name_of(rule),
            "validationActions": actions,
            "matchResources": {"namespaceSelector": fence.selector},
        },
    }


def kinds_of(rule: Rule, demands: Expressions) -> frozenset[str]:
    """The kinds that its policy is about: those of Kubernetes itself. Those of other makers need not be there."""
    if rule.scope is Scope.POD:
        return POD_KINDS
    return (demands.kinds or rule.kinds) & RESOURCES.keys()


def name_of(rule: Rule) -> str:
    """Of the policy and of its binding."""
    return f"slipway-{rule.id}"


def _validations(rule: Rule, demands: Expressions) -> list[dict[str, str]]:
    message = f"{rule.why} ({rule.id})"
    validations = []
    if demands.container is not None:
        names = "variables.refused.map(c, c.name).join(', ')"
        said = {"messageExpression": f"'container ' + {names} + ': ' + {literal(message)}"}
        validations.append({"expression": "size(variables.refused) == 0", "message": message, **said})
    wholes = [demand for demand in (demands.pod, demands.object) if demand is not None]
    return validations + [{"expression": demand, "message": message} for demand in wholes]


def _variables(validations: Sequence[Mapping[str, str]], demands: Expressions) -> list[dict[str, str]]:
    """Those that are used, each after those that it uses."""
    all_of_them = dict(VARIABLES)
    if demands.container is not None:
        all_of_them["refused"] = f"variables.{demands.among}.filter(c, !({demands.container}))"
    wanted: list[str] = []
    waiting = [text for each in validations for text in each.values()]
    while waiting:
        for name in re.findall(r"variables\.(\w+)", waiting.pop()):
            if name not in wanted:
                wanted.append(name)
                waiting.append(all_of_them[name])
    return [{"name": name, "expression": cel} for name, cel in all_of_them.items() if name in wanted]
