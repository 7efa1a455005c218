"""Plays the ingress controllers of a fleet: every Ingress gets an address, and nothing listens there."""

from __future__ import annotations

from typing import Any, Final

import httpx

INGRESSES: Final = "/apis/networking.k8s.io/v1/ingresses"
ADDRESS: Final = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
"""Of a network that is for documentation only."""


def look(http: httpx.Client) -> None:
    """Give an address to those that have none."""
    response = http.get(INGRESSES)
    response.raise_for_status()
    headers = {"Content-Type": "application/merge-patch+json"}
    for each in response.json()["items"]:
        if not each["status"].get("loadBalancer"):
            http.patch(f"{_path(each['metadata'])}/status", json={"status": ADDRESS}, headers=headers)


def _path(meta: dict[str, Any]) -> str:
    return f"/apis/networking.k8s.io/v1/namespaces/{meta['namespace']}/ingresses/{meta['name']}"
