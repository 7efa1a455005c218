"""A small client of the local API server for our own controllers: list, watch, apply, delete.

The controllers only ever react to "something changed": `Changes` turns any number of watches into that one signal,
and lists again whenever a watch breaks, so no change is ever missed.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import yaml

Object = dict[str, Any]

WATCH_S = 300
RETRY_S = 1.0
LOOK_EVERY_S = 5.0
"""What a controller keeps in order can change without any object in the API: a proxy that was started again."""


class Kube:
    """One API server, by a kubeconfig with a client certificate (as pki.py writes them)."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        context.load_cert_chain(user["client-certificate"], user["client-key"])
        self._http = httpx.Client(base_url=cluster["server"], verify=context, timeout=10, trust_env=False)

    @property
    def http(self) -> httpx.Client:
        """For what the methods below have no word for."""
        return self._http

    def list(self, path: str) -> list[Object]:
        """All objects of a collection."""
        items: list[Object] = self._call("GET", path)["items"]
        return items

    def create(self, path: str, obj: Object) -> None:
        """Create; an object that exists already is fine."""
        try:
            self._call("POST", path, json=obj)
        except httpx.HTTPStatusError as e:
            if e.response.status_code != 409:
                raise

    def patch_status(self, path: str, status: Object) -> None:
        """Merge into an object's status."""
        headers = {"Content-Type": "application/merge-patch+json"}
        self._call("PATCH", f"{path}/status", content=json.dumps({"status": status}), headers=headers)

    def delete(self, path: str) -> None:
        """Delete; an object that is gone already is fine."""
        try:
            self._call("DELETE", path)
        except httpx.HTTPStatusError as e:
            if e.response.status_code != 404:
                raise

    def version(self, path: str) -> str:
        """The collection's version now: a watch from here misses nothing."""
        version: str = self._call("GET", path, params={"limit": 1})["metadata"]["resourceVersion"]
        return version

    def wait_for_change(self, path: str, since: str) -> None:
        """Return when anything in the collection has changed since that version, or after five minutes."""
        params: dict[str, str | int] = {"watch": 1, "resourceVersion": since, "timeoutSeconds": WATCH_S}
        with self._http.stream("GET", path, params=params, timeout=WATCH_S + 10) as response:
            response.raise_for_status()
            next(response.iter_lines(), None)

    def _call(self, method: str, path: str, **kwargs: Any) -> Object:
        response = self._http.request(method, path, **kwargs)
        response.raise_for_status()
        answer: Object = response.json()
        return answer


class Changes:
    """Wakes a controller when any of some collections changes."""

    def __init__(self, kube: Kube, paths: tuple[str, ...]) -> None:
        self._event = threading.Event()
        for path in paths:
            threading.Thread(target=self._watch, args=(kube, path), daemon=True).start()

    def wait(self) -> None:
        """Return when something has changed since the last call; now and then also without."""
        self._event.wait(LOOK_EVERY_S)
        self._event.clear()

    def again(self) -> None:
        """Look again soon: the last look failed."""
        time.sleep(RETRY_S)
        self._event.set()

    def _watch(self, kube: Kube, path: str) -> None:
        while True:
            try:
                # The version comes before the wake-up: what changes while the controller looks wakes it again.
                version = kube.version(path)
                self._event.set()
                kube.wait_for_change(path, version)
            except (httpx.HTTPError, KeyError, ValueError):
                time.sleep(RETRY_S)
