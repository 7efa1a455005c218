"""Where an engine keeps a model's files."""

from __future__ import annotations

from typing import Any

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts import engines, weights_place


@pytest.mark.parametrize(
    ("container", "folder"),
    [
        ({}, "/root/.cache/huggingface"),
        ({"args": ["--model", "/models/a"]}, "/models/a"),
        ({"args": ["--model", "s3://a/b"]}, None),
        ({"args": ["--model", "a/b", "--download-dir", "/d"], "env": [{"name": "HF_HOME", "value": "/h"}]}, "/d"),
        ({"env": [{"name": "HF_HOME", "value": "/h"}]}, "/h"),
        ({"env": [{"name": "HF_HOME", "valueFrom": {}}]}, None),
        ({"env": [{"name": "HOME", "value": "/h"}]}, "/h/.cache/huggingface"),
        ({"env": [{"name": "HOME", "value": UNKNOWN}]}, UNKNOWN),
        ({"envFrom": [{"configMapRef": {"name": "a"}}]}, None),
        ({"volumeMounts": [{"name": "a", "mountPath": "/home/vllm/.cache"}]}, "/home/vllm/.cache"),
        ({"image": "a/tgi", "args": ["--model-id", "a/b"]}, "/data"),
        ({"image": "a/llama.cpp", "args": ["-hf", "a/b"]}, None),
    ],
)
def test_the_folder_is_what_the_manifest_or_the_engine_says(container: dict[str, Any], folder: Any) -> None:
    """None where neither tells."""
    whole = {"image": "vllm/vllm-openai", "args": ["--model", "a/b"], **container}
    [server] = engines.servers(Object({"kind": "Pod", "spec": {"containers": [whole]}}).pods(Trace())[0])
    found = weights_place.folder(server)
    assert found is folder or found == folder


@pytest.mark.parametrize(
    ("name", "is_id"), [("a/b", True), ("/a/b", False), ("b", False), ("s3://a/b", False), (None, False)]
)
def test_a_model_on_the_hub_has_an_owner_and_a_name(name: object, is_id: bool) -> None:
    """A path and a URL are none."""
    assert weights_place.is_hub_id(name) is is_id
