"""What lies at a path of a container: which of its mounts, and which volume of the pod. Knows no rule."""

from __future__ import annotations

from kube.objects import Pod
from kube.view import View


def at(container: View, path: object) -> View | None:
    """The mount that holds a path: of those above it the deepest."""
    found = [each for each in container.items("volumeMounts") if is_within(path, each.text("mountPath"))]
    return max(found, key=lambda each: len(each.text("mountPath")), default=None)


def is_within(path: object, folder: object) -> bool:
    """Whether a path is a folder or below it."""
    return isinstance(folder, str) and f"{path}/".startswith(f"{folder.rstrip('/')}/")


def volume(pod: Pod, mount: View) -> View | None:
    """The volume that is mounted."""
    name = mount.text("name")
    return next((each for each in pod.spec.items("volumes") if each.text("name") == name), None)
