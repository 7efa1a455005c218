"""Plans of our own stacks with images by digest, for the tests of all outputs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from infra.catalog.load import load_catalog
from infra.config import parse
from infra.endpoints import without_cluster
from infra.outputs.images import References, needed
from infra.plan import Plan, make_plan
from tests.unit.infra.recorder import DIGEST, ROOT, STACKS, raw_settings, stack_plan

CATALOG = load_catalog()
PAIRS = [(stack, model.id) for stack in STACKS for model in stack_plan(stack).models]
"""Every model of every stack."""


def references(plan: Plan, *, baked: bool = False) -> References:
    """As they would be after a push."""
    return References({name: f"{tag}@{DIGEST}" for name, tag in needed(plan, baked=baked).items()})


def changed(stack: str, **own: Any) -> Plan:
    """A stack's plan with other settings of its own."""
    return make_plan(parse(stack, {**raw_settings(stack), **own}, CATALOG, without_cluster()), CATALOG)


def baked(plan: Plan) -> Plan:
    """With the weights in the images of AI Core."""
    return dataclasses.replace(plan, aicore=dataclasses.replace(plan.aicore, baked=True))


def schema(name: str) -> dict[str, Any]:
    """A schema of the fixtures."""
    path: Path = ROOT / "tests" / "fixtures" / "schemas" / name
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
