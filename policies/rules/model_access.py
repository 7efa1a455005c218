"""Who may use a model server and what for: keys, tokens of the hub, limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View
from policies.facts import engines, mounts, reachable, served_models, variables, weights_place
from policies.facts.engines import Server
from policies.facts.model_server import arguments
from policies.rule import ADVISORY, MANDATORY, Findings, pod_rule, stack_rule
from policies.settings import Settings

KEYS = ("api_key", "api_key_file")
HUB_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
OWN_KEYS = "SLIPWAY_API_KEYS_FILE"
MAX_SEQUENCES = "VLLM_MAX_N_SEQUENCES"


@pod_rule(
    why="Arguments and environments are shown to whoever may list processes or read the workload.",
    source="vLLM --api-key, VLLM_API_KEY and their like; kube-linter env-var-secret sees neither",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, args: [--api-key, s3cr3t]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: vllm/vllm-openai,
      env: [{name: VLLM_API_KEY, valueFrom: {secretKeyRef: {name: key, key: key}}}]}]}}
    """,
)
def api_key_from_secret(pod: Pod, _settings: Settings) -> Findings:
    """An engine's API key is neither in its arguments nor spelt out in its environment; `$(VLLM_API_KEY)` is fine."""
    for server in engines.servers(pod):
        for value, view in server.stated("api_key"):
            if isinstance(value, str) and value and not variables.is_reference(value):
                yield view.bad("", "must not hold the key; take it from a Secret")


@stack_rule(
    why="Whoever finds the address runs the model at your expense.",
    source="vLLM security guide: API keys; no peer has the rule",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {
      containers: [{name: a, image: vllm/vllm-openai}]}}
    ---
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancer, selector: {app: a}}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {containers: [{name: a,
      image: vllm/vllm-openai, env: [{name: VLLM_API_KEY, valueFrom: {secretKeyRef: {name: key, key: key}}}]}]}}
    ---
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancer, selector: {app: a}}}
    """,
)
def model_server_has_key(stack: Stack, _settings: Settings) -> Findings:
    """A server behind a LoadBalancer or NodePort Service has an API key, or a proxy beside it in the pod.

    Behind an Ingress or an HTTPRoute it is the proxy that asks for keys, in a way that differs with each: that is not
    judged here, and the paths that are open there are `serve-path-allowlist`'s. Slipway's own server has a file
    of keys.
    """
    for pod in reachable.by_service(stack):
        serving = served_models.containers(pod)
        others = [each for each in pod.main_containers if each.path not in {container.path for container in serving}]
        has_proxy = any(each.get("ports") is not None for each in others)
        keyed = {server.container.path: _has_key(server) for server in engines.servers(pod)}
        for container in serving:
            has_key = True if variables.find(container, OWN_KEYS) else keyed.get(container.path)
            if not has_proxy and has_key is not True:
                yield container.bad("args", "must have an API key: a Service makes the server reachable", has_key)


@stack_rule(
    why="One request may ask for 16,384 answers at once, and fill the memory for all others.",
    source='vLLM security guide, "Request Parameter Resource Limits"; no peer has the rule',
    level=ADVISORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {
      containers: [{name: a, image: vllm/vllm-openai}]}}
    ---
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancer, selector: {app: a}}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, env: [{name: VLLM_MAX_N_SEQUENCES, value: "64"}]}]}}
    ---
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancer, selector: {app: a}}}
    """,
)
def bounded_request(stack: Stack, _settings: Settings) -> Findings:
    """A vLLM server that can be reached from outside, by a Service or a route, sets VLLM_MAX_N_SEQUENCES."""
    for pod in reachable.by_any(stack):
        for server in engines.servers(pod):
            is_set = variables.find(server.container, MAX_SEQUENCES) is not None
            if server.engine == "vllm" and not is_set and not variables.may_come_from_elsewhere(server.container):
                yield server.container.bad("env", f"should set {MAX_SEQUENCES}", *_unknown_names(server.container))


@pod_rule(
    why="The token opens all that its owner has on the hub, for whoever may read the workload.",
    source="Hugging Face Hub: user access tokens; no peer looks for it by name and in arguments",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, env: [{name: HF_TOKEN, value: hf_abc}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a,
      env: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hub, key: token}}}]}]}}
    """,
)
def hf_token_scoped(pod: Pod, _settings: Settings) -> Findings:
    """No container spells out a token of the Hugging Face Hub, in its environment or as `--hf-token`."""
    for container in pod.containers:
        for variable in container.items("env"):
            if variable.text("name") in HUB_TOKENS and _is_spelt_out(variable.text("value")):
                yield variable.bad("value", "must come from a Secret")
        found = arguments(container)
        if _is_spelt_out(found.get("hf-token")) and (place := found.view("hf-token")):
            yield place.bad("", "must not hold the token; take it from a Secret")


@pod_rule(
    why="A server that has its weights needs nothing from the hub: a token there can only be stolen.",
    source="huggingface.co/docs/huggingface_hub: HF_HUB_OFFLINE; no peer has the rule",
    level=ADVISORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: vllm/vllm-openai,
      args: [--model, /models/a], env: [{name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hub, key: token}}}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: vllm/vllm-openai,
      args: [--model, /models/a], env: [{name: HF_HUB_OFFLINE, value: "1"}]}]}}
    """,
)
def hf_offline_when_cached(pod: Pod, _settings: Settings) -> Findings:
    """A server whose model is a local path, or in a cache that it mounts read-only, is offline and has no hub token.

    vLLM, SGLang and TGI; others don't ask the hub.
    """
    for server in engines.servers(pod):
        if server.cache is None or not _is_cached(server):
            continue
        container = server.container
        for variable in container.items("env"):
            if variable.text("name") in HUB_TOKENS:
                yield variable.bad("", "should go: the weights are here already")
        is_offline = variables.is_on(container, weights_place.OFFLINE)
        if is_offline is not True and not variables.may_come_from_elsewhere(container):
            raw = (is_offline, *_unknown_names(container))
            yield container.bad("env", f"should set {weights_place.OFFLINE} to 1", *raw)


def _has_key(server: Server) -> Any:
    """Whether a key is set, wherever it comes from; UNKNOWN where only `up` knows."""
    if any(server.place(setting) for setting in KEYS) or variables.may_come_from_elsewhere(server.container):
        return True
    return UNKNOWN if is_unknown(*_unknown_names(server.container)) or not server.arguments.is_known else False


def _is_cached(server: Server) -> bool:
    mount = mounts.at(server.container, weights_place.folder(server))
    is_local = isinstance(server.model, str) and server.model.startswith("/")
    return is_local or (mount is not None and mount.flag("readOnly") is True)


def _is_spelt_out(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and not variables.is_reference(value)


def _unknown_names(container: View) -> Iterator[Any]:
    """What leaves open which variables there are."""
    yield container.get("env")
    yield from (each.get("name") for each in container.items("env"))
