"""How the pack starts: where its settings come from, and what the SDK is told of its rules."""

import json
from typing import Any

import pulumi
import pytest
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationPolicy

from policies.errors import SettingsError
from policies.pack import main, make_policies, read_settings
from policies.rule import Scope
from policies.rules import RULES
from policies.settings import Level, Settings


def configure(monkeypatch: pytest.MonkeyPatch, stack: str, **config: Any) -> None:
    """The environment in which the language host starts a pack."""
    monkeypatch.setenv("PULUMI_STACK", stack)
    pulumi.runtime.set_all_config({f"slipway:{key}": value for key, value in config.items()})


@pytest.fixture(autouse=True)
def _no_stack(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    pulumi.runtime.set_all_config({})
    yield
    pulumi.runtime.set_all_config({})


def test_without_a_stack_or_a_setting_the_pack_is_that_of_production() -> None:
    """As when it is published, or run for a project that has never heard of it."""
    assert read_settings(RULES) == Settings()


def test_settings_come_from_the_stack_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi hands them over as JSON; the environment follows from the stack's name."""
    configure(monkeypatch, "staging", policy=json.dumps({"min_replicas": 3, "levels": {"all": "advisory"}}))
    assert read_settings(RULES) == Settings(environment="dev", min_replicas=3, levels={"all": Level.ADVISORY})


@pytest.mark.parametrize("text", ["{", "hello", "[]", "null"])
def test_settings_that_are_no_mapping_are_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """With the key that they are under."""
    configure(monkeypatch, "prod", policy=text)
    with pytest.raises(SettingsError, match=r"^slipway:policy: must be a mapping"):
        read_settings(RULES)


def test_a_mistake_ends_the_pack_with_all_problems_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The engine shows what the pack writes, and the preview fails."""
    configure(monkeypatch, "prod", policy=json.dumps({"levels": {"no-such-rule": "advisory"}, "nope": 1}))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr()
    assert "slipway:policy.levels.no-such-rule: there is no such rule" in said.err
    assert "slipway:policy.nope: unknown key" in said.err
    assert said.out == ""


def test_every_rule_is_a_policy_of_the_sdk() -> None:
    """Under its name, with its reason, its level in this environment, and what it can put right."""
    policies = make_policies(RULES, Settings(environment="dev"))
    assert list(policies) == [rule.id for rule in RULES]
    for rule in RULES:
        policy = policies[rule.id]
        assert (policy.name, policy.description) == (rule.id, rule.why)
        assert policy.enforcement_level is EnforcementLevel(rule.level["dev"].value)
        assert isinstance(policy, StackValidationPolicy if rule.scope is Scope.STACK else ResourceValidationPolicy)
        if isinstance(policy, ResourceValidationPolicy):
            assert policy.has_remediation() == (rule.remedy is not None)


def test_the_sdk_never_runs_a_rule_itself() -> None:
    """It would do so badly; the analyzer does."""
    (policy, *_) = make_policies(RULES[:1], Settings()).values()
    assert isinstance(policy, ResourceValidationPolicy)
    with pytest.raises(AssertionError, match="the analyzer runs the rules"):
        policy.validate(None, print)  # type: ignore[arg-type]
