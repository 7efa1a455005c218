"""What is read of an engine's settings, whatever it calls them."""

from __future__ import annotations

from typing import Any

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts import engines


def server(**container: Any) -> engines.Server:
    """The only server of a pod with that container."""
    [found] = engines.servers(Object({"kind": "Pod", "spec": {"containers": [container]}}).pods(Trace())[0])
    return found


@pytest.mark.parametrize(
    ("container", "engine"),
    [
        ({"image": "vllm/vllm-openai:v0.18.0"}, "vllm"),
        ({"image": "a/b", "command": ["python3", "-m", "vllm.entrypoints.openai.api_server"]}, "vllm"),
        ({"image": "lmsysorg/sglang:v0.5"}, "sglang"),
        ({"image": "ghcr.io/huggingface/text-generation-inference:3.0"}, "tgi"),
        ({"image": "ghcr.io/ggml-org/llama.cpp:server-b9000"}, "llama.cpp"),
        ({"image": "a/b", "command": ["/app/llama-server"]}, "llama.cpp"),
        ({"image": "ollama/ollama"}, "ollama"),
    ],
)
def test_an_engine_is_known_by_its_image_or_its_command(container: dict[str, Any], engine: str) -> None:
    """By whole words only."""
    assert server(**container).engine == engine


@pytest.mark.parametrize(
    ("container", "model"),
    [
        ({"args": ["--model", "a/b"]}, "a/b"),
        ({"args": ["serve", "a/b", "--port", "80"]}, "a/b"),
        ({"args": ["a/b", "--port", "80"]}, "a/b"),
        ({"command": ["sh", "-c", "vllm serve $M"], "env": [{"name": "M", "value": "a/b"}]}, "a/b"),
        ({"args": ["--model=$(M)"], "env": [{"name": "M", "valueFrom": {}}]}, ""),
        ({"args": ["--port", "80"]}, None),
        ({"args": ["--model", UNKNOWN]}, UNKNOWN),
        ({"args": [UNKNOWN]}, UNKNOWN),
    ],
)
def test_the_model_is_found_wherever_it_is_named(container: dict[str, Any], model: Any) -> None:
    """A variable stands for its value, and for nothing that is known where that comes from elsewhere."""
    found = server(image="vllm/vllm-openai", **container).model
    assert found is model or found == model


def test_a_flag_counts_before_a_variable_and_says_where_it_is() -> None:
    """As TGI itself decides."""
    tgi = server(image="a/tgi", args=["--revision", "b"], env=[{"name": "REVISION", "value": "a"}])
    place = tgi.place("revision")
    assert (tgi.value("revision"), place and place.path) == ("b", "spec.containers[0].args[0]")
    assert tgi.value("load_format") is None
