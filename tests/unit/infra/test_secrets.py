"""Secrets: who makes them, who can read them, and that no value is anywhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.manifests import all as manifests
from infra.manifests.objects import Manifest
from infra.manifests.secrets import secrets
from infra.plan import Plan
from tests.unit.infra.plan.stacks import one, plan
from tests.unit.infra.recorder import stack_plan

VALUE = "hf_a-value-that-must-be-nowhere-else"
VALUES = {"hub-token": VALUE, "api-keys": VALUE, "registry-login": VALUE}
IMAGES = manifests.Images("registry.example.com/serve@sha256:" + "ab" * 32)
LOGIN: dict[str, Any] = {"image": {"pull_secret": "login"}}


def stack(*groups: dict[str, Any], use: tuple[str, ...] = ("hub-token",), **keys: Any) -> Plan:
    """One model that comes from the hub, and Secrets with these keys."""
    return plan({"secrets": {"use": list(use), **keys}}, one("legal"), *groups)


def objects(found: Plan) -> list[Manifest]:
    """All of them, with the values of plain secrets."""
    return manifests.objects(found, IMAGES, VALUES)


def pods(found: Plan) -> dict[str, Manifest]:
    """Pod specs by the kind of their owner."""
    return {
        each["kind"]: each["spec"]["template"]["spec"]
        for each in objects(found)
        if each["kind"] in ("Deployment", "Job")
    }


def test_what_is_made_by_hand_is_made_by_nobody_else() -> None:
    """And a preview says what must be there."""
    found = stack()
    assert secrets(found, VALUES) == []
    assert any("pods wait for Secrets that must be made by hand" in each.text for each in found.notices)


def test_a_plain_secret_has_its_value_and_nothing_else_has() -> None:
    """Without the value there is no object: plain YAML is made so."""
    found = stack(source="plain")
    (secret,) = secrets(found, VALUES)
    assert (secret["kind"], secret["stringData"]) == ("Secret", {"token": VALUE})
    others = [each for each in objects(found) if each["kind"] != "Secret"]
    assert VALUE not in json.dumps(others)
    assert secrets(found, {}) == []


def test_an_external_secret_follows_its_store() -> None:
    """Each stack below its own name."""
    found = stack(source="external", store="vault", refresh_s=600)
    (secret,) = secrets(found, VALUES)
    assert secret["apiVersion"] == "external-secrets.io/v1"
    spec = secret["spec"]
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "vault"}
    assert spec["refreshInterval"] == "600s"
    assert spec["data"] == [{"secretKey": "token", "remoteRef": {"key": "slipway/staging/hub-token"}}]
    assert VALUE not in json.dumps(objects(found))


def test_the_hubs_token_is_a_file_of_who_downloads() -> None:
    """No server that only reads a volume has it, and no variable has its value."""
    found = stack()
    by_kind = pods(found)
    (job,) = by_kind["Job"]["containers"]
    assert {"name": "HF_TOKEN_PATH", "value": "/run/secrets/slipway/hub-token/token"} in job["env"]
    assert "hub-token" in [mount["name"] for mount in job["volumeMounts"]]
    assert "hub-token" not in json.dumps(by_kind["Deployment"])


def test_a_model_that_downloads_as_it_starts_has_it_before_it_serves_only() -> None:
    """The container that serves does not see the file."""
    found = stack(one("legal", weights="ephemeral"))
    pod = pods(found)["Deployment"]
    assert "hub-token" in json.dumps(pod["initContainers"])
    assert "hub-token" not in json.dumps(pod["containers"])


def test_keys_of_the_api_are_a_file_of_the_servers() -> None:
    """By a folder, not by a file of its own: a mounted file would never change. Jobs have nothing to do with them."""
    found = stack(use=("api-keys",))
    by_kind = pods(found)
    (server,) = by_kind["Deployment"]["containers"]
    assert {"name": "SLIPWAY_API_KEYS_FILE", "value": "/run/secrets/slipway/api-keys/keys"} in server["env"]
    (mount,) = (each for each in server["volumeMounts"] if each["name"] == "api-keys")
    assert mount == {"name": "api-keys", "mountPath": "/run/secrets/slipway/api-keys", "readOnly": True}
    assert "api-keys" not in json.dumps(by_kind["Job"])


def test_a_token_that_nobody_needs_is_told() -> None:
    """The one model of the local stack comes in a package."""
    found = plan({"secrets": {"use": ["hub-token"]}}, one("gemma-3-270m"))
    assert any("nothing reads it" in each.text for each in found.notices)
    assert "hub-token" not in json.dumps(pods(found))


@pytest.mark.parametrize("keys", [{"source": "plain"}, {"source": "external", "store": "vault"}])
def test_the_registrys_login_is_a_secret_of_its_own_type(keys: dict[str, Any]) -> None:
    """Under the name that service accounts have."""
    found = stack(LOGIN, use=("registry-login",), **keys)
    (secret,) = secrets(found, VALUES)
    assert secret["metadata"]["name"] == "login"
    assert "kubernetes.io/dockerconfigjson" in json.dumps(secret)
    accounts = [each for each in objects(found) if each["kind"] == "ServiceAccount"]
    assert all(each["imagePullSecrets"] == [{"name": "login"}] for each in accounts)


@pytest.mark.parametrize("name", ["local", "staging", "prod"])
def test_our_own_stacks_have_no_secret(name: str) -> None:
    """Their models are open to everybody."""
    assert secrets(stack_plan(name), VALUES) == []
