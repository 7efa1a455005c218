"""What a real server tells Prometheus, judged by promtool; and the alerts about it that the Pulumi program makes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from infra.manifests.monitoring import rules
from serve.pulls.types import PullOrder, PullState, PullStatus
from serve.telemetry.gpu import Gpu, GpuWatch
from serve.telemetry.metrics import Metrics
from tests.helpers.promtool import promtool
from tests.helpers.running_server import RunningServer
from tests.unit.infra.plan.stacks import KEDA, plan

pytestmark = pytest.mark.engine

SEEDS = {"model_request_duration_seconds", "model_request", "model_memory_usage_bytes", "queue_depth"}
SEEDS |= {"active_model_count"}  # gpu_utilization_percent is there where a GPU is


def test_promtool_finds_nothing_to_say(server: RunningServer) -> None:
    """After requests of all kinds, on both ports; the names that dashboards were written for are there."""
    for change in ({}, {"stream": True}, {"model": "nobody"}, {"max_tokens": -1}):
        body = {"model": "tiny", "prompt": "one two", "max_tokens": 4} | change
        httpx.post(f"{server.url}/v1/completions", json=body, timeout=30)
    for port in (server.port, server.metrics_port):
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).content
        assert promtool("check", "metrics", stdin=text) == (0, "")
        families = {family.name: family for family in text_string_to_metric_families(text.decode())}
        assert set(families) >= SEEDS
        (active,) = families["active_model_count"].samples
        assert active.value == 1
        outcomes = {s.labels["outcome"] for s in families["model_request"].samples}
        assert outcomes >= {"length"}


def test_promtool_finds_nothing_to_say_of_what_this_machine_may_lack() -> None:
    """GPUs, pulls, a budget for models, keys that were refused."""
    order = PullOrder("owner/name", "a.gguf")
    pulls = [
        PullStatus(str(state), order, state, 5, 9, 1.0, 4.0, "", (), 0.0)
        for state in (PullState.DOWNLOADING, PullState.COMPLETE)
    ]
    watch = GpuWatch(lambda: lambda: (Gpu(0, 87, 2**30, 2**34),))
    metrics = Metrics(list, pulls=lambda: pulls, memory_bytes=lambda: 2**34, gpus=watch)
    metrics.refused("", "invalid_api_key")
    text = asyncio.run(metrics.scrape())
    assert b'gpu_utilization_percent{gpu="0"} 87.0' in text
    assert promtool("check", "metrics", stdin=text) == (0, "")


def test_promtool_can_read_the_alerts(tmp_path: Path) -> None:
    """Expressions and templates, of a stack with all of them."""
    stack = plan({"monitoring": {"operator": True}}, KEDA)
    groups = rules(stack)["spec"]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(groups))
    code, told = promtool("check", "rules", str(file))
    assert (code, "SUCCESS" in told) == (0, True), told
    assert f"{len(groups['groups'][0]['rules'])} rules found" in told
