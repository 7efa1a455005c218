"""What a preview tells of scaling, spot and shared GPUs."""

from typing import Any

import pytest

from infra.plan.tier_notices import tier_notices
from tests.unit.infra.plan.stacks import BURST, GPU, KEDA, config, one, plan

WATCHED: dict[str, Any] = {"monitoring": {"operator": True}}
ON_GPU = one(GPU, profile="gpu24-20g")
MIG: dict[str, Any] = {"gpu": {"sharing": "mig", "mig_profile": "1g.10gb"}}


def told(*groups: dict[str, Any]) -> list[str]:
    """All that is told of a stack's tiers."""
    return list(tier_notices(config(*groups), plan(*groups).models))


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([ON_GPU], "scaled by CPU, which says little about a GPU: qwen2-5-32b; set slipway:scaling.engine keda"),
        ([KEDA, one("legal")], "nothing of this stack makes it scrape them; set slipway:monitoring.operator true"),
        ([BURST, one("legal", min_replicas=2, max_replicas=2)], "nothing is on spot, the floor is all there is: legal"),
        ([BURST, one("legal", min_replicas=1, max_replicas=2)], "a replica more than min_replicas is always there, on"),
        (
            [{"spot": {"use": "burst", "grace_s": 200}}, KEDA, WATCHED, one("legal")],
            "slipway:spot.grace_s is 200, and provider aws leaves 110 s",
        ),
        ([{"cluster": {"scheduler": "packing"}}, one("legal")], "all model pods wait for a scheduler called packing"),
        ([{"gpu": {"sharing": "mps"}}, KEDA, WATCHED, ON_GPU], "GPUs by mps (qwen2-5-32b): faults are not kept apart"),
        ([{"gpu": {"sharing": "time-slicing"}}, KEDA, WATCHED, ON_GPU], "memory and faults are not kept apart"),
        ([MIG, KEDA, WATCHED, ON_GPU], "GPUs by mig (qwen2-5-32b): power and clocks are not kept apart"),
    ],
)
def test_what_is_less_than_one_may_think_is_told_once(groups: list[dict[str, Any]], expected: str) -> None:
    """With the model, and with what to do where something can be done."""
    (text,) = told(*groups)
    assert expected in text


@pytest.mark.parametrize(
    "groups",
    [
        [one("legal")],
        [KEDA, WATCHED, BURST, one("legal")],
        [KEDA, one("legal", signal="cpu")],
        [{"scaling": {"metrics": "adapter"}}, ON_GPU],
        [BURST, one("legal", min_replicas=3, max_replicas=6, on_demand_floor=1)],
    ],
)
def test_what_is_as_it_is_asked_for_is_not_told(groups: list[dict[str, Any]]) -> None:
    """A warning that is always there is read by nobody."""
    assert told(*groups) == []
