"""Stacks that tests of the plan share: staging or prod with other settings on top, and their plans."""

from __future__ import annotations

import copy
from typing import Any

from infra.catalog.load import load_catalog
from infra.config import parse
from infra.endpoints import without_cluster
from infra.plan import ModelPlan, Plan, make_plan
from infra.stack import StackConfig
from tests.unit.infra.recorder import raw_settings

CATALOG = load_catalog()
KEDA: dict[str, Any] = {"scaling": {"engine": "keda"}}
BURST: dict[str, Any] = {"spot": {"use": "burst"}}
GPU = "qwen2-5-32b"


def one(model_id: str, **keys: Any) -> dict[str, Any]:
    """A stack of this model."""
    return {"models": {model_id: keys}}


def config(*groups: dict[str, Any], stack: str = "staging") -> StackConfig:
    """A stack file with groups on top; what is named under `models` is all."""
    settings = copy.deepcopy(raw_settings(stack))
    for group in groups:
        for key, value in group.items():
            merged = isinstance(value, dict) and key != "models"
            settings[key] = {**settings.get(key, {}), **value} if merged else value
    return parse(stack, settings, CATALOG, without_cluster())


def plan(*groups: dict[str, Any], stack: str = "staging") -> Plan:
    """Its plan."""
    return make_plan(config(*groups, stack=stack), CATALOG)


def model(*groups: dict[str, Any]) -> ModelPlan:
    """The only model of a staging."""
    (found,) = plan(*groups).models
    return found
