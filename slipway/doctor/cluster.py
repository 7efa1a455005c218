"""Answers -> what a cluster has, as one value. Knows how Kubernetes and its usual add-ons show themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from slipway.doctor import answers as paths
from slipway.doctor.answers import Answers, Body

DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True)
class Cluster:
    """What was found."""

    answers: Answers

    @cached_property
    def version(self) -> tuple[int, int]:
        """(1, 36); some providers write the minor as `36+`."""
        body = self.answers.bodies.get(paths.VERSION) or {}
        found = [_NUMBER.search(str(body.get(key, ""))) for key in ("major", "minor")]
        major, minor = (int(each.group()) if each else 0 for each in found)
        return major, minor

    @cached_property
    def versions(self) -> frozenset[str]:
        """API groups with their versions, such as keda.sh/v1alpha1."""
        groups = (self.answers.bodies.get(paths.GROUPS) or {}).get("groups") or ()
        return frozenset(version["groupVersion"] for group in groups for version in group["versions"])

    @property
    def nodes(self) -> tuple[Body, ...]:
        """All nodes."""
        return self.answers.items(paths.NODES)

    def has_group(self, group: str) -> bool:
        """Whether anything of an API group is served."""
        return any(version.rpartition("/")[0] == group for version in self.versions)

    def plural(self, api_version: str, kind: str) -> str | None:
        """What the API server calls a kind; None where it has none."""
        listed = self.answers.bodies.get(resources_path(api_version)) or {}
        names = [r["name"] for r in listed.get("resources") or () if r["kind"] == kind and "/" not in r["name"]]
        return names[0] if names else None

    def running(self, *names: str) -> bool:
        """Whether a Deployment or DaemonSet with one of these words in its name or its own label has ready pods."""
        return any(_is_called(each, names) and _has_ready(each) for each in self._workloads)

    @property
    def sees_workloads(self) -> bool:
        """Whether all namespaces' workloads are for us to see."""
        return self.answers.is_known(paths.DEPLOYMENTS) and self.answers.is_known(paths.DAEMON_SETS)

    @cached_property
    def _workloads(self) -> tuple[Body, ...]:
        return self.answers.items(paths.DEPLOYMENTS) + self.answers.items(paths.DAEMON_SETS)

    def serves(self, api_service: str) -> bool:
        """Whether an aggregated API is there and answers."""
        for each in self.answers.items(paths.API_SERVICES):
            if each["metadata"]["name"] == api_service:
                return _has_condition(each, "Available")
        return False

    @property
    def storage_classes(self) -> Mapping[str, Body]:
        """By name."""
        return {each["metadata"]["name"]: each for each in self.answers.items(paths.STORAGE_CLASSES)}

    @property
    def ingress_classes(self) -> frozenset[str]:
        """Names."""
        return frozenset(each["metadata"]["name"] for each in self.answers.items(paths.INGRESS_CLASSES))

    @property
    def gateway_classes(self) -> Mapping[str, bool]:
        """Name -> whether a controller has accepted it."""
        found = self.answers.items(paths.GATEWAY_CLASSES)
        return {each["metadata"]["name"]: _has_condition(each, "Accepted") for each in found}

    @property
    def device_classes(self) -> frozenset[str]:
        """Names of DRA's classes."""
        return frozenset(each["metadata"]["name"] for each in self.answers.items(paths.DEVICE_CLASSES))

    @property
    def drivers(self) -> frozenset[str]:
        """DRA drivers that offer devices."""
        return frozenset(each["spec"]["driver"] for each in self.answers.items(paths.RESOURCE_SLICES))


def resources_path(api_version: str) -> str:
    """Where the kinds of an API version are listed."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def labels(node: Body) -> Mapping[str, str]:
    """Of any object."""
    found: Mapping[str, str] = node["metadata"].get("labels") or {}
    return found


def allocatable(node: Body, resource: str) -> int:
    """How many of an extended resource a node has."""
    return int(((node.get("status") or {}).get("allocatable") or {}).get(resource, 0))


def _is_called(workload: Body, names: tuple[str, ...]) -> bool:
    own = labels(workload)
    said = (workload["metadata"]["name"], own.get("app.kubernetes.io/name", ""), own.get("k8s-app", ""))
    return any(name in each for name in names for each in said)


def _has_ready(workload: Body) -> bool:
    status: Mapping[str, Any] = workload.get("status") or {}
    return bool(status.get("readyReplicas") or status.get("numberReady"))


def _has_condition(each: Body, kind: str) -> bool:
    conditions = (each.get("status") or {}).get("conditions") or ()
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)
