"""Roles and their bindings in CEL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from policies.admission.cel import Expressions, Table, either, every, literal
from policies.rules import rbac
from policies.settings import Settings

RULES: Final = "variables.object.?rules.orValue([])"
SUBJECTS: Final = "variables.object.?subjects.orValue([])"
LISTS: Final = ("apiGroups", "resources", "verbs")


def _no_rule(condition: str) -> str:
    return f"!{RULES}.exists(rule, {condition})"


def _has(field: str, names: Iterable[str]) -> str:
    return f"rule.?{field}.orValue([]).exists(name, name in {literal(names)})"


def _no_grant(grants: Iterable[rbac.Grant]) -> str:
    """No rule grants any of these; those that differ only in the verb are told together."""
    verbs: dict[tuple[str, str], list[str]] = {}
    for group, resource, verb in grants:
        verbs.setdefault((group, resource), []).append(verb)
    granted = [
        every(
            _has("apiGroups", rbac.spellings(group)),
            _has("resources", rbac.spellings(name)),
            _has("verbs", [*of, rbac.ANY]),
        )
        for (group, name), of in verbs.items()
    ]
    return _no_rule(either(*granted))


def _no_secret_read(settings: Settings) -> Expressions:
    own_name = "variables.object.metadata.name"
    in_namespace = f"variables.object.metadata.?namespace.orValue('default') + '/' + {own_name}"
    name = f"(object.kind == 'ClusterRole' ? {own_name} : {in_namespace})"
    excused = f"{name} in {literal(settings.secret_readers)}"
    return Expressions(object=either(excused, _no_grant(rbac.SECRET_READS)))


TABLE: Final[Table] = {
    "rbac-no-wildcards": Expressions(
        object=_no_rule(either(*(_has(field, [rbac.ANY]) for field in (*LISTS, "nonResourceURLs"))))
    ),
    "rbac-no-cluster-admin": Expressions(object="variables.object.roleRef.name != 'cluster-admin'"),
    "rbac-no-secret-read": _no_secret_read,
    "rbac-no-pod-create-exec": Expressions(object=_no_grant(rbac.POD_ENTRIES)),
    "rbac-no-escalation-verbs": Expressions(
        object=every(
            _no_rule(_has("verbs", rbac.ESCALATIONS)),
            _no_grant((group, kind, rbac.ANY) for group, kind in rbac.ESCALATED),
        )
    ),
    "rbac-no-control-plane-grants": Expressions(object=_no_grant(rbac.CONTROL_PLANE)),
    "rbac-no-system-group-binding": Expressions(
        object=f"{SUBJECTS}.all(subject, !(subject.name in {literal(f'system:{name}' for name in rbac.SYSTEM_NAMES)}))"
    ),
}
