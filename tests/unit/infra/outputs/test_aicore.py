"""ServingTemplates of SAP AI Core."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from infra.outputs import aicore
from infra.plan import Plan
from serve.models import load_models
from tests.unit.infra.outputs.samples import PAIRS, baked, changed, references, schema
from tests.unit.infra.recorder import DIGEST, stack_plan

SCHEMA = schema("serving-template.json")


def parts(found: dict[str, Any]) -> dict[str, Any]:
    """The texts of a template, read as AI Core reads them once the inputs are in."""
    inner = found["spec"]["template"]
    return {
        "annotations": yaml.safe_load(inner["metadata"]["annotations"]),
        "labels": yaml.safe_load(inner["metadata"]["labels"]),
        "spec": yaml.safe_load(inner["spec"]),
    }


def template(plan: Plan, model_id: str) -> dict[str, Any]:
    """As it comes out of the file."""
    is_baked = plan.aicore.baked
    text = aicore.files(plan, references(plan, baked=is_baked))[f"{model_id}.yaml"]
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def container(plan: Plan, model_id: str) -> dict[str, Any]:
    """The one container of a model."""
    [found] = parts(template(plan, model_id))["spec"]["predictor"]["containers"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("is_baked", [False, True])
@pytest.mark.parametrize(("stack", "model_id"), PAIRS)
def test_every_template_is_as_the_guide_says(stack: str, model_id: str, is_baked: bool) -> None:
    """The envelope, and each of the texts in it: no field that AI Core does not name."""
    plan = baked(stack_plan(stack)) if is_baked else stack_plan(stack)
    found = template(plan, model_id)
    jsonschema.validate(found, SCHEMA)
    for name, part in parts(found).items():
        jsonschema.validate(part, {"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


@pytest.mark.parametrize(
    ("path", "value"),
    [("kind", "WorkflowTemplate"), ("spec", {}), ("metadata", {"name": "A"}), ("surprise", 1)],
)
def test_the_schema_refuses_what_is_wrong(path: str, value: object) -> None:
    """Else its silence would mean nothing."""
    found = {**template(stack_plan("staging"), "legal"), path: value}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(found, SCHEMA)


def test_the_numbers_of_the_stack_file_are_in_it() -> None:
    """Plan, target, bounds, the Secret for pulling; the scenario and a name of its own for each executable."""
    own = {"resource_plan": "infer.l", "target": 2, "min_replicas": 0, "max_replicas": 7, "pull_secret": "login"}
    found = template(changed("staging", aicore={**own, "scenario": "speech"}), "legal")
    read = parts(found)
    assert read["labels"] == {"ai.sap.com/resourcePlan": "infer.l"}
    assert read["annotations"]["autoscaling.knative.dev/target"] == 2
    predictor = read["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (0, 7)
    assert predictor["imagePullSecrets"] == [{"name": "login"}]
    assert found["metadata"]["labels"]["scenarios.ai.sap.com/id"] == "speech"
    assert found["metadata"]["name"] == "speech-staging-legal"


def test_without_settings_it_is_the_common_case() -> None:
    """One replica to five, one request at a time each, and no login."""
    read = parts(template(stack_plan("staging"), "legal"))
    assert read["annotations"]["autoscaling.knative.dev/target"] == 1
    predictor = read["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (1, 5)
    assert "imagePullSecrets" not in predictor


def test_the_image_is_an_input_with_a_digest() -> None:
    """A configuration may give another one; nothing else in braces is for AI Core to replace."""
    found = template(stack_plan("staging"), "legal")
    [parameter] = found["spec"]["inputs"]["parameters"]
    assert parameter["default"].endswith(f"@{DIGEST}")
    text = found["spec"]["template"]["spec"]
    assert text.count("{{") == text.count("{{inputs.parameters.image}}") == 1


def test_a_chat_template_full_of_braces_comes_through() -> None:
    """Written so that nobody takes them for a placeholder, and read by the server as they were."""
    plan = baked(stack_plan("local"))
    text = template(plan, "gemma-3-270m")["spec"]["template"]["spec"]
    assert text.count("{{") == 1
    env = {each["name"]: each.get("value") for each in container(plan, "gemma-3-270m")["env"]}
    [entry] = load_models(Path("none"), env["SLIPWAY_MODELS_JSON"]).models
    assert entry.chat_template == plan.models[0].server.chat_template
    assert "{{" in str(entry.chat_template)


def test_the_runtime_variant_fetches_before_it_serves() -> None:
    """To an emptyDir with room for the file, and a startup probe with time for it."""
    plan = stack_plan("staging")
    model = next(each for each in plan.models if each.id == "legal")
    found = container(plan, "legal")
    assert found["command"][:3] == ["python3", "-c", aicore.THEN_SERVE]
    assert found["command"][3:5] == ["pull", "--repo"]
    probe = found["startupProbe"]
    least_s = model.weights.job_deadline_s + model.probes.period_s * model.probes.startup_failures
    assert probe["periodSeconds"] * probe["failureThreshold"] >= least_s
    assert {"name": "models", "mountPath": "/models"} in found["volumeMounts"]


@pytest.mark.parametrize(("pulled", "said"), [(0, ["pull a b", "serve"]), (3, ["pull a b"])])
def test_only_weights_that_came_are_served(tmp_path: Path, pulled: int, said: list[str]) -> None:
    """In the same process, which is the one that is told to end; else the pull's own status is the container's."""
    package = tmp_path / "serve"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(
        f"import os, sys\nprint(' '.join(sys.argv[1:]) or f'serve {{os.getpid()}}', flush=True)\n"
        f"sys.exit({pulled} if sys.argv[1:] else 0)\n"
    )
    command = [sys.executable, "-c", aicore.THEN_SERVE, "pull", "a", "b"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        lines = process.communicate()[0].splitlines()
    assert process.returncode == pulled
    assert lines == [line.replace("serve", f"serve {process.pid}") for line in said]


def test_the_baked_variant_has_its_weights_in_the_image() -> None:
    """It mounts no folder of models, runs no command of its own, and a Dockerfile beside it tells how it is made."""
    plan = baked(stack_plan("staging"))
    found = container(plan, "legal")
    assert "command" not in found
    assert [each["name"] for each in found["volumeMounts"]] == ["tmp"]
    dockerfile = aicore.files(plan, references(plan, baked=True))["legal.Dockerfile"]
    assert f"@{DIGEST}\n" in dockerfile
    assert '["python3", "-m", "serve", "pull", "--repo", "bartowski/' in dockerfile
    assert "HF_TOKEN" in dockerfile
    assert "ENV" not in dockerfile  # a token would stay in the image


def test_weights_of_a_package_are_copied_from_their_image() -> None:
    """They are on no hub."""
    plan = baked(stack_plan("local"))
    dockerfile = aicore.files(plan, references(plan, baked=True))["gemma-3-270m.Dockerfile"]
    assert "COPY --from=" in dockerfile
    assert dockerfile.endswith(f"/models/{plan.models[0].weights.stored}\n")
