"""cuBLAS on a volume."""

from typing import Any

import pytest

from infra.manifests.model import deployment
from infra.manifests.pod import PodImages
from tests.unit.infra.plan.stacks import GPU, model, one, plan

IMAGE = f"registry.example.com/cublas@sha256:{'ab' * 32}"
VOLUME: dict[str, Any] = {"image": {"cublas": "volume"}, "cluster": {"version": "1.36"}}


def pod(*groups: dict[str, Any]) -> dict[str, Any]:
    """Of the only model."""
    stack, only = plan(*groups), model(*groups)
    spec: dict[str, Any] = deployment(stack, only, only.base, PodImages("serve", None, IMAGE))["spec"]["template"][
        "spec"
    ]
    return spec


def test_a_model_that_needs_it_mounts_it_read_only_where_it_is_told_to_look() -> None:
    """An image by digest: no path of a node, and nothing that must be filled."""
    found = pod(one("gpt-oss", profile="gpu24-22g"), VOLUME)
    [volume] = [each for each in found["volumes"] if each["name"] == "cublas"]
    assert volume == {"name": "cublas", "image": {"reference": IMAGE, "pullPolicy": "IfNotPresent"}}
    [container] = found["containers"]
    [mount] = [each for each in container["volumeMounts"] if each["name"] == "cublas"]
    env = {each["name"]: each.get("value") for each in container["env"]}
    assert (mount["mountPath"], mount["subPath"], mount["readOnly"]) == (env["SLIPWAY_CUBLAS"], "cublas", True)


@pytest.mark.parametrize("only", [one(GPU, profile="gpu24-20g"), one("gpt-oss")])
def test_others_mount_nothing(only: dict[str, Any]) -> None:
    """Quantised weights on a GPU, and any on a CPU: their nodes pull 445 MB less."""
    found = pod(only, VOLUME)
    assert "cublas" not in {each["name"] for each in found["volumes"]}
    assert "cublas" not in {each["name"] for each in found["containers"][0]["volumeMounts"]}
