"""Ways in, Secrets and monitors that no stack of ours has: the API server takes their objects all the same."""

from __future__ import annotations

from typing import Any

import pytest

from infra.manifests import all as manifests
from tests.integration.platform.judge import Judge
from tests.unit.infra.plan.stacks import one, plan

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

IMAGES = manifests.Images("registry.example.com/serve@sha256:" + "ab" * 32)
VALUES = {"hub-token": "token", "api-keys": "key", "registry-login": '{"auths": {}}'}
USE = {"use": ["hub-token", "api-keys", "registry-login"]}
LOGIN: dict[str, Any] = {"image": {"pull_secret": "login"}}
ISSUED = {"tls_secret": "none", "issuer": "letsencrypt"}
SHARED = {"kind": "gateway", "gateway": "shared", "gateway_namespace": "infra-edge"}
WAYS: dict[str, list[dict[str, Any]]] = {
    "nginx-issuer": [{"edge": {**ISSUED, "issuer_kind": "Issuer"}}],
    "traefik": [{"edge": {"class": "traefik", "timeout_s": 600}}],
    "no-affinity": [{"edge": {"affinity_s": 0, "tls_secret": "none"}}],
    "gateway": [{"edge": {"kind": "gateway", "tls_secret": "none", "timeout_s": 86400}}],
    "gateway-issuer": [{"edge": {"kind": "gateway", **ISSUED}}],
    "gateway-shared": [{"edge": SHARED}],
    "external": [{"secrets": {**USE, "source": "external", "store": "vault", "store_kind": "SecretStore"}}, LOGIN],
    "plain": [{"secrets": {**USE, "source": "plain"}}, LOGIN, one("legal", weights="ephemeral")],
    "by-hand": [{"secrets": USE}, LOGIN],
    "watched": [{"monitoring": {"operator": True, "labels": {"release": "mine"}, "interval_s": 15}}],
    "recreated": [{"storage": {"access_mode": "ReadWriteOnce"}}, one("legal", step_tokens=256, draft_tokens=4)],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_api_server_takes_every_object_of_a_way_in(judge: Judge, way: str) -> None:
    """By strict field validation and the rules of the kinds, with every pod admitted and within its quota."""
    found = plan({"namespace": f"edge-{way}"}, one("legal"), *WAYS[way])
    assert [str(finding) for finding in judge.judge(manifests.objects(found, IMAGES, VALUES))] == []
