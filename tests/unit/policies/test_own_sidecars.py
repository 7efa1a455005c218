"""Our own stacks with sidecars on: the policy pack has nothing more to say of them than without."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest

from infra.catalog.load import load_catalog
from infra.config import kinds_of, parse
from infra.endpoints import without_cluster
from infra.plan import make_plan
from kube.objects import Object
from policies import settings_file
from policies.judge import judge
from policies.rules import RULES
from policies.settings import Level
from tests.unit.infra.recorder import kubernetes_objects, policy_settings, raw_settings, record
from tests.unit.policies.test_own_stacks import told_of

TODAY = datetime.date(2026, 11, 21)
SIDECARS = {
    "tunnel": {"secret": "tunnels", "required": True},
    "health_monitor": {"enabled": True, "webhook_secret": "alarm"},
}
BY_HAND = ("Secret */tunnels", "Secret */alarm")
"""As docs/sidecars.md says: what the stack does not make, the pack is told of."""


def verdicts(stack: str, by_hand: tuple[str, ...], **groups: dict[str, Any]) -> set[tuple[str, bool]]:
    """Rules that say something of a stack with these sidecars, and whether they block."""
    catalog = load_catalog()
    raw = {**raw_settings(stack), "sidecars": SIDECARS, **groups}
    plan = make_plan(parse(stack, raw, catalog, without_cluster(), kinds_of({})), catalog)
    settings = settings_file.parse(policy_settings(stack), stack=stack, rule_ids={rule.id for rule in RULES})
    settings = dataclasses.replace(settings, existing_objects=(*settings.existing_objects, *by_hand))
    found = judge([Object(each) for each in kubernetes_objects(record(plan))], RULES, settings, TODAY)
    assert found.notices == ()
    return {(verdict.rule.id, verdict.level is Level.MANDATORY) for verdict in found.verdicts}


@pytest.mark.parametrize("stack", ["staging", "prod"])
@pytest.mark.parametrize(
    ("by_hand", "groups"),
    [(BY_HAND, {}), ((), {"secrets": {"source": "external", "store": "vault"}})],
    ids=["by hand", "of a store"],
)
def test_sidecars_bring_no_finding_that_the_stack_had_not_before(
    stack: str, by_hand: tuple[str, ...], groups: dict[str, Any]
) -> None:
    """None blocks, and what is advised is what docs/stacks.md says of the stack without them. The pack finds what the
    stack has made of a store; of Secrets made by hand it must be told.
    """
    found = verdicts(stack, by_hand, **groups)
    assert not [rule for rule, blocks in found if blocks]
    assert {rule for rule, _ in found} <= told_of(stack)
