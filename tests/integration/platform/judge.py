"""The API server as judge of manifests: strict about fields, Pod Security and quotas in force, nothing as a dry run.

Objects are applied as a provider does it (server-side apply), namespaces first, then what has no namespace, then the
rest as it comes; workloads last. Before these come, a Pod of each of their templates is tried in their namespace: only
there it is told what a Deployment would tell in an event that nobody reads.
"""

from __future__ import annotations

import copy
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

Object = Mapping[str, Any]
MANAGER: Final = "judge"
PATIENCE_S: Final = 180
"""Only a guard against hanging: controllers may share two cores with another test run."""
WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"})
CONTROLLERS: Final = (
    ("apps/v1", "deployments"), ("apps/v1", "statefulsets"), ("batch/v1", "cronjobs"), ("batch/v1", "jobs"),
)  # fmt: skip
AT_ONCE: Final = {"propagationPolicy": "Background", "gracePeriodSeconds": "0"}
_WARNING: Final = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Finding:
    """What the API server says against an object."""

    subject: str
    said: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.said}"


class Judge:
    """One API server."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._known: dict[str, dict[str, tuple[str, bool]]] = {}
        self._namespaces: list[str] = []

    def judge(self, objects: Sequence[Object]) -> list[Finding]:
        """Apply all of them; whatever was refused or warned of."""
        found: list[Finding] = []
        self._namespaces += [self.path(each) for each in objects if each["kind"] == "Namespace"]
        for each in sorted(objects, key=self._rank):
            if each["kind"] not in WORKLOADS:
                found += self._apply(each)
        self._wait_for_controllers(objects)
        for each in objects:
            found += [finding for pod in pods(each) for finding in self._admit(each, pod)]
        for each in objects:
            if each["kind"] in WORKLOADS:
                found += self._apply(each)
        return found

    def remove(self) -> None:
        """Delete what it was given and has a namespace."""
        remove(self._http, [path.rpartition("/")[2] for path in self._namespaces])

    def path(self, each: Object) -> str:
        """Where the object is."""
        return f"{self._collection(each)}/{each['metadata']['name']}"

    def _rank(self, each: Object) -> int:
        is_namespaced = self._resource(each)[1]
        return 0 if each["kind"] == "Namespace" else 2 if is_namespaced else 1

    def _collection(self, each: Object) -> str:
        plural, is_namespaced = self._resource(each)
        namespace = each["metadata"].get("namespace", "default")
        return f"{_base(each['apiVersion'])}/" + (f"namespaces/{namespace}/{plural}" if is_namespaced else plural)

    def _resource(self, each: Object) -> tuple[str, bool]:
        """Plural, and whether it lives in namespaces; an unknown kind has a path that is refused."""
        version = each["apiVersion"]
        if version not in self._known:
            listed = self._http.get(_base(version))
            resources = listed.json()["resources"] if listed.status_code == 200 else []
            self._known[version] = {
                one["kind"]: (one["name"], one["namespaced"]) for one in resources if "/" not in one["name"]
            }
        return self._known[version].get(each["kind"], (f"no-such-kind-{each['kind'].lower()}", True))

    def _apply(self, each: Object) -> list[Finding]:
        response = self._http.patch(
            self.path(each),
            params={"fieldManager": MANAGER, "fieldValidation": "Strict"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            content=json.dumps(each),
        )
        return _findings(f"{each['kind']}/{each['metadata']['name']}", response)

    def _admit(self, owner: Object, pod: Object) -> list[Finding]:
        response = self._http.post(
            self._collection(pod), params={"dryRun": "All", "fieldValidation": "Strict"}, json=pod
        )
        return _findings(f"a Pod of {owner['kind']}/{owner['metadata']['name']}", response)

    def _wait_for_controllers(self, objects: Iterable[Object]) -> None:
        """Until one has counted and another one has made a namespace's own account, every pod is refused."""
        quotas = [self.path(each) for each in objects if each["kind"] == "ResourceQuota"]
        _until(
            lambda: all(self._http.get(path).json().get("status", {}).get("hard") for path in quotas),
            f"{quotas} are not counted",
        )
        namespaces = [self.path(each) for each in objects if each["kind"] == "Namespace"]
        accounts = [f"{path}/serviceaccounts/default" for path in namespaces]
        _until(lambda: all(self._http.get(path).is_success for path in accounts), f"{accounts} are not there")


def pods(owner: Object) -> Iterator[dict[str, Any]]:
    """A Pod as its controller would make it, of every kind that has a template."""
    spec = owner.get("spec", {})
    template = spec["jobTemplate"]["spec"]["template"] if owner["kind"] == "CronJob" else spec.get("template")
    if owner["kind"] not in WORKLOADS - {"Pod"}:
        return
    pod = copy.deepcopy({"apiVersion": "v1", "kind": "Pod", **template})
    pod["metadata"] = {
        **pod.get("metadata", {}),
        "name": f"{owner['metadata']['name']}-judged"[:63],
        "namespace": owner["metadata"].get("namespace", "default"),
    }
    claims = spec.get("volumeClaimTemplates", [])
    volumes = [{"name": each["metadata"]["name"], "persistentVolumeClaim": {"claimName": "judged"}} for each in claims]
    if volumes:
        pod["spec"]["volumes"] = [*pod["spec"].get("volumes", []), *volumes]
    yield pod


def remove(http: httpx.Client, namespaces: Sequence[str]) -> None:
    """Delete namespaces with all that is in them, and wait until no pod is left; the rest goes when it goes."""
    for name in namespaces:
        for group, plural in CONTROLLERS:  # a namespace alone waits five seconds before it begins
            http.delete(f"/apis/{group}/namespaces/{name}/{plural}", params=AT_ONCE)
        http.delete(f"/api/v1/namespaces/{name}/pods", params=AT_ONCE)
        http.delete(f"/api/v1/namespaces/{name}")
    left = [f"/api/v1/namespaces/{name}/pods" for name in namespaces]
    _until(lambda: not any(http.get(path).json()["items"] for path in left), "pods stay")


def _base(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _findings(subject: str, response: httpx.Response) -> list[Finding]:
    warned = _WARNING.findall(response.headers.get("Warning", ""))
    found = [Finding(subject, f"warning: {text}") for text in warned]
    if response.is_error:
        is_json = "json" in response.headers.get("content-type", "")
        found.append(Finding(subject, response.json().get("message", "") if is_json else response.text))
    return found


def _until(is_done: Any, otherwise: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_done():
        if time.monotonic() > end:
            raise AssertionError(f"after {PATIENCE_S} s: {otherwise}")
        time.sleep(0.1)
