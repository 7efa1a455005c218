"""Pod Security `restricted`, as far as pods of this project can break it: a pod spec -> its violations. Pure."""

from collections.abc import Iterator
from typing import Any

VOLUME_TYPES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip
HOST_FLAGS = ("hostNetwork", "hostPID", "hostIPC", "hostUsers")


def violations(pod: dict[str, Any]) -> list[str]:
    """What the admission controller would refuse, one sentence each."""
    return [*_pod_level(pod), *(text for one in _containers(pod) for text in _container_level(pod, one))]


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"], *pod.get("ephemeralContainers", [])]


def _pod_level(pod: dict[str, Any]) -> Iterator[str]:
    for flag in HOST_FLAGS:
        if pod.get(flag):
            yield f"{flag} is set"
    for volume in pod.get("volumes", []):
        kinds = set(volume) - {"name"}
        if not kinds <= VOLUME_TYPES:
            yield f"volume {volume['name']} is of a type that is not allowed: {kinds}"


def _container_level(pod: dict[str, Any], container: dict[str, Any]) -> Iterator[str]:
    name = container["name"]
    own = container.get("securityContext", {})
    both = {**pod.get("securityContext", {}), **own}
    if both.get("runAsNonRoot") is not True:
        yield f"{name}: runAsNonRoot is not true"
    if both.get("runAsUser", 1) == 0:
        yield f"{name}: runs as root"
    if both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{name}: no seccomp profile"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: may escalate privileges"
    if own.get("privileged"):
        yield f"{name}: is privileged"
    capabilities = own.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"{name}: does not drop all capabilities"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield f"{name}: uses a host port"
