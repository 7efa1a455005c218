"""Whether what a pod with GPUs asks for exists: a machine with room, and the parts among which it splits its model."""

from __future__ import annotations

from math import prod
from typing import Any

from infra.units import GI, MI, format_bytes
from kube import digits, gpus, quantity
from kube.objects import Pod
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View
from policies.facts import engines, repairs
from policies.facts.engines import Server
from policies.facts.node_room import allowed, has_room, requested
from policies.facts.placement import placement
from policies.rule import MANDATORY, Findings, pod_rule
from policies.settings import Settings

SHARED_MEMORY = "/dev/shm"  # noqa: S108  where CUDA's processes exchange tensors
SHARED_MEMORY_BYTES = 20 * GI
"""As the production-stack of vLLM has it, where the pod's memory does not bound it."""
ONE_PROCESS = ("llama.cpp", "ollama")
"""Engines that drive all GPUs from one process: they exchange nothing in shared memory."""


@pod_rule(
    why="A pod that asks for more than any machine has left after its own needs stays pending for ever.",
    source="Karpenter's and the providers' formulas for allocatable CPU and memory; no peer has the rule",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      nodeSelector: {node.kubernetes.io/instance-type: g5.xlarge},
      containers: [{name: a, image: a, resources: {requests: {memory: 16Gi}, limits: {nvidia.com/gpu: 1}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      nodeSelector: {node.kubernetes.io/instance-type: g5.xlarge},
      containers: [{name: a, image: a, resources: {requests: {memory: 13Gi}, limits: {nvidia.com/gpu: 1}}}]}}
    """,
)
def pod_fits_node(pod: Pod, settings: Settings) -> Findings:
    """One of the machines on which the pod may land has room for its CPU, memory and GPUs beside `daemon_*`.

    Judged is a pod that names machines or GPUs of `data/node_types.yaml` by node selector or required affinity, and
    every pod where `node_types` says what machines there are. Room is what Karpenter's formula leaves on AWS, and those
    of GKE and AKS on theirs. Only `nvidia.com/gpu` is counted, as the machines' GPUs are: slices, shared GPUs and those
    of other makers are not.
    """
    where = placement(pod)
    machines = allowed(where, settings)
    if machines is None:
        return
    cpu, memory, num_gpus = requested(pod, "cpu"), requested(pod, "memory"), requested(pod, gpus.WHOLE)
    if any(has_room(each, cpu, memory, num_gpus, settings) for each in machines):
        return
    message = "must leave room on a machine on which the pod may run: none has this much CPU, memory and GPUs to give"
    yield pod.spec.bad("containers", message, cpu, memory, num_gpus, where.raw)


@pod_rule(
    why="With more parts than GPUs the server does not start; with fewer, GPUs are paid for and idle.",
    source="docs.vllm.ai parallelism and scaling; no peer has the rule",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, args: [--tensor-parallel-size, "4"],
        resources: {limits: {nvidia.com/gpu: 2}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, args: [--tensor-parallel-size, "2"],
        resources: {limits: {nvidia.com/gpu: 2}}}]}}
    """,
)
def tensor_parallel_matches(pod: Pod, _settings: Settings) -> Findings:
    """Tensor x pipeline x data parallel size, each 1 where it is not set, is the number of the container's GPUs.

    Not judged: engines that use all GPUs they see unless told otherwise (TGI, llama.cpp), servers whose parts may be in
    other pods (Ray, several nodes) or on the CPU, sizes that a ConfigMap provides, and a container without a GPU.
    """
    for server in engines.servers(pod):
        held, parts = gpus.requests(server.container), _num_parts(server)
        is_spread = server.value("executor") == "ray" or server.place("elsewhere") is not None
        if held == 0 or is_spread or parts is None or parts == held:
            continue
        place = server.place("tensor_parallel") or server.container.at("args")
        message = "must split the model among all GPUs of the container: tensor x pipeline x data parallel size"
        yield place.bad("", message, held, parts, server.value("elsewhere"))


def _num_parts(server: Server) -> Any:
    """None where it can't be told, UNKNOWN where only `up` knows."""
    sizes = [server.value(setting) for setting in ("tensor_parallel", "pipeline_parallel", "data_parallel")]
    if is_unknown(sizes):
        return UNKNOWN
    stated = [digits.whole(size) for size in sizes if size is not None]
    uses_all = not server.has("pipeline_parallel")
    known = [size for size in stated if size is not None]
    return None if (uses_all and not stated) or len(known) < len(stated) else prod(known)


def _share_memory(data: dict[str, Any], _settings: Settings) -> None:
    for pod, spec in repairs.pods(data):
        needing = [each for each in _exchanging(pod) if _surely_has_none(each)]
        volumes = spec.get("volumes")
        is_taken = any(each.text("name") == "shm" for each in pod.spec.items("volumes"))
        if not needing or is_taken or not (volumes is None or isinstance(volumes, list)):
            continue
        volume = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": format_bytes(_size(needing))}}
        spec["volumes"] = [*(volumes or []), volume]
        for container in needing:
            mounts = container.data.get("volumeMounts") or []
            container.data["volumeMounts"] = [*mounts, {"name": "shm", "mountPath": SHARED_MEMORY}]


def _surely_has_none(container: View) -> bool:
    """Whether nothing is mounted there, and nothing that is unknown or malformed could be."""
    mounts = container.get("volumeMounts")
    paths = [each.get("mountPath") for each in container.items("volumeMounts")]
    return (mounts is None or isinstance(mounts, list)) and not is_unknown(paths) and _mount(container) is None


def _size(containers: list[View]) -> int:
    """Half of the least memory limit, in whole MiB, for what is written there counts as memory of the container."""
    limits = [quantity.parse(container.get("resources.limits.memory")) for container in containers]
    known = [limit for limit in limits if limit is not None and not is_unknown(limit)]
    return min([SHARED_MEMORY_BYTES, *(int(limit / 2) // MI * MI for limit in known)])


@pod_rule(
    why="GPUs of one server exchange tensors through /dev/shm, of which a container has 64 MiB: it crashes under load.",
    source="production-stack of vLLM: dshm, 20Gi; docs.vllm.ai: --ipc=host or --shm-size; no peer has the rule",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, resources: {limits: {nvidia.com/gpu: 2, memory: 64Gi}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, resources: {limits: {nvidia.com/gpu: 2, memory: 64Gi}},
        volumeMounts: [{name: shm, mountPath: /dev/shm}]}],
      volumes: [{name: shm, emptyDir: {medium: Memory, sizeLimit: 20Gi}}]}}
    """,
    remedy=_share_memory,
)
def shm_for_tensor_parallel(pod: Pod, _settings: Settings) -> Findings:
    """A container with more than one GPU has a memory emptyDir with a sizeLimit at /dev/shm, within its memory limit.

    llama.cpp and Ollama drive all GPUs from one process and need none.
    """
    volumes = {volume.text("name"): volume for volume in pod.spec.items("volumes")}
    for container in _exchanging(pod):
        mount = _mount(container)
        volume = volumes.get(mount.text("name")) if mount else None
        if volume is None:
            raw = [each.get(field) for each in container.items("volumeMounts") for field in ("mountPath", "name")]
            raw += [container.get("volumeMounts"), pod.spec.get("volumes"), *volumes]
            yield container.bad("volumeMounts", f"must have a memory emptyDir at {SHARED_MEMORY}", raw)
        else:
            yield from _misfit(container, volume)


def _misfit(container: View, volume: View) -> Findings:
    medium, limit = volume.text("emptyDir.medium"), quantity.parse(volume.get("emptyDir.sizeLimit"))
    memory = quantity.parse(container.get("resources.limits.memory"))
    if medium != "Memory" or limit is None:
        yield volume.bad("emptyDir", "must have medium Memory and a sizeLimit", medium)
    elif memory is not None and memory < limit:
        yield container.bad("resources.limits.memory", f"must not be less than the sizeLimit at {SHARED_MEMORY}")


def _exchanging(pod: Pod) -> list[View]:
    return [each for each in pod.containers if gpus.requests(each) > 1 and not _is_one_process(each)]


def _is_one_process(container: View) -> bool:
    server = engines.server(container)
    return server is not None and server.engine in ONE_PROCESS


def _mount(container: View) -> View | None:
    mounts = container.items("volumeMounts")
    return next((each for each in mounts if str(each.text("mountPath")).rstrip("/") == SHARED_MEMORY), None)
