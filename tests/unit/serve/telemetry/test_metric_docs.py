"""docs/server.md against the metrics that there are: who writes a dashboard reads that table."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from serve.telemetry.gpu import Gpu, GpuWatch
from serve.telemetry.metrics import Metrics
from serve.telemetry.records import GenerationRecord
from tests.unit.serve.telemetry.test_model_metrics import STATUS

DOCS = Path(__file__).parents[4] / "docs" / "server.md"


def told() -> set[str]:
    """Names of all metrics of a server that has everything, as a query writes them."""
    metrics = Metrics(lambda: [STATUS], memory_bytes=lambda: 1, gpus=GpuWatch(lambda: lambda: (Gpu(0, 1, 1, 1),)))
    metrics.generation(GenerationRecord("m", "stop", 2.0, 0.3, 5, 7, queue_s=0.2))
    metrics.http_request("GET", "/health", 200, 0.01)
    metrics.refused("", "forbidden")
    families = text_string_to_metric_families(asyncio.run(metrics.scrape()).decode())
    return {f"{family.name}_total" if family.type == "counter" else family.name for family in families}


def test_every_metric_is_described_and_every_described_one_is_there() -> None:
    """By its whole name."""
    section = DOCS.read_text(encoding="utf-8").split("### Metrics\n", 1)[1].split("### Logs\n", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    described = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
    assert described == {name for name in told() if not name.startswith("process_")}
