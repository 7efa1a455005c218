"""The pack under a real `pulumi preview`: the real CLI and engine; no cluster."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.rules import RULES
from policies.settings import Level
from tests.integration.policies.batches import PROD, Batch, is_clean, is_refused, make_batches
from tests.integration.policies.project import Answer, Project, named

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "a", "namespace": "n"},
    "spec": {"containers": [{"name": "c", "image": "registry.example.com/a:1"}]},
}
SECRETS = """
hidden = pulumi.Output.secret("hunter2-of-the-test")
k8s.core.v1.Pod("holder", metadata={"name": "holder", "namespace": "n"}, spec={
    "securityContext": {"runAsNonRoot": False},
    "containers": [{"name": "c", "image": "registry.example.com/a:1", "args": ["--password", hidden],
        "env": [{"name": "PASSWORD", "value": hidden}, {"name": "TOKEN", "value": "s3cr3t-of-the-test"}]}]})
k8s.core.v1.ConfigMap("config", metadata={"name": "config", "namespace": "n"},
    data={"password": hidden, "token": "s3cr3t-of-the-test"})
k8s.core.v1.Secret("secret", metadata={"name": "secret", "namespace": "n"}, string_data={"a": hidden})
"""
MANDATORY = [rule for rule in RULES if rule.level["prod"] is Level.MANDATORY]


def test_every_mandatory_rule_blocks_its_bad_example(project: Project) -> None:
    """By name, at its level, on its own object; and the preview fails."""
    for batch in make_batches(MANDATORY, lambda rule: rule.bad, is_refused):
        answer = preview(project, batch)
        assert answer.status != 0
        silent = {rule.id for rule in batch.rules if rule.id not in answer.rules("mandatory", f"{rule.id}.")}
        assert silent == set(), answer.text


def test_no_rule_speaks_of_its_good_example(project: Project) -> None:
    """Neither at its level nor as a hint, whatever the others say."""
    for batch in make_batches(RULES, lambda rule: rule.good, is_clean):
        answer = preview(project, batch)
        loud = {each for each in answer.told if each.resource.startswith(f"{each.rule}.")}
        assert loud == set(), answer.text


@pytest.mark.parametrize("rule_id", ["no-privileged-container", "no-host-path", "read-only-root-fs"])
def test_a_rule_alone_blocks_and_nothing_else_is_said(project: Project, rule_id: str) -> None:
    """Bad: refused for this reason only. Good: the preview passes."""
    (rule,) = [each for each in RULES if each.id == rule_id]
    project.configure({**only(rule_id), **(rule.example_settings or {})})
    project.register(named(yaml.safe_load_all(rule.bad), rule_id))
    answer = project.ask()
    assert answer.status != 0
    assert answer.rules("mandatory") == {rule_id}
    assert rule.why in answer.text
    project.register(named(yaml.safe_load_all(rule.good), rule_id))
    answer = project.ask()
    assert (answer.status, answer.told) == (0, frozenset()), answer.text


def test_without_any_setting_a_stack_is_judged_by_its_name(project: Project) -> None:
    """The project is not called slipway and has never heard of the pack; `test` is a rehearsal."""
    project.configure(None)
    project.register({"bare": POD})
    answer = project.ask()
    assert answer.status != 0
    expected = {rule.id for rule in RULES if rule.level["dev"] is Level.MANDATORY}
    assert {"no-privilege-escalation", "run-as-non-root"} <= answer.rules("mandatory") <= expected


def test_a_mistake_in_the_settings_fails_the_preview_and_names_all_of_it(project: Project) -> None:
    """No setting is ignored."""
    project.configure({"levels": {"read-only-rootfs": "advisory"}, "min_replicas": "many"})
    answer = project.ask()
    assert answer.status != 0
    assert (
        "slipway:policy.levels.read-only-rootfs: there is no such rule; did you mean read-only-root-fs" in answer.text
    )
    assert 'slipway:policy.min_replicas: "many" is not allowed; allowed: a whole number' in answer.text
    assert "Traceback" not in answer.text


def test_a_waiver_lets_one_object_pass_until_its_day(project: Project) -> None:
    """Before: told, and the preview passes. After: it fails again and says why. Unneeded ones are told."""
    waiver = {"rule": "read-only-root-fs", "object": "Pod n/*", "owner": "team-a", "reason": "it writes"}
    project.register({"one": POD})
    project.configure({**only("read-only-root-fs"), "waivers": [{**waiver, "expires": "2999-12-31"}]})
    answer = project.ask()
    assert answer.status == 0, answer.text
    assert answer.rules("advisory") == {"read-only-root-fs"}
    assert "(waived until 2999-12-31 by team-a: it writes)" in answer.text

    expired = [{**waiver, "expires": "2020-01-01"}, {**waiver, "object": "Job n/*", "expires": "2999-12-31"}]
    project.configure({**only("read-only-root-fs"), "waivers": expired})
    answer = project.ask()
    assert answer.status != 0
    assert answer.rules("mandatory") == {"read-only-root-fs"}
    assert "(the waiver by team-a expired on 2020-01-01)" in answer.text
    assert "the waiver of read-only-root-fs for 'Job n/*' (team-a, until 2999-12-31) is not needed" in answer.text


def test_the_engines_own_configuration_wins(project: Project, tmp_path: Path) -> None:
    """`--policy-pack-config`: one rule, and `all`."""
    project.register({"one": POD})
    project.configure(only("read-only-root-fs"))
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"read-only-root-fs": {"enforcementLevel": "advisory"}}))
    answer = project.ask("preview", "--policy-pack-config", str(config))
    assert (answer.status, answer.rules("advisory")) == (0, {"read-only-root-fs"}), answer.text
    config.write_text(json.dumps({"all": "mandatory", "read-only-root-fs": "disabled"}))
    answer = project.ask("preview", "--policy-pack-config", str(config))
    assert answer.status != 0
    assert "no-privilege-escalation" in answer.rules("mandatory")
    assert "read-only-root-fs" not in answer.rules("mandatory") | answer.rules("advisory")
    config.write_text(json.dumps({"read-only-rootfs": "disabled"}))
    answer = project.ask("preview", "--policy-pack-config", str(config))
    assert answer.status != 0
    assert "read-only-rootfs: there is no such rule; did you mean read-only-root-fs" in answer.text


def test_no_secret_is_ever_shown(project: Project) -> None:
    """Whatever rule looks at it: not one from a secret output, nor one that was written in clear."""
    project.configure(dict(PROD))
    project.register({}, head=SECRETS)
    answer = project.ask()
    assert answer.status != 0
    assert "run-as-non-root" in answer.rules("mandatory", "holder")
    assert "hunter2" not in answer.text
    assert "s3cr3t" not in answer.text


def test_a_remedy_puts_the_object_right_before_it_is_judged(project: Project) -> None:
    """The preview passes, says what was done, and what the program left to `up` and to secrets stays."""
    project.configure({"levels": {"all": "disabled", "no-privilege-escalation": "remediate"}})
    project.register({}, head=SECRETS)
    answer = project.ask("preview", "--diff")
    assert answer.status == 0, answer.text
    assert "[remediate]  no-privilege-escalation" in answer.text
    # A list with one secret in it is a secret as a whole, and stays one.
    assert re.search(r"~ containers *: \[secret\] => \[secret\]", answer.text), answer.text
    assert "hunter2" not in answer.text


def only(rule_id: str) -> dict[str, Any]:
    """Settings under which one rule speaks."""
    return {**PROD, "levels": {"all": "disabled", rule_id: "mandatory"}}


def preview(project: Project, batch: Batch) -> Answer:
    """One preview of all examples of a batch."""
    project.configure(batch.settings)
    project.register(batch.objects)
    return project.ask()
