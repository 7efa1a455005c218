"""What tells Prometheus where to read."""

from infra.manifests.model import service
from infra.manifests.monitoring import monitors
from tests.unit.infra.plan.stacks import KEDA, one, plan


def test_all_models_are_scraped_by_their_services_port() -> None:
    """What autoscalers ask for comes from there."""
    stack = plan(KEDA, {"monitoring": {"operator": True, "interval_s": 15, "labels": {"team": "a"}}}, one("legal"))
    (monitor,) = [each for each in monitors(stack) if each["kind"] == "ServiceMonitor"]
    (endpoint,) = monitor["spec"]["endpoints"]
    found = service(stack, stack.models[0])
    assert endpoint["port"] in [port["name"] for port in found["spec"]["ports"]]
    assert (endpoint["path"], endpoint["interval"]) == ("/metrics", "15s")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= found["metadata"]["labels"].items()
    assert monitor["metadata"]["labels"]["team"] == "a"


def test_without_the_operator_there_is_nothing_that_it_would_read() -> None:
    """Its kinds may not be there."""
    assert monitors(plan(one("legal"))) == []
