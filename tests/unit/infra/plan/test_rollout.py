"""How a stack's models are replaced, and what is told of it."""

from typing import Any

import pytest

from tests.unit.infra.plan.stacks import GPU, model, one, plan
from tests.unit.infra.recorder import stack_plan

ON_GPU = one(GPU, profile="gpu24-20g")
ONCE: dict[str, Any] = {"storage": {"access_mode": "ReadWriteOnce"}}


def spare(count: int, profile: str = "gpu24-20g") -> dict[str, Any]:
    """GPUs for rollouts."""
    return {"cluster": {"spare_gpus": {profile: count}}}


def told(*groups: dict[str, Any]) -> list[str]:
    """What is said of rollouts and spare GPUs."""
    return [each.text for each in plan(*groups).notices if "rollout" in each.text or "spare" in each.text]


def test_a_gpu_model_rolls_without_surge_and_a_cpu_model_with() -> None:
    """A spare GPU can't be presumed; a spare CPU can."""
    by_id = {each.id: each.base.rollout for each in stack_plan("prod").models}
    assert (by_id["llama-3-70b"].surge, by_id["llama-3-70b"].unavailable) == (0, 1)
    assert (by_id["legal"].surge, by_id["legal"].unavailable) == (1, 0)


@pytest.mark.parametrize(
    ("groups", "strategy", "surge"),
    [
        ([ON_GPU], "RollingUpdate", 0),
        ([ON_GPU, spare(1)], "RollingUpdate", 1),
        ([ON_GPU, spare(1, "gpu80-48g")], "RollingUpdate", 0),
        ([ON_GPU, spare(1), {"gpu": {"sharing": "mps"}}], "RollingUpdate", 1),
        ([one("legal"), ONCE], "Recreate", 0),
        ([one("legal", min_replicas=2), ONCE], "RollingUpdate", 0),
        ([one("legal", weights="ephemeral"), ONCE], "RollingUpdate", 1),
        ([one("legal"), ONCE, {"cluster": {"topology": "single-node"}}], "RollingUpdate", 1),
    ],
)
def test_what_is_spare_and_what_can_be_shared_decide(groups: list[dict[str, Any]], strategy: str, surge: int) -> None:
    """A GPU for the new pod, and a volume that both can mount."""
    found = model(*groups).base.rollout
    assert (found.strategy, found.surge) == (strategy, surge)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([ON_GPU], "a rollout pauses qwen2-5-32b for as long as loading takes, for there is one replica and no GPU"),
        ([one("legal"), ONCE], "a rollout pauses legal for as long as loading takes, for there is one replica and its"),
        ([one("legal"), spare(1)], "slipway:cluster.spare_gpus.gpu24-20g: no model of the stack has this profile"),
        (
            [{"models": {name: {"profile": "gpu24-20g"} for name in (GPU, "risk")}}, spare(1)],
            "1 spare GPUs of gpu24-20g are for qwen2-5-32b, risk, which want 2 when all are updated at once",
        ),
    ],
)
def test_what_is_less_than_one_may_think_is_told(groups: list[dict[str, Any]], expected: str) -> None:
    """Once for all models that it is about."""
    (text,) = told(*groups)
    assert expected in text


@pytest.mark.parametrize(
    "groups", [[one("legal")], [ON_GPU, spare(1)], [one(GPU, profile="gpu24-20g", min_replicas=2)]]
)
def test_a_rollout_that_nobody_notices_is_not_told(groups: list[dict[str, Any]]) -> None:
    """There is one to serve at any time."""
    assert told(*groups) == []
