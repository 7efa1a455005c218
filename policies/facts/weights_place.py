"""Where in a container a model's files are, or are downloaded to. Knows Hugging Face's variables; knows no volume.

Source: huggingface.co/docs/huggingface_hub "Environment variables": HF_HUB_CACHE, HF_HOME, HF_HUB_OFFLINE.
"""

from __future__ import annotations

import re
from typing import Any

from kube.view import View
from policies.facts import variables
from policies.facts.engines import Server

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
OFFLINE = "HF_HUB_OFFLINE"
_HOME = "/root"


def is_hub_id(name: Any) -> bool:
    """Whether it is a model on the hub, `owner/name`; a path and a URL are not."""
    return isinstance(name, str) and HUB_ID.fullmatch(name) is not None


def folder(server: Server) -> Any:
    """The path; None where the manifest does not tell, UNKNOWN where only `up` knows."""
    name = server.model
    if isinstance(name, str) and name.startswith("/"):
        return name
    if server.cache is None or not is_hub_id(name):
        return None
    stated = server.value("download_dir")
    return _default(server, server.cache) if stated is None else stated or None


def _default(server: Server, cache: str) -> Any:
    """Below the home of the user, which is the image's unless a variable says otherwise."""
    home = variables.literal(server.container, "HOME")
    if variables.may_come_from_elsewhere(server.container):
        return None
    if home is None:
        return _cache_mount(server.container) or cache
    return cache.replace(_HOME, home) if isinstance(home, str) else home


def _cache_mount(container: View) -> Any:
    """What the manifest itself takes for the cache of an image whose home it knows."""
    paths = [each.text("mountPath") for each in container.items("volumeMounts")]
    return next((path for path in paths if isinstance(path, str) and "/.cache" in path), None)
