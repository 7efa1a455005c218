"""Ways to scale and to share GPUs that no stack of ours takes: the API server takes their objects all the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.platform.judge import Judge
from tests.unit.infra.plan.stacks import BURST, GPU, KEDA, one, plan
from tests.unit.infra.recorder import kubernetes_objects, record

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

ON_GPU = one(GPU, profile="gpu80-48g", min_replicas=1, max_replicas=4)
HOURS = [{"days": "daily", "start": "22:00", "end": "06:00", "min_replicas": 0, "time_zone": "Europe/Berlin"}]
WAYS: dict[str, list[dict[str, Any]]] = {
    "hpa-burst": [BURST, one("legal", min_replicas=1, max_replicas=4)],
    "hpa-adapter": [{"scaling": {"metrics": "adapter"}}, BURST, ON_GPU],
    "keda-hours": [KEDA, BURST, {"monitoring": {"operator": True}}, one("legal", min_replicas=2, schedule=HOURS)],
    "keda-cpu": [KEDA, one("legal", signal="cpu")],
    "all-spot": [KEDA, BURST, one("legal", min_replicas=1, max_replicas=3, on_demand_floor=0)],
    "time-slicing": [{"gpu": {"sharing": "time-slicing"}}, KEDA, ON_GPU],
    "mig": [{"gpu": {"sharing": "mig", "mig_profile": "3g.40gb"}}, KEDA, ON_GPU],
    "cublas": [
        {"cluster": {"version": "1.36"}, "image": {"cublas": "volume"}},
        one("gpt-oss", profile="gpu24-22g"),
    ],
    "dra": [{"gpu": {"sharing": "dra"}, "cluster": {"version": "1.36", "scheduler": "packing"}}, KEDA, ON_GPU],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_api_server_takes_every_object_of_a_way(judge: Judge, way: str) -> None:
    """By strict field validation, with every pod admitted and within its quota."""
    found = plan({"namespace": f"way-{way}"}, *WAYS[way])
    assert [str(finding) for finding in judge.judge(kubernetes_objects(record(found)))] == []
