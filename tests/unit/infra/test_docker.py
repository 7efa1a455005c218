"""A stack for one machine with Docker, on Pulumi's mocks: what it registers. No engine and no plugin take part."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pulumi
import pulumi_docker
import pytest
from pulumi.runtime.mocks import MockResourceArgs, set_mocks

from infra import cluster
from infra.components import docker
from infra.errors import ConfigError
from infra.outputs import machine
from infra.plan import Plan
from infra.program import build
from tests.unit.infra.outputs.samples import changed, references
from tests.unit.infra.recorder import DIGEST, STACKS, Recorder

Resources = dict[tuple[str, str], dict[str, Any]]
REGISTRY = {"registry": "registry.example.com"}


class DockerRecorder(Recorder):
    """An image that is pulled has an id, and what fetches ends well."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """As the provider would answer."""
        found, outputs = super().new_resource(args)
        if args.typ.endswith("RemoteImage"):
            outputs["imageId"] = f"id of {args.inputs['name']}"
        if args.typ.endswith("Container"):
            outputs["exitCode"] = 0
        return found, outputs


@cache
def planned(stack: str) -> Plan:
    """A stack file of ours with another target."""
    return changed(stack, target="docker")


def registered(plan: Plan) -> Resources:
    """Inputs by type and name."""
    recorder = DockerRecorder()
    set_mocks(recorder, project="slipway", stack=plan.stack, preview=False)
    pulumi.runtime.test(lambda: build(plan, cluster.Access(None, "none", "none")))()  # type: ignore[no-untyped-call]
    return {(one.type.split("/")[-1].split(":")[-1], one.name): dict(one.inputs) for one in recorder.seen}


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    """Every stack in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def resources(stack: str) -> Resources:
    """What it registers."""
    return registered(planned(stack))


def env(container: dict[str, Any]) -> dict[str, str]:
    """Of a container, as a mapping."""
    return dict(each.split("=", 1) for each in container["envs"])


def test_every_container_of_the_plan_is_registered_and_no_object_of_a_cluster(stack: str, resources: Resources) -> None:
    """A network, a volume for each model's weights, and all that runs."""
    plan = planned(stack)
    wanted = {each.name for each in machine.containers(plan, references(plan))}
    found = {name for kind, name in resources if kind == "Container"}
    holders = {name for name in found if not resources["Container", name].get("start", True)}
    assert found - holders == wanted
    assert ("Network", "slipway") in resources
    assert set(machine.volumes(plan)) <= {name for kind, name in resources if kind == "Volume"}
    assert not [kind for kind, _ in resources if kind in ("Namespace", "Deployment", "Ingress")]


def test_servers_agree_with_the_plan(stack: str, resources: Resources) -> None:
    """Settings, models.json, sizes, ports, times: the same values as in every other output."""
    plan = planned(stack)
    for model in plan.models:
        container = resources["Container", model.id]
        assert env(container) == machine.environment(model)
        assert json.loads(env(container)["SLIPWAY_MODELS_JSON"]) == json.loads(model.server.models_json)
        assert float(container["cpus"]) * 1000 == model.resources.cpu_limit_m
        assert container["memory"] * docker.MIB >= model.resources.memory_bytes
        assert container["stopTimeout"] == model.base.grace_s
        [port] = container["ports"]
        assert (port["internal"], port["external"]) == (8000, machine.port_of(plan, model))
        assert port["ip"] == "127.0.0.1"
        budget_s = model.probes.period_s * model.probes.startup_failures
        assert container["healthcheck"]["startPeriod"] == f"{budget_s}s"
        assert container["waitTimeout"] > budget_s


def test_every_container_that_runs_is_fenced(resources: Resources) -> None:
    """As in a cluster."""
    for (kind, _), each in resources.items():
        if kind == "Container" and each.get("start", True):
            assert each["user"] == "65534:65534"
            assert each["readOnly"] is True
            assert each["capabilities"] == {"drops": ["ALL"]}
            assert each["securityOpts"] == ["no-new-privileges:true"]
            assert each["memory"] == each["memorySwap"]


def test_images_are_pulled_by_digest(resources: Resources) -> None:
    """Those that are built here and those that are not."""
    names = [each["name"] for (kind, _), each in resources.items() if kind == "RemoteImage"]
    assert names
    assert all(name.endswith(f"@{DIGEST}") for name in names)


def test_a_server_starts_when_its_weights_are_there(resources: Resources) -> None:
    """The one that fetches is waited for; its end is an input of the server."""
    servers = [each for (kind, _), each in resources.items() if kind == "Container" and "ports" in each]
    for server in servers:
        labels = {each["label"]: each["value"] for each in server["labels"]}
        fetch = next(
            each for each in resources.values() if each.get("name") == labels[docker.FETCH_LABEL] and "attach" in each
        )
        assert (fetch["attach"], fetch["mustRun"]) == (True, False)
        assert fetch["mounts"][0]["source"] == server["mounts"][0]["source"]
        assert (fetch["mounts"][0]["readOnly"], server["mounts"][0]["readOnly"]) == (False, True)


def test_what_fetches_and_fails_ends_the_update() -> None:
    """With the command that says why."""
    assert docker.must_be_done(["slipway-legal-weights", 0]) == "slipway-legal-weights"
    with pytest.raises(
        pulumi.RunError, match="slipway-legal-weights ended with 2; `docker logs slipway-legal-weights`"
    ):
        docker.must_be_done(["slipway-legal-weights", 2])


def test_a_model_on_gpus_requests_them() -> None:
    """By device requests, as `docker run --gpus` does."""
    found = registered(planned("prod"))
    assert found["Container", "gpt-oss"]["deviceRequests"] == [
        {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    ]
    assert "deviceRequests" not in found["Container", "gpt-oss-weights"]
    images = {name: found["Container", name]["image"] for name in ("gpt-oss", "gpt-oss-weights")}
    assert "serve:prod-cuda-cublas@" in images["gpt-oss"]
    assert "serve:prod@" in images["gpt-oss-weights"]


def test_weights_of_a_package_come_by_a_container_that_never_runs() -> None:
    """Docker copies the image's folder into the empty volume; the one that checks and copies it reads it from there."""
    found = registered(planned("local"))
    holders = [each for each in found.values() if each.get("start") is False]
    assert [(each["mustRun"], each["volumes"][0]["containerPath"]) for each in holders] == [(False, "/weights")]
    mounts = found["Container", "gemma-3-270m-weights"]["mounts"]
    assert [(each["target"], each["readOnly"]) for each in mounts] == [("/models", False), ("/source/weights", True)]
    assert mounts[1]["source"] == holders[0]["volumes"][0]["volumeName"]


def test_the_host_of_the_stack_file_is_the_providers() -> None:
    """Without one, Docker's own variables say it."""
    plan = changed("staging", target="docker", docker={"host": "ssh://me@box", "port": 9000, "bind": "10.0.0.1"})
    assert registered(plan)["docker", "machine"]["host"] == "ssh://me@box"
    assert "host" not in registered(planned("staging"))["docker", "machine"]
    assert machine.url_of(plan, plan.models[0]) == "http://10.0.0.1:9000"


def test_a_token_for_the_hub_stays_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a secure setting, and only what downloads gets it."""
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"slipway:hub_token": "hf_x"}))
    plan = changed("staging", target="docker", secrets={"use": ["hub-token"], "source": "plain"})
    with_token = {name for (kind, name), each in registered(plan).items() if "hf_x" in json.dumps(each, default=str)}
    assert with_token == {f"{model.id}-weights" for model in plan.models}


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"use": ["api-keys"]}, "secrets.use: 'api-keys' is not allowed with slipway:target docker; allowed: 'hub-to"),
        ({"use": ["hub-token"]}, "secrets.source: 'existing' is not allowed with slipway:target docker; allowed: 'pl"),
    ],
)
def test_secrets_that_nothing_can_hold_are_refused(secrets: dict[str, Any], said: str) -> None:
    """A server that asks for no keys although the stack file says so would be worse."""
    with pytest.raises(ConfigError, match=said):
        changed("staging", target="docker", secrets=secrets)


def test_protected_volumes_outlive_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a cluster."""
    seen: list[tuple[bool | None, bool | None]] = []
    volume = pulumi_docker.Volume

    def record(*args: Any, **arguments: Any) -> Any:
        seen.append((arguments["opts"].protect, arguments["opts"].retain_on_delete))
        return volume(*args, **arguments)

    monkeypatch.setattr(pulumi_docker, "Volume", record)
    registered(changed("staging", target="docker", storage={"protect": True}))
    assert set(seen) == {(True, True)}
