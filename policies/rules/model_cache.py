"""Where weights and compiled kernels lie: large enough, and out of reach of those who only read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kube import quantity
from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View
from policies.facts import engines, mounts, served_models, variables, weights_place
from policies.facts.claims import claims
from policies.facts.engines import Server
from policies.facts.pod_index import namespace_of
from policies.facts.served_models import Served
from policies.rule import MANDATORY, Findings, stack_rule
from policies.settings import Settings

ENGINE_CACHES = ("VLLM_CACHE_ROOT", "TRITON_CACHE_DIR")
CLAIM = "persistentVolumeClaim.claimName"
STORAGE = "spec.resources.requests.storage"

_VLLM = "image: vllm/vllm-openai, args: [--model, meta-llama/Llama-3.1-8B-Instruct]"
_CLAIM = "kind: PersistentVolumeClaim, metadata: {name: weights}"


@stack_rule(
    why="Whoever takes over one server could put a poisoned model before all others that share the volume.",
    source='vLLM security guide, "Cache Directory Security": caches are loaded unverified and can execute code',
    level=MANDATORY,
    bad=f"""
    {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{
      containers: [{{name: a, {_VLLM}, volumeMounts: [{{name: weights, mountPath: /root/.cache/huggingface}}]}}],
      volumes: [{{name: weights, persistentVolumeClaim: {{claimName: weights}}}}]}}}}
    ---
    {{apiVersion: v1, {_CLAIM}, spec: {{accessModes: [ReadWriteMany]}}}}
    """,
    good=f"""
    {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{
      containers: [{{name: a, {_VLLM},
        volumeMounts: [{{name: weights, mountPath: /root/.cache/huggingface, readOnly: true}}]}}],
      volumes: [{{name: weights, persistentVolumeClaim: {{claimName: weights}}}}]}}}}
    ---
    {{apiVersion: v1, {_CLAIM}, spec: {{accessModes: [ReadWriteMany]}}}}
    """,
)
def model_cache_read_only(stack: Stack, _settings: Settings) -> Findings:
    """A container that serves models mounts claims that many nodes may write (ReadWriteMany) read-only.

    A Job fills them. There is no remedy: a server that downloads its model itself would not start any more.
    """
    for pod in stack.pods:
        for container in served_models.containers(pod):
            for mount in container.items("volumeMounts"):
                volume, claim = _claimed(stack, pod, mount)
                read_only = [mount.flag("readOnly"), volume.flag("persistentVolumeClaim.readOnly")]
                if True not in read_only and (is_shared := _is_shared(claim)) is not False:
                    yield mount.bad("readOnly", "must be true: other servers read this volume", read_only, is_shared)


@stack_rule(
    why="Compiled kernels are loaded as code: who writes them in one workload runs code in the others.",
    source='vLLM security guide, "Cache Directory Security": private and trusted; no peer has the rule',
    level=MANDATORY,
    bad=f"""
    {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{
      containers: [{{name: a, {_VLLM}, env: [{{name: VLLM_CACHE_ROOT, value: /cache/vllm}}],
        volumeMounts: [{{name: cache, mountPath: /cache}}]}}],
      volumes: [{{name: cache, persistentVolumeClaim: {{claimName: cache}}}}]}}}}
    ---
    {{apiVersion: v1, kind: Pod, metadata: {{name: b}}, spec: {{
      containers: [{{name: b, image: b}}], volumes: [{{name: cache, persistentVolumeClaim: {{claimName: cache}}}}]}}}}
    """,
    good=f"""
    {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{
      containers: [{{name: a, {_VLLM}, env: [{{name: VLLM_CACHE_ROOT, value: /cache/vllm}}],
        volumeMounts: [{{name: cache, mountPath: /cache}}]}}],
      volumes: [{{name: cache, persistentVolumeClaim: {{claimName: cache}}}}]}}}}
    """,
)
def engine_cache_private(stack: Stack, _settings: Settings) -> Findings:
    """VLLM_CACHE_ROOT and TRITON_CACHE_DIR are on no claim that another workload mounts, and not on the node."""
    users = _users(stack)
    for pod in stack.pods:
        for server in engines.servers(pod):
            for variable in server.container.items("env"):
                is_cache = variable.text("name") in ENGINE_CACHES
                mount = mounts.at(server.container, variable.text("value")) if is_cache else None
                volume = mounts.volume(pod, mount) if mount else None
                if volume and _is_common(stack, pod, volume, users):
                    yield variable.bad("", "must lead to a volume that no other workload mounts, such as an emptyDir")


@stack_rule(
    why="Weights that outgrow their volume, or have none, are downloaded again at every start, or never fit.",
    source="huggingface_hub: HF_HOME, downloads are written before they are moved; no peer has the rule",
    level=MANDATORY,
    bad=f"""
    {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{
      containers: [{{name: a, {_VLLM}, volumeMounts: [{{name: weights, mountPath: /root/.cache/huggingface}}]}}],
      volumes: [{{name: weights, persistentVolumeClaim: {{claimName: weights}}}}]}}}}
    ---
    {{apiVersion: v1, {_CLAIM}, spec: {{resources: {{requests: {{storage: 10Gi}}}}}}}}
    """,
    good=f"""
    {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{
      containers: [{{name: a, {_VLLM}, volumeMounts: [{{name: weights, mountPath: /root/.cache/huggingface}}]}}],
      volumes: [{{name: weights, persistentVolumeClaim: {{claimName: weights}}}}]}}}}
    ---
    {{apiVersion: v1, {_CLAIM}, spec: {{resources: {{requests: {{storage: 20Gi}}}}}}}}
    """,
)
def cache_volume_sized(stack: Stack, settings: Settings) -> Findings:
    """The claim that holds a model's weights has `cache_headroom` times their bytes; downloads go to some volume.

    The weights' size comes from the model's name and is a lower bound (`model_size.py`). Where downloads go is what the
    engine's flag, HF_HUB_CACHE or HF_HOME says, else below HOME, else the engine's default. An image that has the
    weights in it says so by HF_HUB_OFFLINE. What a ConfigMap or a Secret sets is not judged.
    """
    for pod in stack.pods:
        for served in served_models.of_pod(stack, pod):
            folder = weights_place.folder(served.server) if served.server else served.name
            mount = mounts.at(served.container, folder)
            if mount is not None:
                claim = _template(stack, pod, mount) or _claimed(stack, pod, mount)[1]
                yield from _too_small(served, mount, claim, settings)
            elif folder is not None and served.server is not None and _downloads(served.server):
                raw = [each.get("mountPath") for each in served.container.items("volumeMounts")]
                raw += [served.container.get("volumeMounts"), folder]
                yield served.container.bad("volumeMounts", "must have a volume where the model's files go", raw)


def _too_small(served: Served, mount: View, claim: Any, settings: Settings) -> Findings:
    if claim is UNKNOWN:
        yield mount.bad("name", "must be a claim that is large enough for the weights", claim)
    elif claim is not None and served.weights_bytes is not None:
        size, needed = quantity.parse(claim.get(STORAGE)), served.weights_bytes * settings.cache_headroom
        if size is not None and size < needed:
            yield claim.bad(STORAGE, f"must be at least {settings.cache_headroom:g} times the bytes of the weights")


def _downloads(server: Server) -> bool:
    """Whether it fetches the model itself. One that is told to stay offline has it in its image."""
    is_offline = variables.is_on(server.container, weights_place.OFFLINE)
    return weights_place.is_hub_id(server.model) and is_offline in (None, False)


def _claimed(stack: Stack, pod: Pod, mount: View) -> tuple[View, Any]:
    """The volume that is mounted, with its claim; for another volume None, and the mount stands for the volume."""
    name = mount.text("name")
    return next(((volume, claim) for volume, claim in claims(stack, pod) if volume.text("name") == name), (mount, None))


def _template(stack: Stack, pod: Pod, mount: View) -> View | None:
    """What a StatefulSet makes the claim from."""
    templates = pod.object.view(stack.trace).items("spec.volumeClaimTemplates")
    return next((each for each in templates if each.text("metadata.name") == mount.text("name")), None)


def _is_shared(claim: Any) -> Any:
    """Whether pods on many nodes may write it; False for what is no claim, or none of the stack."""
    if claim is None or claim is UNKNOWN:
        return UNKNOWN if claim is UNKNOWN else False
    modes = [mode.text("") for mode in claim.items("spec.accessModes")]
    return "ReadWriteMany" in modes or (UNKNOWN if is_unknown(modes, claim.get("spec.accessModes")) else False)


def _users(stack: Stack) -> Mapping[tuple[Any, Any], set[int]]:
    """The workloads that mount a claim, by its namespace and name."""
    users: dict[tuple[Any, Any], set[int]] = {}
    for pod in stack.pods:
        namespace = namespace_of(pod.object, stack.trace)
        for volume in pod.spec.items("volumes"):
            users.setdefault((namespace, volume.text(CLAIM)), set()).add(id(pod.object))
    return users


def _is_common(stack: Stack, pod: Pod, volume: View, users: Mapping[tuple[Any, Any], set[int]]) -> bool:
    claim = volume.text(CLAIM)
    mounted_by = users[(namespace_of(pod.object, stack.trace), claim)]
    return volume.get("hostPath") is not None or (claim is not None and len(mounted_by) > 1)
