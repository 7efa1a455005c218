"""Objects in and out of the API server, and what kube-scheduler has said of each pod: read from one watch.

Only `decision` of a pod that was refused once is ambiguous, for the refusal stays until the pod is bound: who has
changed the cluster since and wants to know creates the pod anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from tests.conformance.fleet.control_plane import TOKEN, ControlPlane

PATIENCE_S = 240
"""For one decision, on a machine that is busy with other things."""


class Undecided(Exception):
    """kube-scheduler has not said what was to be expected."""


class Client:
    """One API server."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._nodes: dict[tuple[str, str], str] = {}
        self._refused: dict[tuple[str, str], str] = {}
        self._changed: dict[tuple[str, str], asyncio.Event] = {}

    async def create(self, path: str, body: Mapping[str, Any], *, or_keep: bool = False) -> None:
        """An object more."""
        response = await self._http.post(path, json=body)
        if response.status_code != 201 and not (or_keep and response.status_code == 409):
            raise AssertionError(f"{path}: {response.text}\n{json.dumps(body)}")

    async def delete(self, path: str, **params: str) -> None:
        """An object less, or all of a collection; at once."""
        response = await self._http.delete(path, params={"gracePeriodSeconds": "0", **params})
        if response.status_code not in (200, 202, 404):
            raise AssertionError(f"{path}: {response.text}")

    async def decision(self, namespace: str, name: str) -> str | None:
        """The node that the pod was bound to; None where no node would do."""
        pod = namespace, name
        return await self._wait(pod, lambda: pod in self._nodes or pod in self._refused)

    async def bound(self, namespace: str, name: str) -> str:
        """The node that the pod is bound to in the end."""
        pod = namespace, name
        node = await self._wait(pod, lambda: pod in self._nodes)
        assert node
        return node

    def why_refused(self, namespace: str, name: str) -> str:
        """In kube-scheduler's words."""
        return self._refused.get((namespace, name), "it was not refused")

    async def watch(self) -> None:
        """Follow all pods until it is cancelled."""
        params = {"watch": "1", "resourceVersion": "0", "allowWatchBookmarks": "false"}
        while True:
            with contextlib.suppress(httpx.TransportError):
                async with self._http.stream("GET", "/api/v1/pods", params=params, timeout=None) as stream:
                    async for line in stream.aiter_lines():
                        event = json.loads(line)
                        if event.get("type") in ("ADDED", "MODIFIED", "DELETED"):  # else a reason to look anew
                            self._see(event["object"])

    async def _wait(self, pod: tuple[str, str], is_done: Any) -> str | None:
        event = self._changed.setdefault(pod, asyncio.Event())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_done():
                    event.clear()
                    await event.wait()
        except TimeoutError:
            raise Undecided(f"pod {'/'.join(pod)}: {self._refused.get(pod, 'no decision')}") from None
        return self._nodes.get(pod)

    def _see(self, pod: Mapping[str, Any]) -> None:
        key = pod["metadata"]["namespace"], pod["metadata"]["name"]
        if node := pod["spec"].get("nodeName"):
            self._nodes[key] = node
        for condition in pod["status"].get("conditions", []):
            if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
                self._refused[key] = condition.get("message", "")
        if key in self._changed:
            self._changed[key].set()


@contextlib.asynccontextmanager
async def connected(plane: ControlPlane) -> AsyncIterator[Client]:
    """A client that watches."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(
        base_url=plane.url, verify=False, trust_env=False, timeout=PATIENCE_S, headers=headers, limits=limits
    ) as http:
        client = Client(http)
        watching = asyncio.create_task(client.watch())
        try:
            yield client
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
