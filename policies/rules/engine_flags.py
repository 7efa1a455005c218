"""How engines are set up: no doors for developers, no code or weights that nobody has chosen, no known holes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kube import image_reference
from kube.objects import Pod
from kube.view import View
from policies.facts import engines, repairs, variables
from policies.facts.model_server import arguments
from policies.facts.tables import table
from policies.rule import MANDATORY, Findings, pod_rule
from policies.settings import Settings

DEV_MODE = "VLLM_SERVER_DEV_MODE"
LORA_UPDATING = "VLLM_ALLOW_RUNTIME_LORA_UPDATING"
DEV_FLAGS: Mapping[str, tuple[str, ...]] = {"profiler-config": (), "tool-server": ("demo",)}
"""Flags that open such endpoints, with the values that do; none: any value does."""


def _close_dev_endpoints(data: dict[str, Any], _settings: Settings) -> None:
    for pod, _ in repairs.pods(data):
        for container in pod.main_containers:
            if (variable := _dev_variable(container)) is not None:
                container.data["env"] = [each for each in container.data["env"] if each is not variable.data]
            flags = [f"--{name}" for name, _ in _dev_flags(container)]
            for field in ("command", "args"):
                if isinstance(words := repairs.get(container.data, field), list):
                    container.data[field] = _without(words, flags)


@pod_rule(
    why="Endpoints for developers run any method of the engine for whoever reaches its port.",
    source="vLLM security guide: development endpoints, profiler endpoints, built-in demo tools; no peer has the rule",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, env: [{name: VLLM_SERVER_DEV_MODE, value: "1"}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, env: [{name: VLLM_SERVER_DEV_MODE, value: "0"}]}]}}
    """,
    remedy=_close_dev_endpoints,
)
def no_dev_endpoints(pod: Pod, _settings: Settings) -> Findings:
    """VLLM_SERVER_DEV_MODE is off; there is no `--profiler-config` and no `--tool-server demo`."""
    for container in pod.main_containers:
        if (variable := _dev_variable(container)) is not None:
            yield variable.bad("", "must go: it opens endpoints that run any method of the engine")
        for name, flag in _dev_flags(container):
            yield flag.bad("", f"must not have --{name}: it opens endpoints for developers")


@pod_rule(
    why="With remote code, whoever can change the model's repository runs programs on the server.",
    source="vLLM and Transformers: --trust-remote-code; CVE-2026-27893; no peer has the rule",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: vllm/vllm-openai,
      args: [--model, tiiuae/falcon-7b, --trust-remote-code]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: vllm/vllm-openai,
      args: [--model, microsoft/Phi-4-mini, --trust-remote-code]}]}}
    """,
    example_settings={"remote_code_models": ["microsoft/Phi-4-mini"]},
)
def no_remote_code(pod: Pod, settings: Settings) -> Findings:
    """No engine trusts the code in a model's repository, unless the model is listed in `remote_code_models`."""
    for server in engines.servers(pod):
        trusts = server.value("trust_remote_code")
        if str(trusts).lower() in ("none", "", "0", "false") or server.model in settings.remote_code_models:
            continue
        place = server.place("trust_remote_code") or server.container.at("args")
        model = server.model if settings.remote_code_models else None
        yield place.bad("", "must not trust remote code for a model that is not listed", trusts, model)


@pod_rule(
    why="In these versions a request or a model file takes the server over.",
    source="CVE records of vLLM, Ollama and llama.cpp (data/server_versions.yaml); no peer has the rule",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: "vllm/vllm-openai:v0.8.4"}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: "vllm/vllm-openai:v0.18.0"}]}}
    """,
)
def server_min_version(pod: Pod, _settings: Settings) -> Findings:
    """The tag of an engine's own image, or of a mirror's, is no version with a known hole.

    A tag without a version (`latest`, `nightly`) and a digest alone are not judged: `image-tag-pinned` asks for tags.
    """
    for container in pod.containers:
        if found := list(_holes(container.text("image"))):
            fixed = ".".join(map(str, max(good for _, good in found)))
            ids = ", ".join(id_ for id_, _ in found)
            yield container.bad("image", f"must be version {fixed} or newer: {ids}")


@pod_rule(
    why="Whoever reaches the port loads adapters of his own choice: other answers, other people's disks.",
    source='vLLM security guide, "Dynamic LoRA Loading": not a secure operation; no peer has the rule',
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: vllm/vllm-openai,
      env: [{name: VLLM_ALLOW_RUNTIME_LORA_UPDATING, value: "True"}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: vllm/vllm-openai,
      args: [--enable-lora, --lora-modules, a=/adapters/a]}]}}
    """,
)
def no_runtime_lora(pod: Pod, _settings: Settings) -> Findings:
    """VLLM_ALLOW_RUNTIME_LORA_UPDATING is off. Adapters are named when the server starts."""
    for container in pod.main_containers:
        for variable in container.items("env"):
            if variable.text("name") == LORA_UPDATING and variables.is_on(container, LORA_UPDATING):
                yield variable.bad("", "must go: adapters must not be loaded by request")


def _dev_variable(container: View) -> View | None:
    return variables.find(container, DEV_MODE) if variables.is_on(container, DEV_MODE) else None


def _dev_flags(container: View) -> Iterator[tuple[str, View]]:
    found = arguments(container)
    for name, values in DEV_FLAGS.items():
        if (flag := found.view(name)) is not None and (not values or found.get(name) in values):
            yield name, flag


def _without(words: list[Any], flags: list[str]) -> list[Any]:
    """The arguments without some flags and their values; a shell's script is left as it is."""
    for index, word in enumerate(words):
        flag, has_value, _ = str(word).partition("=")
        if flag.replace("_", "-") in flags:
            rest = words[index + 1 :]
            is_value_next = not has_value and rest and isinstance(rest[0], str) and not rest[0].startswith("-")
            return [*words[:index], *_without(rest[1:] if is_value_next else rest, flags)]
    return words


def _holes(image: Any) -> Iterator[tuple[str, list[int]]]:
    """The holes of an image's version, each with the first good version."""
    parsed = image_reference.parse(image) if isinstance(image, str) else None
    if parsed is None:
        return
    for name, entry in table("server_versions").items():
        match = re.fullmatch(entry["pattern"], str(parsed.tag))
        if match and parsed.repository.rpartition("/")[2] == name:
            version = [int(number or 0) for number in match.groups()]
            yield from ((id_, good) for id_, bad, good in entry["holes"] if bad <= version < good)
