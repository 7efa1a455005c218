"""What changes the server itself and not only one answer: one table, by method and path. Reading is never among it.

A route that is not in the table is for everybody who may ask a model; a test holds the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

AdminRoutes = Literal["auto", "on", "off"]

TABLE: Final[tuple[tuple[str, str, str], ...]] = (
    # what is done, methods, path
    ("pull a model", "POST", r"/v1/api/pull|/api/pull"),
    ("cancel a pull", "DELETE", r"/v1/api/pulls/.+"),
    ("delete a model", "DELETE", r"/v1/models/.+|/api/delete"),
    ("copy a model", "POST", r"/api/copy"),
    ("make or send a model", "POST", r"/api/(create|push)|/api/blobs/.+"),
    ("load or unload a model", "POST", r"/(v1/)?models/(load|unload)"),
    ("look for new models", "POST", r"/v1/models/discover"),
    ("load or unload adapters", "POST", r"/v1/lora/(load|unload)"),
    ("set adapters", "POST", r"/lora-adapters"),
    ("save, restore or erase slots", "POST", r"/slots/.+"),
)
_TABLE = tuple((what, frozenset(methods.split("|")), re.compile(paths, re.DOTALL)) for what, methods, paths in TABLE)


def operation(method: str, path: str) -> str | None:
    """What a request would do to the server; None: nothing. A slash at the end is no way around it."""
    path = path.rstrip("/")
    return next((what for what, methods, paths in _TABLE if method in methods and paths.fullmatch(path)), None)


def may_change(scope: Mapping[str, Any]) -> bool:
    """May who sent a request that is not in the table do such things in passing? Ollama's `keep_alive` is one."""
    return bool(scope.get("state", {}).get("may_change", True))


def are_on(routes: AdminRoutes, *, has_admin_keys: bool, discovers: bool) -> bool:
    """May anybody do it? By default where administrators have keys, and where models come and go anyway."""
    return routes == "on" or (routes == "auto" and (has_admin_keys or discovers))
