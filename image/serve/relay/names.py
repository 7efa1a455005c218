"""The model that a request is about: in its body, in its path, or nowhere. Pure."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import unquote

_KEYS: Final = ("model", "name")  # Ollama says `name` in some of its requests
_IN_PATH: Final = "/v1/models/"
_VERBS: Final = frozenset({"load", "unload", "discover"})


def model_of(path: str, body: bytes) -> str | None:
    """None: the request does not say it. What is no JSON is the server's to refuse."""
    if path.startswith(_IN_PATH) and (name := unquote(path.removeprefix(_IN_PATH))) not in _VERBS:
        return name or None
    try:
        said = json.loads(body) if body else None
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    found = (said.get(key) for key in _KEYS)
    return next((name for name in found if isinstance(name, str) and name), None)
