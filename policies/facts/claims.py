"""The persistent volume claims that a pod mounts, as far as the stack has them, and on how many nodes they can be.

Knows volumes and access modes. Knows no rule and no storage class.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kube.objects import Pod, Stack
from kube.view import View

_ONE_NODE = frozenset({"ReadWriteOnce", "ReadWriteOncePod"})
"""Access modes that let a volume be attached to one node at a time, be it mounted read-only or not."""
_ONE_POD = frozenset({"ReadWriteOncePod"})


def claims(stack: Stack, pod: Pod) -> Iterator[tuple[View, Any]]:
    """Each volume that is a claim, with the claim: None where the stack has none, UNKNOWN where only `up` knows."""
    for volume in pod.spec.items("volumes"):
        name = volume.text("persistentVolumeClaim.claimName")
        if name is not None:
            namespace = pod.object.view(stack.trace).text("metadata.namespace")
            namespace = "default" if namespace is None else namespace
            yield volume, stack.lookup("PersistentVolumeClaim", namespace, name)


def is_on_one_node(claim: View) -> bool:
    """Whether its volume can be attached to one node only. Inert where a mode is not known yet, or none is named."""
    return _is_only(claim, _ONE_NODE)


def is_on_one_pod(claim: View) -> bool:
    """Whether one pod only can mount its volume, wherever the others are."""
    return _is_only(claim, _ONE_POD)


def _is_only(claim: View, some: frozenset[str]) -> bool:
    modes = {each.text("") for each in claim.items("spec.accessModes")}
    return bool(modes) and modes <= some
