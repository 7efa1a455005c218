"""Put CustomResourceDefinitions into an API server: server-side apply, several at once, until each is Established.

Safe to repeat; what is there already in the same version of ours is left alone, so a second `make up` asks once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx

from tools.errors import ToolError
from tools.toolchain import crds as sources
from tools.toolchain.crds import Crd

PATH: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MANAGER: Final = "slipway-cluster"
VERSION: Final = "slipway.dev/crds"
"""The annotation with `sources.key()`, by which a second run knows its own."""
PATIENCE_S: Final = 180.0
NUM_AT_ONCE: Final = 4


def install(http: httpx.Client, crds: Sequence[Crd]) -> int:
    """Apply them and wait until the server serves them; how many were not there."""
    num = apply(http, crds)
    wait(http, crds)
    return num


def apply(http: httpx.Client, crds: Sequence[Crd]) -> int:
    """Send what is not there yet; the server takes a second or two longer until it serves it."""
    found = _found(http)
    stale = [crd for crd in crds if not _is_same(found.get(crd["metadata"]["name"]))]
    with ThreadPoolExecutor(NUM_AT_ONCE) as pool:
        list(pool.map(lambda crd: _apply(http, _marked(crd)), stale))
    return len(stale)


def wait(http: httpx.Client, crds: Sequence[Crd]) -> None:
    """Until all are Established."""
    names = {crd["metadata"]["name"] for crd in crds}
    deadline = time.monotonic() + PATIENCE_S
    while missing := names - {name for name, crd in _found(http).items() if _is_established(crd)}:
        if time.monotonic() > deadline:
            raise ToolError(f"not established after {PATIENCE_S:.0f} s: {', '.join(sorted(missing))}")
        time.sleep(0.3)  # each look costs the server a tenth of a second


def _marked(crd: Crd) -> Crd:
    metadata = crd["metadata"]
    return {**crd, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), VERSION: sources.key()}}}


def _is_same(crd: Mapping[str, Any] | None) -> bool:
    return crd is not None and (crd["metadata"].get("annotations") or {}).get(VERSION) == sources.key()


def _found(http: httpx.Client) -> dict[str, Mapping[str, Any]]:
    """Name -> definition. With its status, which is small beside its schemas: nothing asks for those alone."""
    response = http.get(PATH, timeout=PATIENCE_S)
    response.raise_for_status()
    return {crd["metadata"]["name"]: crd for crd in response.json()["items"]}


def _apply(http: httpx.Client, crd: Crd) -> None:
    response = http.patch(
        f"{PATH}/{crd['metadata']['name']}",
        params={"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"},
        headers={"Content-Type": "application/apply-patch+yaml"},
        content=json.dumps(crd),
        timeout=PATIENCE_S,  # a server that has just begun, on a busy machine
    )
    if response.is_error:
        raise ToolError(f"{crd['metadata']['name']}: the API server refuses it: {response.text[:1000]}")


def _is_established(crd: Mapping[str, Any]) -> bool:
    conditions = crd.get("status", {}).get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
