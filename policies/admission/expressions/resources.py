"""What containers reserve and may use, in CEL. The API server compares requests with limits itself."""

from __future__ import annotations

from typing import Final

from kube import gpus
from policies.admission.cel import Expressions, Table, either, every, field, literal, positive
from policies.rules import resources
from policies.settings import Settings

REQUEST, LIMIT = "c.?resources.?requests.?memory", "c.?resources.?limits.?memory"
EQUAL_MEMORY: Final = either(
    f"!{REQUEST}.hasValue()",
    every(f"{LIMIT}.hasValue()", f"quantity({REQUEST}.value()).compareTo(quantity({LIMIT}.value())) == 0"),
)


def is_gpu(name: str) -> str:
    """Whether a resource of that name is a GPU."""
    return either(f"{name} in {literal(gpus.RESOURCES)}", f"{name}.startsWith('nvidia.com/mig-')")


def _gpus(kind: str) -> str:
    """Whether a container has a GPU among its limits, or its requests."""
    amounts = f"c.?resources.?{kind}.orValue({{}})"
    is_some = f"quantity(c.resources.{kind}[name]).isGreaterThan(quantity('0'))"
    return f"{amounts}.exists(name, {every(is_gpu('name'), is_some)})"


HAS_GPU: Final = either(_gpus("limits"), _gpus("requests"))


def _missing(settings: Settings, *fields: str) -> Expressions:
    """Each of the fields is set, for the container or, where clusters know that, for the pod as a whole."""
    knows_pods = settings.kubernetes_version >= resources.POD_RESOURCES_SINCE
    conditions = []
    for name in fields:
        kind, _, resource = name.partition(".")
        own = positive(f"c.?resources.?{kind}[?{literal(resource)}]")
        shared = positive(f"variables.spec.?resources.?{kind}[?{literal(resource)}]")
        conditions.append(either(own, shared) if knows_pods else own)
    return Expressions(container=every(*conditions), among="sized")


def _requests(settings: Settings) -> Expressions:
    return _missing(settings, "requests.cpu", "requests.memory")


def _memory_limit(settings: Settings) -> Expressions:
    return _missing(settings, "limits.memory")


def _cpu_limit(settings: Settings) -> Expressions:
    return _missing(settings, "limits.cpu")


def _ephemeral_storage(settings: Settings) -> Expressions:
    volumes = field("variables.spec.volumes", "[]")
    sized = either("!has(volume.emptyDir)", positive("volume.emptyDir.?sizeLimit"))
    containers = _missing(settings, "requests.ephemeral-storage", "limits.ephemeral-storage")
    return Expressions(container=containers.container, pod=f"{volumes}.all(volume, {sized})", among="sized")


def _plausible(owner: str) -> str:
    """No bytes written as thousandths, and no request above its limit."""
    conditions = []
    for kind in ("limits", "requests"):
        amount = f"quantity({owner}.resources.{kind}[name])"
        not_bytes = f"!(name in {literal(resources.BYTES)})"
        enough = either(f"!{amount}.isGreaterThan(quantity('0'))", f"!{amount}.isLessThan(quantity('1Mi'))")
        conditions.append(f"{owner}.?resources.?{kind}.orValue({{}}).all(name, {either(not_bytes, enough)})")
    limit = f"{owner}.?resources.?limits[?name]"
    amount = f"quantity({owner}.resources.requests[name])"
    below = either(f"!{limit}.hasValue()", f"!{amount}.isGreaterThan(quantity({limit}.value()))")
    return every(*conditions, f"{owner}.?resources.?requests.orValue({{}}).all(name, {below})")


TABLE: Final[Table] = {
    "resource-requests-set": _requests,
    "memory-limit-set": _memory_limit,
    "cpu-limit-set": _cpu_limit,
    "ephemeral-storage-set": _ephemeral_storage,
    "requests-within-limits": Expressions(container=_plausible("c"), pod=_plausible("variables.spec"), among="sized"),
    "memory-request-equals-limit": Expressions(container=EQUAL_MEMORY, among="sized"),
    "gpu-memory-guaranteed": Expressions(container=either(f"!({HAS_GPU})", EQUAL_MEMORY), among="sized"),
}
