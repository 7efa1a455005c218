"""GPU products -> the labels by which each cloud marks nodes that have them. From the tables in infra/data; pure.

`any`    nvidia.com/gpu.product, where gpu-feature-discovery or the GPU operator runs
`gcp`    cloud.google.com/gke-accelerator
`aws`    karpenter.k8s.aws/instance-gpu-name, where all GPUs of that name will do, and the machine's type
`azure`  the machine's type: AKS says only `kubernetes.azure.com/accelerator: nvidia`, of every GPU

Of several labels of a cloud each one will do by itself.
"""

from collections.abc import Iterator, Mapping, Sequence

from infra import hardware

PRODUCT = "nvidia.com/gpu.product"
GKE = "cloud.google.com/gke-accelerator"
KARPENTER = "karpenter.k8s.aws/instance-gpu-name"
MACHINE = "node.kubernetes.io/instance-type"


def node_labels(products: Sequence[str], num_gpus: int) -> dict[str, dict[str, tuple[str, ...]]]:
    """By cloud and label, the values that will do; nothing for a cloud that has no such nodes."""
    if not products:
        return {}
    found = {
        "any": {PRODUCT: tuple(products)},
        "gcp": {GKE: _values("gke", products)},
        "aws": {KARPENTER: _values("aws", products), MACHINE: _machines("aws", products, num_gpus)},
        "azure": {MACHINE: _machines("azure", products, num_gpus)},
    }
    kept = {cloud: {key: values for key, values in labels.items() if values} for cloud, labels in found.items()}
    return {cloud: labels for cloud, labels in kept.items() if labels}


def _values(label: str, products: Sequence[str]) -> tuple[str, ...]:
    """Of a name that stands for several GPUs all must do, or a pod would land on the wrong one."""
    meant: dict[str, list[bool]] = {}
    for entry in hardware.accelerators():
        if value := entry.get(label):
            meant.setdefault(value, []).append(not set(entry["names"]).isdisjoint(products))
    return tuple(value for value, wanted in meant.items() if all(wanted))


def _machines(cloud: str, products: Sequence[str], num_gpus: int) -> tuple[str, ...]:
    return tuple(_named(cloud, _same(products), num_gpus))


def _same(products: Sequence[str]) -> frozenset[str]:
    """All names of the GPUs: the table of machines calls one as it likes."""
    entries: Sequence[Mapping[str, Sequence[str]]] = hardware.accelerators()
    return frozenset(name for each in entries if not set(each["names"]).isdisjoint(products) for name in each["names"])


def _named(cloud: str, products: frozenset[str], num_gpus: int) -> Iterator[str]:
    for each in hardware.node_types().values():
        if each.provider == cloud and each.gpu_product in products and each.gpus >= num_gpus:
            yield each.name
