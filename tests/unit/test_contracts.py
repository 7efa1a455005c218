"""What one part writes, the other reads: settings, models.json and arguments against the server's own readers."""

import argparse
from pathlib import Path

import pytest

from infra import names
from infra.components.image import EPOCH, serve_image
from infra.manifests import model as model_manifest
from infra.manifests import weights as weights_manifest
from infra.manifests.pod import PodImages
from infra.plan import Plan
from serve.cli.arguments import is_for_people
from serve.commands import _parser
from serve.models import load_models
from serve.security.guard import PUBLIC
from serve.settings import Settings
from tests.unit.infra.recorder import stack_plan
from tools import llama, pulumi
from tools.cluster.images import PUBLIC_BASE

STACKS = ("local", "staging", "prod")


@pytest.fixture(params=STACKS)
def plan(request: pytest.FixtureRequest) -> Plan:
    return stack_plan(request.param)


def test_the_server_reads_every_models_json_that_the_program_writes(plan: Plan, tmp_path: Path) -> None:
    """Its reader refuses unknown keys and wrong types."""
    for model in plan.models:
        path = tmp_path / "models.json"
        path.write_text(model.server.models_json)
        [entry] = load_models(path).models
        assert (entry.id, entry.num_slots) == (model.id, model.server.num_slots)


def test_the_server_knows_every_variable_that_a_pod_sets(plan: Plan) -> None:
    """A misspelt variable would be ignored in silence."""
    for model in plan.models:
        pod = model_manifest.deployment(plan, model, model.base, PodImages("image"))["spec"]["template"]["spec"]
        variables = [v["name"] for v in pod["containers"][0]["env"]]
        known = {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}
        assert set(variables) <= known


def test_probes_ask_what_needs_no_key_and_prometheus_asks_its_own_port(plan: Plan) -> None:
    """With keys all else would be 401: no pod would ever be ready."""
    for model in plan.models:
        pod = model_manifest.deployment(plan, model, model.base, PodImages("image"))["spec"]["template"]["spec"]
        server = pod["containers"][0]
        assert {server[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")} <= PUBLIC
        assert server["ports"][1]["containerPort"] == names.METRICS_PORT != names.HTTP_PORT


def test_the_servers_command_line_takes_the_arguments_of_every_weights_job(plan: Plan) -> None:
    """With and without a recorded SHA-256."""
    for model in plan.models:
        job = weights_manifest.fill_job(plan, model, "image", "weights")
        options: argparse.Namespace = _parser().parse_args(job["spec"]["template"]["spec"]["containers"][0]["args"])
        assert not is_for_people(job["spec"]["template"]["spec"]["containers"][0]["args"])
        assert options.file == model.weights.file
        assert options.sha256 == model.weights.sha256


def test_the_pod_lives_long_enough_to_drain_and_stop(plan: Plan) -> None:
    """Kubernetes kills what has not ended after the grace period."""
    for model in plan.models:
        pod = model_manifest.deployment(plan, model, model.base, PodImages("image"))["spec"]["template"]["spec"]
        [grace] = [float(v["value"]) for v in pod["containers"][0]["env"] if v["name"] == "SLIPWAY_GRACE_S"]
        assert pod["terminationGracePeriodSeconds"] >= grace + 7


def test_program_dockerfiles_and_tools_mean_the_same_base_image() -> None:
    """The named context replaces it by this very name."""
    root = Path(__file__).parent.parent.parent
    assert names.BASE_IMAGE == PUBLIC_BASE
    for dockerfile in ("image/Dockerfile", "image/weights/Dockerfile"):
        text = (root / dockerfile).read_text()
        assert f"ARG BASE={PUBLIC_BASE}\n" in text or f"FROM {PUBLIC_BASE} AS" in text


def test_the_plugins_have_the_versions_of_the_pinned_sdks() -> None:
    """The CLI looks for the plugin whose version the SDK names."""
    pinned = (Path(__file__).parent.parent.parent / "requirements.txt").read_text()
    assert f"pulumi-kubernetes=={pulumi.KUBERNETES_PROVIDER.removeprefix('v')} " in pinned
    assert f"pulumi-docker-build=={pulumi.DOCKER_BUILD_PROVIDER.removeprefix('v')} " in pinned


def test_the_tests_own_llama_is_built_as_the_stack_local_builds_it() -> None:
    """Otherwise it would be compiled twice, and the tests would not load what the image runs."""
    built = serve_image(stack_plan("local"))
    assert {"SOURCE_DATE_EPOCH": EPOCH, **built.build_args} == llama.BUILD_ARGS
