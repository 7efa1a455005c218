"""Our own stacks stand behind the fence: every mandatory rule is on, and nothing is waived."""

import datetime
import re
from typing import Any

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from policies import settings_file
from policies.judge import judge
from policies.rules import RULES
from policies.settings import Level, Settings
from tests.unit.infra.recorder import DIGEST, ROOT, STACKS, kubernetes_objects, policy_settings, record, stack_plan

TODAY = datetime.date(2026, 11, 21)


def settings_of(stack: str) -> Settings:
    """As the pack reads them from the stack file."""
    rule_ids = {rule.id for rule in RULES}
    return settings_file.parse(policy_settings(stack), stack=stack, rule_ids=rule_ids)


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    """Every stack in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def objects(stack: str) -> list[dict[str, Any]]:
    """What it registers."""
    return kubernetes_objects(record(stack_plan(stack)))


@pytest.mark.parametrize("is_preview", [False, True])
def test_no_rule_blocks_a_stack_of_ours(stack: str, objects: list[dict[str, Any]], is_preview: bool) -> None:
    """Neither with the images' digests, nor in a preview, which does not know them yet."""
    known = _without_digests(objects) if is_preview else objects
    found = judge([Object(one) for one in known], RULES, settings_of(stack), TODAY, is_preview=is_preview)
    blocking = [v for v in found.verdicts if v.level is Level.MANDATORY]
    assert [(v.rule.id, v.object.id, v.path, v.message) for v in blocking] == []
    assert found.notices == ()


def test_what_is_advised_is_known_and_said(stack: str, objects: list[dict[str, Any]]) -> None:
    """In docs/stacks.md, with a reason: a row for each rule that names the stack, and no other row does."""
    found = judge([Object(one) for one in objects], RULES, settings_of(stack), TODAY)
    assert {verdict.rule.id for verdict in found.verdicts} == told_of(stack)


def told_of(stack: str) -> set[str]:
    """Rules with a row in the documentation that names the stack."""
    section = (
        (ROOT / "docs" / "stacks.md").read_text().split("### What the policy pack tells them")[1].split("\n## ")[0]
    )
    rows = re.findall(r"^\| `([a-z-]+)` \| ([a-z, ]+) \|", section, re.MULTILINE)
    return {rule for rule, stacks in rows if stacks == "all" or stack in stacks.split(", ")}


def test_no_rule_is_weakened_and_nothing_is_waived(stack: str) -> None:
    """A stack may say what is so, such as its node types; not which rules it does without."""
    settings = settings_of(stack)
    assert (settings.levels, settings.waivers) == ({}, ())
    assert settings.environment == ("prod" if stack == "prod" else "dev")


def _without_digests(data: Any) -> Any:
    """Plain data with every reference to an image that is still to be built unknown."""
    if isinstance(data, dict):
        return {key: _without_digests(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_without_digests(value) for value in data]
    return UNKNOWN if isinstance(data, str) and data.endswith(DIGEST) else data
