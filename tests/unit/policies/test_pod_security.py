"""Which rules make up a level. That each verdict is the admission controller's, tests/conformance shows."""

from typing import Any

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from policies.pod_security import BASELINE, RESTRICTED, rules_of_level, verdict
from policies.rules import RULES

VERSION = (1, 36)
CONTAINER: dict[str, Any] = {
    "name": "a",
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
CONTEXT = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def pod(**spec: Any) -> Object:
    """A pod that passes `restricted`, but for these fields."""
    return Object({"kind": "Pod", "spec": {"containers": [CONTAINER], "securityContext": CONTEXT, **spec}})


def test_every_rule_of_a_level_exists() -> None:
    """A wrong id would take the rule away in silence."""
    assert set(RESTRICTED) <= {rule.id for rule in RULES}


def test_baseline_is_part_of_restricted_but_for_what_is_overridden() -> None:
    """At 1.36 two stricter rules stand in."""
    ids = {level: {rule.id for rule in rules_of_level(level, VERSION)} for level in ("baseline", "restricted")}
    assert ids["baseline"] == set(BASELINE)
    assert ids["baseline"] - ids["restricted"] == {"no-host-path", "no-extra-capabilities"}


@pytest.mark.parametrize(("version", "expected"), [((1, 21), True), ((1, 22), False)])
def test_a_rule_is_overridden_since_a_version(version: tuple[int, int], expected: bool) -> None:
    """Before 1.22 nothing else looked at capabilities."""
    assert ("no-extra-capabilities" in {rule.id for rule in rules_of_level("restricted", version)}) is expected


def test_a_restricted_pod_is_allowed() -> None:
    """Nothing speaks against it."""
    assert verdict(pod(), "restricted", VERSION).is_allowed


def test_a_verdict_names_each_rule_that_refuses_once() -> None:
    """However many findings it has; other rules of ours have no say."""
    found = verdict(pod(hostNetwork=True, hostPID=True, hostAliases=[{"ip": "10.0.0.1"}]), "restricted", VERSION)
    assert found.refused_by == ("no-host-namespaces",)
    assert not found.is_allowed


def test_the_level_and_the_version_count() -> None:
    """What baseline allows, restricted refuses; what 1.36 refuses, 1.33 allowed."""
    target = Object({"kind": "Pod", "spec": {"containers": [{"livenessProbe": {"httpGet": {"host": "example.com"}}}]}})
    assert verdict(target, "baseline", (1, 33)).is_allowed
    assert verdict(target, "baseline", VERSION).refused_by == ("no-host-probe-host",)
    assert "run-as-non-root" in verdict(target, "restricted", VERSION).refused_by


def test_what_only_up_knows_is_not_allowed_yet() -> None:
    """It is not refused either."""
    found = verdict(pod(hostNetwork=UNKNOWN), "restricted", VERSION)
    assert (found.refused_by, found.undecided, found.is_allowed) == ((), ("no-host-namespaces",), False)
