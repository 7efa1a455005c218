"""How the rule about budgets gets the stack's `slipway:cost`, and when that is looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest

from policies import cost_settings
from policies.errors import SettingsError
from policies.pack import read_settings
from policies.rules import RULES
from tests.unit.infra.recorder import ROOT

COST = {"provider": "aws", "region": "us-east-1", "pools": [{"name": "a", "types": ["m7i.xlarge"]}]}


@pytest.fixture(autouse=True)
def _no_stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PULUMI_STACK", "prod")
    yield
    pulumi.runtime.set_all_config({})


def configure(**config: Any) -> None:
    """The stack's settings, as the engine hands them over."""
    pulumi.runtime.set_all_config({f"slipway:{key}": json.dumps(value) for key, value in config.items()})


def test_the_pack_reads_what_the_stack_says_of_costs() -> None:
    """Beside its own settings, which may say another one."""
    configure(cost={**COST, "budgets": {"typical": 5}}, policy={"min_replicas": 3})
    assert read_settings(RULES).cost["budgets"] == {"typical": 5}
    configure(cost={**COST, "budgets": {"typical": 5}}, policy={"cost": {**COST, "budgets": {"typical": 6}}})
    assert read_settings(RULES).cost["budgets"] == {"typical": 6}
    configure(policy={})
    assert read_settings(RULES).cost == {}


def test_wrong_settings_end_the_pack_where_there_are_budgets() -> None:
    """With what is wrong; without budgets no rule reads them."""
    wrong = {**COST, "provider": "mars"}
    configure(cost={**wrong, "budgets": {"typical": 5}})
    with pytest.raises(SettingsError, match="provider"):
        read_settings(RULES)
    configure(cost=wrong)
    assert read_settings(RULES).cost == wrong


@pytest.mark.parametrize(("data", "cost"), [("text", COST), ([], COST), ({"a": 1}, "text"), ({"a": 1}, None)])
def test_what_is_no_mapping_is_left_to_who_refuses_it(data: Any, cost: Any) -> None:
    """Nothing is made of it."""
    assert cost_settings.with_cost(data, cost) == data


def test_a_pack_without_budgets_never_loads_the_cost_engine() -> None:
    """It would take as long as all the rules."""
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from policies import cost_settings
from policies.evaluate import evaluate
from kube.objects import Object
from policies.rules import RULES
from policies.settings import Settings
cost_settings.check({{"provider": "aws"}})
evaluate([Object({{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "a"}}}})], RULES, Settings())
print(*[name for name in sys.modules if name.startswith("infra.cost.") and "market" in name or "gate" in name])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
