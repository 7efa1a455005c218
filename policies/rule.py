"""What a rule is: one function that looks at plain data, with its reason, its source and its examples.

    @pod_rule(why=..., source=..., level=MANDATORY, bad="...", good="...")
    def no_host_port(pod: Pod, settings: Settings) -> Findings:
        for container in pod.containers:
            ...
            yield container.bad("ports", "message", value)

The decorator turns the function into a Rule, named by it: `no-host-port`. It registers nothing; `rules/__init__.py`
lists the modules, and all Rules of a module are its rules.

A rule may read whatever it likes and never needs a try: absent is None, unknown is UNKNOWN, a wrong type is None and
noted. It names the values on which a finding rests (`bad(path, message, *values)`): if one is unknown, so is the
finding. What it read and did not know, and has no finding about, is reported too. It never prints a field's value where
that may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from inspect import cleandoc
from typing import Any

from kube.objects import Pod, Stack
from kube.view import Finding, View
from policies.settings import Level, Settings

Findings = Iterable[Finding]
PodCheck = Callable[[Pod, Settings], Findings]
ObjectCheck = Callable[[View, Settings], Findings]
StackCheck = Callable[[Stack, Settings], Findings]
Remedy = Callable[[dict[str, Any], Settings], None]
"""Changes the plain data of a whole object in place so that the rule holds; leaves alone what it does not know."""

MANDATORY = {"prod": Level.MANDATORY, "dev": Level.MANDATORY}
ADVISORY = {"prod": Level.ADVISORY, "dev": Level.ADVISORY}
MANDATORY_IN_PROD = {"prod": Level.MANDATORY, "dev": Level.ADVISORY}


class Scope(Enum):
    """What a rule is called with: each pod template, each object of its kinds, or the whole stack once."""

    POD = "pod"
    OBJECT = "object"
    STACK = "stack"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `bad` and `good` are YAML documents: its test and its documentation."""

    id: str
    why: str
    source: str
    level: Mapping[str, Level]
    scope: Scope
    check: Callable[[Any, Settings], Findings]
    bad: str
    good: str
    kinds: frozenset[str] = frozenset()
    remedy: Remedy | None = None
    example_settings: Mapping[str, Any] | None = None
    """Settings, as in a settings file, under which the examples hold; the defaults where None."""

    def __call__(self, target: Any, settings: Settings) -> Findings:
        """Run the check alone."""
        return self.check(target, settings)


def pod_rule(
    *,
    why: str,
    source: str,
    level: Mapping[str, Level],
    bad: str,
    good: str,
    remedy: Remedy | None = None,
    example_settings: Mapping[str, Any] | None = None,
) -> Callable[[PodCheck], Rule]:
    """A rule that is called with every pod template of every object."""
    examples = cleandoc(bad), cleandoc(good)

    def make(check: PodCheck) -> Rule:
        return Rule(_id(check), why, source, level, Scope.POD, check, *examples, frozenset(), remedy, example_settings)

    return make


def object_rule(
    *kinds: str,
    why: str,
    source: str,
    level: Mapping[str, Level],
    bad: str,
    good: str,
    remedy: Remedy | None = None,
    example_settings: Mapping[str, Any] | None = None,
) -> Callable[[ObjectCheck], Rule]:
    """A rule that is called with every object of the kinds; with every object at all if none is named."""
    examples = cleandoc(bad), cleandoc(good)

    def make(check: ObjectCheck) -> Rule:
        return Rule(
            _id(check), why, source, level, Scope.OBJECT, check, *examples, frozenset(kinds), remedy, example_settings
        )

    return make


def stack_rule(
    *,
    why: str,
    source: str,
    level: Mapping[str, Level],
    bad: str,
    good: str,
    example_settings: Mapping[str, Any] | None = None,
) -> Callable[[StackCheck], Rule]:
    """A rule that is called once, with all objects."""
    examples = cleandoc(bad), cleandoc(good)

    def make(check: StackCheck) -> Rule:
        return Rule(_id(check), why, source, level, Scope.STACK, check, *examples, frozenset(), None, example_settings)

    return make


def _id(check: Callable[..., Any]) -> str:
    return check.__name__.strip("_").replace("_", "-")
