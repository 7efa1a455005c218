"""Guards and storage before a real API server: every way of weights and backups, and a quota that holds at the peak."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

from infra.catalog.load import load_catalog
from infra.config import parse
from infra.endpoints import without_cluster
from infra.manifests.all import Images, objects
from infra.plan import Plan, make_plan
from tests.integration.platform.judge import Judge, pods
from tests.integration.plugins.control_plane import ControlPlane
from tests.unit.infra.recorder import raw_settings

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

NUM_ATTEMPTS = 20
DIGEST = "sha256:" + "ab" * 32
IMAGES = Images(f"serve@{DIGEST}", cuda=f"serve@{DIGEST}")
IMAGE = f"registry.example.com/weights@{DIGEST}"
TWO: dict[str, Any] = {"legal": {}, "risk": {}}
ALL = ["models", "config", "history"]
VOLUME, BUCKET = {"target": "volume", "what": ALL}, {"target": "s3", "bucket": "b-1", "secret": "s", "what": ALL}
MODERN = {"context": "c", "version": "1.36", "topology": "multi-zone"}
VARIANTS: dict[str, dict[str, Any]] = {
    "shared": {"storage": {"delivery": "shared"}, "models": TWO, "backup": VOLUME},
    "clones": {"storage": {"access_mode": "ReadOnlyMany"}, "models": TWO, "backup": VOLUME},
    "disks": {"storage": {"access_mode": "ReadWriteOnce"}, "models": TWO, "backup": VOLUME},
    "ephemeral": {"storage": {"delivery": "ephemeral"}, "models": TWO, "backup": BUCKET},
    "image": {"cluster": MODERN, "models": {"legal": {"weights": "image", "weights_image": IMAGE}}},
}


def plan_of(stack: str, namespace: str, **settings: Any) -> Plan:
    """A stack's plan with other settings, in a namespace of the test's own."""
    catalog = load_catalog()
    raw = {**raw_settings(stack), **settings, "namespace": namespace}
    return make_plan(parse(stack, raw, catalog, without_cluster()), catalog)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_api_server_takes_every_way_of_weights_and_backups(judge: Judge, variant: str) -> None:
    """By strict validation, in a restricted namespace, within its quota and limits."""
    plan = plan_of("staging", f"guarded-{variant}", **VARIANTS[variant])
    assert [str(finding) for finding in judge.judge(objects(plan, IMAGES))] == []


def test_the_quota_holds_at_the_peak_and_not_far_beyond(judge: Judge, platform_plane: ControlPlane) -> None:
    """All models of prod at their most replicas in a rollout, all Jobs, a backup and a shell: all at once."""
    plan = plan_of("prod", "guarded-peak", backup={**VOLUME, "size": "1Ti"})
    made = objects(plan, IMAGES)
    assert judge.judge([one for one in made if one["kind"] not in ("Deployment", "Job", "CronJob")]) == []
    peaks = {
        ("Deployment", one["metadata"]["name"]): tier.peak
        for model in plan.models
        for tier, one in zip(model.tiers, _deployments(made, model.id), strict=True)
    }
    refused = []
    for owner in made:
        is_suspended = owner.get("spec", {}).get("suspend", False)
        for pod in () if is_suspended else pods(owner):
            for number in range(peaks.get((owner["kind"], owner["metadata"]["name"]), 1)):
                refused += _create(platform_plane, pod, number)
    assert refused == []
    shell = {**next(pod for one in made if one["kind"] == "Job" for pod in pods(one))}
    assert _create(platform_plane, shell, 98) == []
    most = max(plan.models, key=lambda model: model.resources.memory_bytes)
    (base, *_) = _deployments(made, most.id)
    (server,) = pods(base)
    beyond = [_create(platform_plane, server, 100 + number) for number in range(60)]
    assert any("exceeded quota" in said for each in beyond for said in each)


def _deployments(made: list[dict[str, Any]], model: str) -> list[dict[str, Any]]:
    label = "slipway.dev/model"
    return [one for one in made if one["kind"] == "Deployment" and one["metadata"]["labels"][label] == model]


def _create(plane: ControlPlane, pod: dict[str, Any], number: int) -> list[str]:
    """For good: only then the quota counts it. What the server says against it; again, as a controller would, where
    it says only that the quota was counted at the same moment.
    """
    one = copy.deepcopy(pod)
    one["metadata"]["name"] = f"{one['metadata']['name'][:50]}-{number}"
    namespace = one["metadata"]["namespace"]
    for _ in range(NUM_ATTEMPTS):
        response = plane.http.post(f"/api/v1/namespaces/{namespace}/pods", json=one)
        if not response.is_error:
            return []
        if response.json().get("reason") != "Conflict":
            break
        time.sleep(0.2)
    return [response.json()["message"]]
