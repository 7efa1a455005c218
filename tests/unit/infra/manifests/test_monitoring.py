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


def test_a_collector_is_told_to_every_server_and_none_is_by_itself() -> None:
    """By OpenTelemetry's own variables, with the stack's name."""
    endpoint = "http://collector.monitoring:4318"
    traced, silent = plan({"monitoring": {"otlp_endpoint": endpoint}}), plan()
    for model in traced.models:
        assert model.server.env["OTEL_EXPORTER_OTLP_ENDPOINT"] == endpoint
        assert model.server.env["OTEL_RESOURCE_ATTRIBUTES"] == "deployment.environment.name=staging"
    assert not [name for model in silent.models for name in model.server.env if name.startswith("OTEL_")]
