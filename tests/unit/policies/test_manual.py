"""The documentation is what runs: docs/policies.md is made from rules and settings, and nothing in it is by hand."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from kube.objects import Pod
from policies import manual
from policies.rule import (
    ADVISORY,
    MANDATORY,
    MANDATORY_IN_PROD,
    Findings,
    Rule,
    Scope,
    object_rule,
    pod_rule,
    stack_rule,
)
from policies.rules import MODULES, RULES
from policies.settings import Settings
from tests.unit.infra.recorder import ROOT

WORDS: dict[str, Any] = {"why": "It harms.", "source": "nobody", "bad": "{kind: Pod}", "good": "{kind: Pod, a: [b]}"}


def checked(_target: Any, _settings: Settings) -> Findings:
    """Nothing."""
    return ()


def test_the_committed_documentation_is_that_of_the_rules() -> None:
    """`make docs` writes it anew."""
    committed = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert committed == manual.document(MODULES), "run `make docs`"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_explained_with_examples_that_are_the_same_data(rule: Rule) -> None:
    """Block style changes how they look, not what they say."""
    text = manual.explain(rule)
    blocks = [part.partition("```")[0] for part in text.split("```yaml\n")[1:]]
    for wanted, block in ((rule.good, blocks[-1]), (rule.bad, blocks[-2])):
        assert list(yaml.safe_load_all(block)) == list(yaml.safe_load_all(wanted))
    assert all(words in text for words in (rule.why, rule.source, f"### {rule.id}\n"))
    assert ("- remedy:" in text) == (rule.remedy is not None)


def test_a_rule_says_whether_the_cluster_itself_asks_it() -> None:
    """And why not, where it can't."""
    rules = {rule.id: rule for rule in RULES}
    assert "- admission policy: yes\n" in manual.explain(rules["read-only-root-fs"])
    assert "- admission policy: no, it compares several objects" in manual.explain(rules["service-targets-pod"])


def test_every_setting_is_explained() -> None:
    """By the comment behind it."""
    assert [each.name for each in manual.setting_texts() if not each.says] == []
    assert {each.name for each in manual.setting_texts()} == set(Settings.__dataclass_fields__)


def test_settings_have_their_group_and_their_default_as_people_write_it() -> None:
    """As in a stack file."""
    texts = {each.name: each for each in manual.setting_texts()}
    assert (texts["waivers"].group, texts["waivers"].default) == ("General", "[]")
    assert (texts["kubernetes_version"].group, texts["kubernetes_version"].default) == ("Versions", "'1.36'")
    assert texts["max_gpus"].default == "null"
    assert yaml.safe_load(texts["spot_notice_s"].default) == {"aws": 120, "gcp": 30, "azure": 30}
    assert texts["required_labels"].says == "alternatives are separated by |"


def test_levels_are_said_in_words() -> None:
    """Once where both environments have the same."""
    rules = [pod_rule(level=level, **WORDS)(checked) for level in (MANDATORY, ADVISORY, MANDATORY_IN_PROD)]
    assert [manual.levels(rule) for rule in rules] == [*("mandatory", "advisory", "mandatory in prod, advisory in dev")]


def test_what_a_rule_looks_at_is_said_in_words() -> None:
    """Pods, kinds, everything, or all together."""
    rules = [
        pod_rule(level=MANDATORY, **WORDS)(checked),
        object_rule("Secret", "ConfigMap", level=MANDATORY, **WORDS)(checked),
        object_rule(level=MANDATORY, **WORDS)(checked),
        stack_rule(level=MANDATORY, **WORDS)(checked),
    ]
    assert [manual.looks_at(rule) for rule in rules] == [
        *("every pod template", "ConfigMap, Secret", "every object", "all objects together")
    ]


def test_the_settings_of_a_rule_are_found_in_its_code() -> None:
    """In what it calls, too: in its own module, and in others of the pack."""
    of_pack = {rule.id: manual.settings_of(rule) for rule in RULES}
    assert of_pack["read-only-root-fs"] == ()
    assert of_pack["image-registry-allowed"] == ("registries",)
    assert "min_uid" in of_pack["high-uid-gid"]
    assert "pod_security_level" in of_pack["no-privilege-escalation"]
    assert "job_ttl_s" in of_pack["job-ttl"]


def test_every_rule_is_in_the_index_by_its_subject() -> None:
    """With a link to where it is explained."""
    text = manual.document(MODULES)
    assert [rule.id for rule in RULES if f"[{rule.id}](#{rule.id})" not in text or f"### {rule.id}\n" not in text] == []


def test_examples_are_shown_in_block_style() -> None:
    """Documents apart."""
    assert manual.example("{a: [b, {c: d}]}") == "a:\n- b\n- c: d\n"
    assert manual.example("{a: b}\n---\n{c: d}") == "a: b\n---\nc: d\n"


def test_a_rule_with_settings_shows_them() -> None:
    """Its examples hold under these."""

    def refuses(_pod: Pod, _settings: Settings) -> Findings:
        """Something."""
        return ()

    rule = pod_rule(level=MANDATORY, example_settings={"min_uid": 5}, **WORDS)(refuses)
    assert rule.scope is Scope.POD
    assert "With these settings:\n\n```yaml\nmin_uid: 5\n```\n" in manual.explain(rule)
