"""cuBLAS as a volume: an image with nothing else in it, which a node pulls once, whatever becomes of the server's."""

from typing import Any

from infra import names
from infra.manifests import fetch
from infra.manifests.objects import Manifest
from infra.plan import ServerPlan

VOLUME = "cublas"
FOLDER = "cublas"
"""Where the image has the libraries."""


def volumes(server: ServerPlan, image: Any) -> list[Manifest]:
    """Of a pod whose model needs it; the image is read-only by what it is."""
    return [fetch.image_volume(VOLUME, image)] if server.mounts_cublas else []


def mounts(server: ServerPlan) -> list[Manifest]:
    """Where the server is told to look."""
    if not server.mounts_cublas:
        return []
    return [{"name": VOLUME, "mountPath": names.CUBLAS_DIR, "subPath": FOLDER, "readOnly": True}]
