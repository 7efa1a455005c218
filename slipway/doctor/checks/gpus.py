"""GPUs: nodes that offer them, their drivers, the labels by which pods choose, and claims as the newer way to ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from infra.cost.scheduling import selects, tolerates
from slipway.doctor import answers as paths
from slipway.doctor.answers import Body
from slipway.doctor.cluster import Cluster, allocatable, labels
from slipway.doctor.finding import Finding, State
from slipway.doctor.needs import Needs, Workload

GPU: Final = "nvidia.com/gpu"
PRODUCT, MEMORY = f"{GPU}.product", f"{GPU}.memory"
DRIVERS: Final = ("nvidia.com/cuda.driver-version.major", "nvidia.com/cuda.driver.major")
"""Labels of gpu-feature-discovery, the newer one first."""
LEAST_DRIVER: Final = 580
"""Of CUDA 13, which the image is compiled by."""
SCALES_NODES: Final = ("karpenter", "cluster-autoscaler")
PENDING: Final = "its pods stay Pending until such a node comes"
PROFILE: Final = "slipway:models.<id>.profile, or slipway:size small, which needs no GPU"


def nodes(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """GPUs that the scheduler can give away, and whether each kind of pod of the stack finds a node."""
    with_gpus = [node for node in cluster.nodes if allocatable(node, GPU)]
    wanting = [each for each in needs.workloads if each.gpus]
    if with_gpus:
        products = Counter(labels(node).get(PRODUCT, "a GPU without a label") for node in with_gpus)
        said = ", ".join(f"{count} nodes with {product}" for product, count in sorted(products.items()))
        yield Finding("gpu-nodes", "GPU nodes", State.HAS, said, is_needed=bool(wanting))
    else:
        said = f"no node offers {GPU}: it has no GPU, or no device plugin runs"
        without = PENDING if wanting else "models run on CPU profiles only"
        yield Finding("gpu-nodes", "GPU nodes", _grows(cluster), said, without, PROFILE, is_needed=bool(wanting))
        return
    for each in wanting:
        if not any(_fits(each, node) for node in cluster.nodes):
            said = f"no node is right for {each.name}: its GPU, its labels or a taint that it does not tolerate"
            yield Finding(f"gpu-fit:{each.name}", "GPU nodes", _grows(cluster), said, PENDING, PROFILE, is_needed=True)


def discovery(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """gpu-feature-discovery: without its labels a 24 GB GPU can't be told from an 80 GB one."""
    with_gpus = [node for node in cluster.nodes if allocatable(node, GPU)]
    bare = [node["metadata"]["name"] for node in with_gpus if not {PRODUCT, MEMORY} <= set(labels(node))]
    if not with_gpus:
        return
    if not bare:
        said = f"every GPU node has {PRODUCT} and {MEMORY}"
        yield Finding("gpu-labels", "GPU labels", State.HAS, said, is_needed=any(each.gpus for each in needs.workloads))
        return
    said = f"{len(bare)} GPU nodes have no {MEMORY}, such as {bare[0]}: install gpu-feature-discovery"
    without = "no pod of a GPU model goes there"
    yield Finding("gpu-labels", "GPU labels", State.LACKS, said, without, is_needed=len(bare) == len(with_gpus))


def driver(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """What a node's driver can run; where no label tells it, the server itself says so when it starts."""
    known = {node["metadata"]["name"]: _driver(node) for node in cluster.nodes if allocatable(node, GPU)}
    majors = {name: major for name, major in known.items() if major}
    old = sorted(name for name, major in majors.items() if major < LEAST_DRIVER)
    is_needed = any(each.gpus for each in needs.workloads)
    if old:
        said = f"{len(old)} GPU nodes have an older one than {LEAST_DRIVER}, such as {old[0]} with {majors[old[0]]}"
        without = "servers on them end with one line that says so: CUDA 13 needs it"
        yield Finding("gpu-driver", "GPU driver", State.LACKS, said, without, PROFILE, is_needed=is_needed)
    elif majors:
        said = f"{min(majors.values())} or newer"
        yield Finding("gpu-driver", "GPU driver", State.HAS, said, is_needed=is_needed)


def _driver(node: Body) -> int:
    """Its major version; 0 where no label tells it."""
    told = [labels(node).get(label, "") for label in DRIVERS]
    return next((int(text) for text in told if text.isdecimal()), 0)


def dynamic_allocation(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """DRA: device classes, and a driver that offers devices."""
    subject, setting = "dynamic resource allocation", "slipway:gpu.sharing, slipway:gpu.device_class"
    missing = sorted(needs.device_classes - cluster.device_classes)
    is_needed = bool(needs.device_classes)
    if missing:
        said = f"there is no device class {', '.join(missing)}"
        yield Finding(
            "dra", subject, State.LACKS, said, "pods with such a claim stay Pending", setting, is_needed=is_needed
        )
    elif cluster.drivers:
        yield Finding("dra", subject, State.HAS, f"drivers: {', '.join(sorted(cluster.drivers))}", is_needed=is_needed)
    else:
        without = "GPUs are asked for as the device plugin's resource; sharing `dra` can't be used"
        state = State.LACKS if cluster.answers.is_known(paths.RESOURCE_SLICES) else State.UNSURE
        yield Finding("dra", subject, state, "no driver offers devices", without, setting, is_needed=is_needed)


def _grows(cluster: Cluster) -> State:
    """Where nodes come when they are needed, there may be none now."""
    if cluster.has_group("karpenter.sh") or cluster.running(*SCALES_NODES):
        return State.UNSURE
    return State.LACKS if cluster.answers.is_known(paths.NODES) else State.UNSURE


def _fits(workload: Workload, node: Body) -> bool:
    """Kind of node only: who else is on it changes by the minute."""
    taints = (node.get("spec") or {}).get("taints") or ()
    enough = all(allocatable(node, resource) >= count for resource, count in workload.gpus.items())
    return enough and selects(workload.spec, labels(node)) and tolerates(workload.spec, taints)
