"""The ports that pods declare. Knows no Service and no policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube.objects import Pod
from kube.unknown import UNKNOWN, is_unknown


@dataclass(frozen=True, slots=True)
class Ports:
    """Numbers of the declared ports, and the number by name."""

    numbers: frozenset[Any]
    names: Mapping[Any, Any]
    more: Any
    """UNKNOWN where there may be more that only `up` knows, else None: name it in findings that a port is missing."""

    def resolve(self, port: Any) -> Any:
        """The number that a number or a name means; None where no pod has the name, or it is neither."""
        if isinstance(port, str):
            return self.names.get(port)
        return port if isinstance(port, int) or port is UNKNOWN else None


def ports_of(pods: Sequence[Pod]) -> Ports:
    """All ports that any of the pods declares for the time it serves."""
    containers = [container for pod in pods for container in pod.main_containers]
    lists = [pod.spec.get(field) for pod in pods for field in ("containers", "initContainers")]
    lists += [container.get("ports") for container in containers]
    declared = [port for container in containers for port in container.items("ports")]
    pairs = [(port.text("name"), port.number("containerPort")) for port in declared]
    numbered = [(name, number) for name, number in pairs if number is not None]
    more = UNKNOWN if is_unknown(lists, pairs) else None
    return Ports(frozenset(number for _, number in numbered), dict(numbered), more)
