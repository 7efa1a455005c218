"""Every object of every stack of ours before a real API server: none is refused, and none is warned of."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.platform import stacks
from tests.integration.platform.crowd import refused_at_most
from tests.integration.platform.judge import Judge, pods
from tests.integration.plugins.control_plane import ControlPlane

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

STACKS = ("local", "staging", "prod")


@pytest.mark.parametrize("stack", STACKS)
def test_the_api_server_takes_every_object_of_a_stack(judge: Judge, stack: str) -> None:
    """By strict field validation, in a namespace that admits `restricted` only, within its quota and limits."""
    objects = stacks.objects(stack, f"judged-{stack}")
    assert any(pod for each in objects for pod in pods(each))
    assert [str(finding) for finding in judge.judge(objects)] == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_quota_holds_when_all_models_have_their_most_replicas_and_are_updated(
    judge: Judge, platform_plane: ControlPlane, stack: str
) -> None:
    """No pod is refused then: the quota is for what an attacker wants, not for what the autoscaler may."""
    namespace = f"most-{stack}"
    assert judge.judge(stacks.objects(stack, namespace)) == []
    assert refused_at_most(platform_plane.http, namespace) == {}


NAMESPACE = "judged-bad"
POD = {"containers": [{"name": "a", "image": "a", "resources": {"requests": {"cpu": "2"}}}]}


def an(version: str, kind: str, spec: dict[str, Any], name: str = "bad") -> dict[str, Any]:
    """An object in the namespace of bad examples."""
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def test_the_judge_tells_what_is_wrong_and_nothing_else(judge: Judge) -> None:
    """Unknown fields and kinds, what a schema or its rules forbid, a pod that is not admitted, one over the quota."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    issuer, listener = {"name": "a"}, {"name": "a", "port": 80, "protocol": "HTTP"}
    job = {"template": {"spec": {**POD, "restartPolicy": "Never"}}}
    objects = [
        an("batch/v1", "CronJob", {"schedule": "@daily", "jobTemplate": {"spec": job}}),
        an("v1", "ResourceQuota", {"hard": {"requests.cpu": "1"}}),
        an("v1", "Service", {"ports": [{"port": 80}], "selectors": {"a": "b"}}),
        an("cert-manager.io/v1", "Certificate", {"secretName": "a", "issuerRef": issuer, "dnsName": "a"}),
        an("keda.sh/v1alpha1", "ScaledObject", {"scaleTargetRef": {"name": "a"}}),
        an("external-secrets.io/v1", "ExternalSecret", {"refreshPolicy": "Sometimes"}),
        an("monitoring.coreos.com/v1", "PrometheusRule", {"groups": [{"name": "a", "rules": [{"alert": "a"}]}]}),
        an("gateway.networking.k8s.io/v1", "Gateway", {"gatewayClassName": "a", "listeners": [listener, listener]}),
        an("example.com/v1", "Unheard", {}),
        an("cert-manager.io/v1", "Issuer", {"selfSigned": {}}, name="good"),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}},
    ]
    found: dict[str, str] = {}
    for finding in judge.judge(objects):
        found[finding.subject] = found.get(finding.subject, "") + finding.said
    expected = {
        "Service/bad": 'unknown field "spec.selectors"|field not declared in schema',
        "Certificate/bad": "field not declared in schema|unknown field",
        "ScaledObject/bad": "spec.triggers",
        "ExternalSecret/bad": "Unsupported value",
        "PrometheusRule/bad": "expr",
        "Gateway/bad": "Listener name must be unique|Duplicate|duplicate",
        "Unheard/bad": "could not find the requested resource|404",
        "CronJob/bad": "would violate PodSecurity",
        "a Pod of CronJob/bad": "violates PodSecurity",
    }
    assert set(found) == set(expected)
    assert [said for name, said in found.items() if not re.search(expected[name], said)] == []


def test_a_pod_over_the_quota_is_told(judge: Judge, platform_plane: ControlPlane) -> None:
    """As it would be refused when it comes, not when its Deployment comes."""
    namespace = "judged-quota"
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": POD}}
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        an("v1", "ResourceQuota", {"hard": {"requests.cpu": "1"}}),
        an("apps/v1", "Deployment", spec),
    ]
    for each in objects[1:]:
        each["metadata"]["namespace"] = namespace
    [finding] = judge.judge(objects)
    assert finding.subject == "a Pod of Deployment/bad"
    assert "exceeded quota" in finding.said
    assert "exceeded quota" in refused_at_most(platform_plane.http, namespace, refused_s=1)["bad"]
