"""A plan as objects."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.cost.plan_objects import plan_objects
from tests.unit.infra.recorder import STACKS, stack_plan

GOLDEN = Path(__file__).parents[2] / "golden"


def identity(one: dict[str, Any]) -> tuple[str, str]:
    """Kind and name."""
    return one["kind"], one["metadata"]["name"]


@pytest.mark.parametrize("stack", STACKS)
def test_they_are_what_the_program_registers(stack: str) -> None:
    """Object by object; nothing that costs money differs."""
    registered = [each["inputs"] for each in json.loads((GOLDEN / f"{stack}.json").read_text())
                  if each["type"].startswith("kubernetes:")]  # fmt: skip
    made = {identity(each): each for each in plan_objects(stack_plan(stack))}
    assert set(made) == {identity(each) for each in registered}
    for each in registered:
        own = made[identity(each)]
        if each["kind"] in ("PersistentVolumeClaim", "HorizontalPodAutoscaler", "ResourceQuota"):
            assert own["spec"] == each["spec"]
        if each["kind"] in ("Deployment", "Job"):
            ours, theirs = (one["spec"]["template"]["spec"]["containers"][0] for one in (own, each))
            assert ours["resources"] == theirs["resources"]
