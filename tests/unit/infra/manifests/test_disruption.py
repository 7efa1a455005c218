"""What voluntary disruptions may take at once."""

from infra.manifests.disruption import budgets
from tests.unit.infra.plan.stacks import BURST, KEDA, one, plan


def test_each_tier_gives_one_pod_at_a_time() -> None:
    """A pod that is broken never blocks a drain."""
    stack = plan(KEDA, BURST, one("legal", min_replicas=2, max_replicas=8))
    found = budgets(stack, stack.models[0])
    assert [each["metadata"]["name"] for each in found] == ["legal", "legal-burst"]
    for each in found:
        assert each["spec"]["maxUnavailable"] == 1
        assert each["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_a_single_pod_on_spot_has_no_budget() -> None:
    """It is there to be taken away; a budget would only be in the way."""
    stack = plan(KEDA, BURST, one("legal", min_replicas=2, max_replicas=3))
    assert [each["metadata"]["name"] for each in budgets(stack, stack.models[0])] == ["legal"]
