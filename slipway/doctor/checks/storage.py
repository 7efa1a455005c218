"""Storage classes with what they can, and images as volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slipway.doctor import answers as paths
from slipway.doctor.cluster import DEFAULT_CLASS, Cluster
from slipway.doctor.finding import Finding, State
from slipway.doctor.needs import Needs

SHARED: Final = (
    "efs.csi.aws.com", "fsx.csi.aws.com", "file.csi.azure.com", "filestore.csi.storage.gke.io",
    "lustre.csi.storage.gke.io", "nfs.csi.k8s.io", "nfs-subdir-external-provisioner", "cephfs.csi.ceph.com",
    "smb.csi.k8s.io", "driver.longhorn.io", "csi.vast.ai", "csi.weka.io", "csi.juicefs.com", "portworx",
)  # fmt: skip
"""Words in the names of provisioners whose volumes pods on several nodes may write."""
ONE_NODE: Final = (
    "ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "disk.csi.azure.com", "pd.csi.storage.gke.io",
    "rancher.io/local-path", "openebs.io/local", "kubernetes.io/no-provisioner", "topolvm", "csi.hetzner.cloud",
    "dobs.csi.digitalocean.com", "slipway.dev/local-volume", "cinder.csi.openstack.org", "rbd.csi.ceph.com",
    "docker.io/hostpath", "k8s.io/minikube-hostpath",
)  # fmt: skip
"""Words in those whose volumes are one node's at a time."""
ONE_NODE_MODES: Final = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})
CLASSES: Final = "slipway:storage.weights_class, slipway:storage.data_class"
IMAGE_VOLUMES: Final = (1, 35)


def classes(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """Which there are, and whether those that the stack names can do what its claims ask."""
    found = cluster.storage_classes
    if not cluster.answers.is_known(paths.STORAGE_CLASSES):
        yield Finding(
            "storage", "storage classes", State.UNSURE, "not for this user to see", is_needed=bool(needs.claims)
        )
        return
    if found:
        default = [name for name, each in found.items() if _is_default(each["metadata"].get("annotations") or {})]
        said = ", ".join(f"{name} ({_kind(each['provisioner'])})" for name, each in sorted(found.items()))
        ending = f"; the default is {default[0]}" if default else "; none is the default"
        yield Finding("storage", "storage classes", State.HAS, said + ending, is_needed=bool(needs.claims))
    elif not needs.claims:
        without = "weights can only be delivered as images, or downloaded anew by each pod"
        yield Finding("storage", "storage classes", State.LACKS, "there is none", without, CLASSES)
    for name, mode in sorted(needs.claims):
        yield from _claim(cluster, name, mode)


def _claim(cluster: Cluster, name: str, mode: str) -> Iterator[Finding]:
    pending = "its claims stay Pending, and so do the pods that mount them"
    each = cluster.storage_classes.get(name)
    if each is None:
        said = f"there is no class {name!r}"
        yield Finding(f"storage:{name}:{mode}", "storage classes", State.LACKS, said, pending, CLASSES, is_needed=True)
    elif mode not in ONE_NODE_MODES and _kind(each["provisioner"]) != "shared":
        state = State.LACKS if _kind(each["provisioner"]) == "one node" else State.UNSURE
        said = f"{name} is of {each['provisioner']}; the stack asks it for {mode}"
        setting = "slipway:storage.delivery image or own, slipway:storage.access_mode"
        yield Finding(f"storage:{name}:{mode}", "storage classes", state, said, pending, setting, is_needed=True)


def image_volumes(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """On by default since 1.35; whether a node's runtime knows them, too, only its version tells."""
    subject, is_needed = "images as volumes", needs.uses_image_volumes
    if cluster.version < IMAGE_VOLUMES:
        said = "before 1.35 only with the feature gate ImageVolume, which the API does not tell"
        without = "neither weights (`slipway:storage.delivery`) nor cuBLAS (`slipway:image.cublas`) can be mounted so"
        yield Finding(
            "image-volumes", subject, State.UNSURE, said, without, "slipway:storage.delivery", is_needed=is_needed
        )
        return
    runtimes = {node["status"]["nodeInfo"]["containerRuntimeVersion"] for node in cluster.nodes if "status" in node}
    old = sorted(each for each in runtimes if each.startswith(("containerd://1.", "containerd://2.0")))
    if old:
        said, without = f"{', '.join(old)} on some nodes; containerd 2.1 knows them", "pods that mount one fail there"
        yield Finding(
            "image-volumes", subject, State.LACKS, said, without, "slipway:storage.delivery", is_needed=is_needed
        )
    else:
        yield Finding("image-volumes", subject, State.HAS, "by version of Kubernetes and runtimes", is_needed=is_needed)


def _kind(provisioner: str) -> str:
    if any(word in provisioner for word in SHARED):
        return "shared"
    return "one node" if any(word in provisioner for word in ONE_NODE) else provisioner


def _is_default(annotations: dict[str, str]) -> bool:
    return annotations.get(DEFAULT_CLASS) == "true"
