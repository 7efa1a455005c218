"""By what and how fast the number of replicas follows the load."""

from typing import Any

import pytest

from infra.plan import ScalingPlan
from tests.unit.infra.plan.stacks import BURST, GPU, KEDA, model, one, plan

ADAPTER: dict[str, Any] = {"scaling": {"metrics": "adapter"}}
ON_GPU = one(GPU, profile="gpu24-20g")


def scaling(*groups: dict[str, Any]) -> ScalingPlan:
    """Of the base."""
    return model(*groups).base.scaling


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([one("legal")], "cpu"),
        ([ADAPTER, one("legal")], "cpu"),
        ([ON_GPU], "cpu"),
        ([ADAPTER, ON_GPU], "queue"),
        ([ADAPTER, one("legal", signal="queue")], "queue"),
        ([KEDA, one("legal")], "queue"),
        ([KEDA, ON_GPU], "queue"),
        ([KEDA, one("legal", signal="cpu")], "cpu"),
        ([{"scaling": {"engine": "keda", "signal": "cpu"}}, one("legal")], "cpu"),
        ([{"scaling": {"engine": "keda", "signal": "cpu"}}, one("legal", signal="queue")], "queue"),
    ],
)
def test_the_queue_is_the_signal_wherever_it_can_be_read(groups: list[dict[str, Any]], expected: str) -> None:
    """But an HPA scales what runs on processors by these."""
    (signal,) = scaling(*groups).signals
    assert signal.kind == expected


def test_a_replica_shall_have_a_share_of_its_slots() -> None:
    """The rest is what arrives while the next one loads."""
    keda = {"scaling": {"engine": "keda", "busy_percent": 50}}
    assert scaling(keda, one("legal", num_slots=6)).signals[0].target == 3
    assert scaling({"scaling": {"busy_percent": 50}}, one("legal")).signals[0].target == 2000


def test_a_warm_pool_is_load_that_is_not_there() -> None:
    """So there are replicas beyond what is asked for, and they have loaded."""
    (signal,) = scaling(KEDA, one("legal", num_slots=5, keep_warm=2)).signals
    assert signal.query is not None
    assert signal.query.endswith(" + 8, 0)")
    _, burst = model(KEDA, BURST, one("legal", num_slots=5, keep_warm=1, min_replicas=1, max_replicas=4)).tiers
    assert not str(burst.scaling.signals[0].query).startswith("clamp_min")  # warm by one, beyond a base of one


def test_fewer_replicas_come_only_after_a_new_one_could_have_loaded() -> None:
    """`quiet_s`, or longer; the API takes no more than an hour."""
    assert scaling({"scaling": {"quiet_s": 1200}}, one("legal")).down_window_s == 1200
    short = model({"scaling": {"quiet_s": 1}}, one("legal"))
    assert short.base.scaling.down_window_s == short.probes.load_s
    assert all(each.base.scaling.down_window_s <= 3600 for each in plan(stack="prod").models)


def test_without_an_answer_there_are_no_fewer_replicas_than_the_least() -> None:
    """A fallback is for what is asked of Prometheus; an HPA keeps what it has."""
    assert scaling(KEDA, one("legal", min_replicas=2)).fallback is not None
    assert scaling(KEDA, one("legal", signal="cpu")).fallback is None
    assert scaling(one("legal")).fallback is None


def test_a_model_that_sleeps_is_not_missing() -> None:
    """With no replica there is no series: then no answer means no request. Elsewhere it is a fault."""
    day = {"days": "weekdays", "start": "08:00", "end": "18:00", "min_replicas": 1}
    (asleep,) = scaling(KEDA, one("legal", min_replicas=0, schedule=[day])).signals
    (awake,) = scaling(KEDA, one("legal", min_replicas=1, schedule=[])).signals
    assert "or vector(0)" in str(asleep.query)
    assert "or vector(0)" not in str(awake.query)


def test_it_doubles_fast_and_shrinks_slowly() -> None:
    """A queue grows while new replicas load."""
    found = scaling(one("legal"))
    assert (found.up_window_s, found.up_percent, found.down_pods) == (0, 100, 1)
    assert found.up_pods > found.down_pods
