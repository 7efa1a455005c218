"""The Pod Security Standards as the admission controller of Kubernetes applies them: which rules make up a level.

Knows the levels and what overrides what. What each rule asks for at which version, it knows itself. Says nothing of our
other rules: a pod may pass here and still not be what a stack wants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from kube.objects import Object
from policies.evaluate import evaluate_object
from policies.rule import Rule
from policies.rules import RULES
from policies.settings import Level, Settings

PodSecurityLevel = Literal["baseline", "restricted"]

BASELINE: Final = (
    "no-privileged-container",
    "no-host-namespaces",
    "no-host-path",
    "no-host-port",
    "no-host-probe-host",
    "no-extra-capabilities",
    "apparmor-not-unconfined",
    "selinux-allowed-types",
    "proc-mount-default",
    "seccomp-runtime-default",
    "safe-sysctls-only",
    "no-windows-host-process",
)
RESTRICTED: Final = (
    *BASELINE,
    "no-privilege-escalation",
    "drop-all-capabilities",
    "restricted-volume-types",
    "run-as-non-root",
    "no-run-as-uid-zero",
)
OVERRIDDEN: Final = {"no-host-path": (1, 0), "no-extra-capabilities": (1, 22)}
"""At `restricted`, since a version, a stricter rule stands in for these; it excuses whom they would not."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What the admission controller would say: ids of the rules that refuse, and of those that can't tell yet."""

    refused_by: tuple[str, ...]
    undecided: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Nothing speaks against it, and nothing may yet."""
        return not self.refused_by and not self.undecided


def rules_of_level(level: PodSecurityLevel, version: tuple[int, int]) -> tuple[Rule, ...]:
    """The rules that decide at a level, in the order of RULES."""
    ids = set(BASELINE)
    if level == "restricted":
        ids = {each for each in RESTRICTED if each not in OVERRIDDEN or version < OVERRIDDEN[each]}
    return tuple(rule for rule in RULES if rule.id in ids)


def verdict(target: Object, level: PodSecurityLevel, version: tuple[int, int]) -> Admission:
    """Whether the pods of an object are allowed at a level, by the standards of a version."""
    rules = rules_of_level(level, version)
    levels = {rule.id: Level.MANDATORY for rule in rules}
    settings = Settings(pod_security_level=level, pod_security_version=version, levels=levels)
    found = evaluate_object(target, rules, settings)
    return Admission(
        tuple(dict.fromkeys(each.rule.id for each in found if not each.undecided)),
        tuple(dict.fromkeys(each.rule.id for each in found if each.undecided)),
    )
