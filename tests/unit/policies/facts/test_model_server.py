"""Which pods are model servers, and what their flags are."""

from typing import Any

import pytest

from kube.objects import Object, Pod
from kube.unknown import UNKNOWN
from kube.view import Trace, View
from policies.facts.model_server import COMPANIONS, ENGINE_IMAGES, arguments, is_model_server


def pod_with(labels: Any = None, **container: Any) -> Pod:
    """A pod of one container."""
    data = {"kind": "Pod", "metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return Object(data).pods(Trace())[0]


def container_with(**fields: Any) -> View:
    """A container alone."""
    return pod_with(**fields).spec.items("containers")[0]


@pytest.mark.parametrize(
    ("role", "expected"), [("model", True), ("fill", False), ("gateway", False), (7, False), (UNKNOWN, UNKNOWN)]
)
def test_the_role_label_decides_where_it_is_set(role: Any, expected: Any) -> None:
    """The role is believed even against the image."""
    assert is_model_server(pod_with({"slipway.dev/role": role}, image="vllm/vllm-openai:v0.11.0")) is expected


@pytest.mark.parametrize(
    "image",
    [
        *(f"registry.example.com/team/{name}:1" for name in ENGINE_IMAGES),
        "vllm/vllm-openai",
        "ghcr.io/ggml-org/llama.cpp:server",
        "nvcr.io/nvidia/tritonserver:25.01-py3",
        "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8",
        "example.com/my_vllm_build@sha256:" + "a" * 64,
    ],
)
def test_an_image_of_an_engine_is_a_model_server(image: str) -> None:
    """Whole words of the last part of the name decide, in any registry."""
    assert is_model_server(pod_with(image=image)) is True


@pytest.mark.parametrize(
    "image",
    [
        *(f"registry.example.com/vllm-{word}" for word in sorted(COMPANIONS)),
        "nginx:1.29",
        "vllm/lmstack",
        "example.com/tgif:1",
        "example.com/nim/app",
        "nvcr.io/nvidia/cuda",
        "Not An Image",
        7,
        None,
    ],
)
def test_another_image_is_no_model_server(image: Any) -> None:
    """Routers and user interfaces of engines, words that only begin like one, and nonsense are none."""
    assert is_model_server(pod_with(image=image)) is False


@pytest.mark.parametrize(
    "command",
    [
        ["vllm", "serve", "google/gemma-3-270m-it"],
        ["/opt/venv/bin/vllm", "serve"],
        ["python3", "-m", "vllm.entrypoints.openai.api_server"],
        ["python3", "-m", "sglang.launch_server"],
        ["sglang", "serve"],
        ["/app/llama-server", "-m", "/models/a.gguf"],
        ["ollama", "serve"],
        ["text-generation-launcher"],
        ["text-embeddings-router"],
        ["tritonserver", "--model-repository=/m"],
        ["trtllm-serve", "a"],
        ["python", "-m", "serve"],
        ["/bin/sh", "-c", "sleep 1 && exec vllm serve 'a b'"],
        ["bash", "-lc", "it's broken; vllm serve a"],
    ],
)
def test_a_command_of_an_engine_is_a_model_server(command: list[str]) -> None:
    """Whatever the image; a shell's script counts too, even one that does not parse."""
    assert is_model_server(pod_with(image="example.com/a", command=command)) is True
    assert is_model_server(pod_with(image="example.com/a", args=command)) is True


@pytest.mark.parametrize("command", [["vllm", "bench"], ["echo", "vllm  serve"], ["myllama-server"], ["serve"]])
def test_another_command_is_no_model_server(command: list[str]) -> None:
    """Other verbs of an engine's program, and words that only end like one, are none."""
    assert is_model_server(pod_with(image="example.com/a", command=command)) is False


def test_a_container_that_names_a_model_and_listens_is_a_model_server() -> None:
    """`--model` alone may be a training run; with a port it serves."""
    port = {"containerPort": 8000}
    assert is_model_server(pod_with(image="example.com/a", args=["--model", "x"], ports=[port])) is True
    assert is_model_server(pod_with(image="example.com/a", args=["--model=x"])) is False
    assert is_model_server(pod_with(image="example.com/a", args=["--mode", "x"], ports=[port])) is False


def test_an_image_or_an_argument_that_is_not_known_leaves_the_answer_unknown() -> None:
    """Unknown is false, but it is not False; another container may still decide."""
    assert is_model_server(pod_with(image=UNKNOWN)) is UNKNOWN
    assert is_model_server(pod_with(image="example.com/a", args=[UNKNOWN])) is UNKNOWN
    assert is_model_server(pod_with(image="example.com/a", args=UNKNOWN)) is UNKNOWN
    two = Object({"kind": "Pod", "spec": {"containers": [{"image": UNKNOWN}, {"image": "vllm"}, {"image": "a"}]}})
    assert is_model_server(two.pods(Trace())[0]) is True
    one = Object({"kind": "Pod", "spec": {"containers": [{"image": "a"}, {"image": UNKNOWN}]}})
    assert is_model_server(one.pods(Trace())[0]) is UNKNOWN


def test_an_init_container_that_ends_is_no_server_but_a_sidecar_is() -> None:
    """A download with an engine's image does not make its pod a server."""
    init = {"image": "vllm/vllm-openai", "command": ["huggingface-cli"]}
    for restart, expected in ((None, False), ("Always", True)):
        spec = {"initContainers": [{**init, "restartPolicy": restart}], "containers": [{"image": "a"}]}
        assert is_model_server(Object({"kind": "Pod", "spec": spec}).pods(Trace())[0]) is expected


def test_flags_are_read_in_every_notation() -> None:
    """With a space, with an equals sign, without a value, short, with underscores; the last of several wins."""
    found = arguments(
        container_with(
            command=["vllm", "serve", "a/b"],
            args=[
                "--max_model_len=8_192",
                "-tp",
                "2",
                "--enforce-eager",
                "--x",
                "-1",
                "--port",
                "1",
                "--port",
                "2",
                "-v",
            ],
        )
    )
    assert found.get("max-model-len") == "8_192"
    assert found.get("tensor-parallel-size", "tp") == "2"
    assert found.get("enforce-eager") is True
    assert found.get("x") == "-1"
    assert found.get("port") == "2"
    assert found.get("v") is True
    assert found.get("model") is None
    assert found.words[:3] == ("vllm", "serve", "a/b")


def test_a_flag_knows_its_argument() -> None:
    """Findings can name the place; a flag that is not there has none."""
    found = arguments(container_with(args=["--a", "1", "--b"]))
    view = found.view("c", "b")
    assert view is not None
    assert view.path == "spec.containers[0].args[2]"
    assert found.view("c") is None


def test_the_flags_of_a_shell_s_script_are_found_too() -> None:
    """The script is one argument and may come after the shell's own options."""
    found = arguments(container_with(command=["bash", "-ec"], args=["vllm serve a --port 9 --trust-remote-code"]))
    assert found.get("port") == "9"
    assert found.get("trust-remote-code") is True


def test_without_a_shell_an_argument_is_one_word() -> None:
    """Kubernetes splits nothing."""
    assert arguments(container_with(args=["--a --b"])).get("b") is None


def test_an_unknown_argument_may_be_any_flag() -> None:
    """What is there is known; what is not there may be behind the unknown; an unknown value is one."""
    found = arguments(container_with(args=["--a", UNKNOWN, "--b", "1"]))
    assert found.get("a") is UNKNOWN
    assert found.get("b") == "1"
    assert found.get("c") is UNKNOWN
    assert arguments(container_with(args=[7, "--a"])).get("c") is None
