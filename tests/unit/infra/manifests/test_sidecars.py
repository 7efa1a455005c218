"""The objects of what stands beside the models."""

from __future__ import annotations

from typing import Any

import pytest

from infra import names
from infra.errors import ConfigError
from infra.manifests.all import Images, objects
from infra.manifests.objects import Manifest
from infra.plan import Plan
from tests.unit.infra.plan.stacks import plan

TUNNEL: dict[str, Any] = {"sidecars": {"tunnel": {"secret": "tunnels", "models": ["legal"]}}}
REQUIRED: dict[str, Any] = {"sidecars": {"tunnel": {"secret": "tunnels", "required": True}}}
MONITOR: dict[str, Any] = {"sidecars": {"health_monitor": {"enabled": True, "webhook_secret": "alarm"}}}
IMAGES = Images("serve", {}, "cuda", "cublas", "cloudflared", "monitor")


def made(found: Plan, kind: str, name: str) -> Manifest:
    """The one object."""
    (one,) = [each for each in objects(found, IMAGES) if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return one


def pod(found: Plan, name: str) -> Manifest:
    template = made(found, "Deployment", name)["spec"]["template"]
    return {**template["spec"], "labels": template["metadata"]["labels"]}


def test_a_tunnel_is_a_native_sidecar_of_its_models_pods_alone() -> None:
    """An init container that is always restarted: there before the server, and until it has ended."""
    found = plan(TUNNEL)
    (tunnel,) = pod(found, "legal")["initContainers"]
    assert (tunnel["name"], tunnel["image"], tunnel["restartPolicy"]) == ("tunnel", "cloudflared", "Always")
    assert pod(found, "legal")["labels"][names.TUNNEL_LABEL] == "true"
    assert "initContainers" not in pod(found, "risk")
    assert names.TUNNEL_LABEL not in pod(found, "risk")["labels"]


def test_its_token_is_a_file_and_of_its_model() -> None:
    """No variable and no argument has it, and no pod has another model's."""
    found = pod(plan(TUNNEL), "legal")
    (tunnel,) = found["initContainers"]
    env = {each["name"]: each["value"] for each in tunnel["env"]}
    assert tunnel["args"] == ["tunnel", "run"]
    assert "TUNNEL_TOKEN" not in env
    (mount,) = tunnel["volumeMounts"]
    assert env["TUNNEL_TOKEN_FILE"] == f"{mount['mountPath']}/token"
    (volume,) = [each for each in found["volumes"] if each["name"] == mount["name"]]
    assert volume["secret"]["secretName"] == "tunnels"
    assert volume["secret"]["items"] == [{"key": "legal", "path": "token"}]
    assert not [each for each in found["containers"][0]["volumeMounts"] if each["name"] == mount["name"]]


def test_an_outage_of_the_tunnel_is_an_event_and_takes_no_model() -> None:
    """Nothing waits for it, nothing becomes unready or is ended by it: those who come by other ways are served on."""
    (tunnel,) = pod(plan(TUNNEL), "legal")["initContainers"]
    assert not {"startupProbe", "readinessProbe", "lifecycle"} & tunnel.keys()
    assert tunnel["livenessProbe"]["httpGet"]["path"] == "/ready"
    years = tunnel["livenessProbe"]["failureThreshold"] * tunnel["livenessProbe"]["periodSeconds"] / 31_536_000
    assert years > 1000


def test_a_model_that_is_reached_by_its_tunnel_alone_is_ready_when_that_stands() -> None:
    """And is started all the same: it may load while Cloudflare is away."""
    (tunnel,) = pod(plan(REQUIRED), "legal")["initContainers"]
    assert tunnel["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert not {"startupProbe", "livenessProbe"} & tunnel.keys()


@pytest.mark.parametrize("settings", [TUNNEL, REQUIRED])
def test_a_tunnel_that_ends_is_started_again_within_its_container(settings: dict[str, Any]) -> None:
    """A container that has ended is not ready, and its pod neither."""
    (tunnel,) = pod(plan(settings), "legal")["initContainers"]
    assert {"name": "KEEP_RUNNING", "value": "true"} in tunnel["env"]


def test_weights_come_before_the_tunnel() -> None:
    """Where a pod downloads before it serves: nothing could be served before."""
    found = plan(TUNNEL, {"storage": {"delivery": "ephemeral"}})
    assert [each["name"] for each in pod(found, "legal")["initContainers"]] == ["weights", "tunnel"]


def test_sidecars_are_as_restricted_as_servers() -> None:
    """Nobody, without a capability, a writable root or a token, and with bounds on all that they use."""
    beside = [
        pod(plan(TUNNEL), "legal")["initContainers"][0],
        pod(plan(MONITOR), "slipway-health-monitor")["containers"][0],
    ]
    for container in beside:
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}
        assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
    monitor = pod(plan(MONITOR), "slipway-health-monitor")
    assert monitor["automountServiceAccountToken"] is False
    assert monitor["securityContext"]["runAsUser"] == names.NOBODY


def test_the_monitors_webhook_is_a_file() -> None:
    """Its address is a secret."""
    found = pod(plan(MONITOR), "slipway-health-monitor")
    env = {each["name"]: each["value"] for each in found["containers"][0]["env"]}
    assert env["MONITOR_WEBHOOK_URL_FILE"] == f"{found['containers'][0]['volumeMounts'][0]['mountPath']}/url"
    assert found["volumes"][0]["secret"]["secretName"] == "alarm"
    plain: dict[str, Any] = {"sidecars": {"health_monitor": {"enabled": True}}}
    assert "volumes" not in pod(plan(plain), "slipway-health-monitor")


def test_monitors_are_never_more_than_planned_and_several_may_be_drained_one_by_one() -> None:
    """Each tells of a change; production has two, on different nodes where there are such, and a budget."""
    one, two = plan(MONITOR), plan(MONITOR, stack="prod")
    for found, count in ((one, 1), (two, 2)):
        spec = made(found, "Deployment", "slipway-health-monitor")["spec"]
        assert spec["replicas"] == count
        assert spec["strategy"]["rollingUpdate"]["maxSurge"] == 0
    assert made(two, "PodDisruptionBudget", "slipway-health-monitor")["spec"]["maxUnavailable"] == 1
    assert "PodDisruptionBudget/slipway-health-monitor" not in named(one)


def named(found: Plan) -> set[str]:
    return {f"{each['kind']}/{each['metadata']['name']}" for each in objects(found, IMAGES)}


def test_prometheus_finds_the_monitor_where_its_operator_is() -> None:
    """By its Service's port."""
    found = plan(MONITOR, {"monitoring": {"operator": True}})
    (endpoint,) = made(found, "ServiceMonitor", "slipway-health-monitor")["spec"]["endpoints"]
    (port,) = made(found, "Service", "slipway-health-monitor")["spec"]["ports"]
    assert endpoint["port"] == port["name"]
    assert "ServiceMonitor/slipway-health-monitor" not in named(plan(MONITOR))


def test_without_them_there_is_no_trace() -> None:
    """No account, no policy, no container."""
    assert not [name for name in named(plan()) if "monitor" in name or "tunnel" in name]


STORE: dict[str, Any] = {"secrets": {"source": "external", "store": "vault"}}


def external(*groups: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """What comes from a store: keys of each Secret, and where they are there."""
    found = [each for each in objects(plan(*groups), IMAGES) if each["kind"] == "ExternalSecret"]
    return {
        each["spec"]["target"]["name"]: [(one["secretKey"], one["remoteRef"]["key"]) for one in each["spec"]["data"]]
        for each in found
    }


def test_their_secrets_come_from_the_store_of_the_stack() -> None:
    """Under the names that the settings say, with a token of each model that has a tunnel."""
    both = {"sidecars": {**TUNNEL["sidecars"], **MONITOR["sidecars"]}}
    assert external(both, STORE) == {
        "tunnels": [("legal", "slipway/staging/tunnel-token/legal")],
        "alarm": [("url", "slipway/staging/webhook-url")],
    }
    assert external(both) == {}
    said = [notice.text for notice in plan(both, STORE).notices]
    assert not [text for text in said if "wait for the Secret" in text or "waits for the Secret" in text]


def test_one_secret_may_have_all_of_it() -> None:
    """It is made once."""
    tunnel = {"secret": "beside", "models": ["legal"]}
    watching = {"enabled": True, "webhook_secret": "beside"}
    assert external({"sidecars": {"tunnel": tunnel, "health_monitor": watching}}, STORE) == {
        "beside": [("legal", "slipway/staging/tunnel-token/legal"), ("url", "slipway/staging/webhook-url")]
    }


def test_a_store_for_nothing_is_still_refused() -> None:
    """Without a use and without a sidecar that has a Secret, the setting would do nothing."""
    watching: dict[str, Any] = {"sidecars": {"health_monitor": {"enabled": True}}}
    with pytest.raises(ConfigError, match=r"secrets\.use: \[\]"):
        plan(watching, STORE)
