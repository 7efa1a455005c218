"""From settings to what the guard is given. Whatever is wrong is a SetupError before any model is loaded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from serve.security.admin import are_on
from serve.security.limits import Limits
from serve.security.origins import parse_origins
from serve.security.ring import KeyRing, key_files
from serve.settings import Settings


@dataclass(frozen=True, slots=True)
class Security:
    """Who may do what on this server."""

    ring: KeyRing
    limits: Limits
    admin_is_on: bool
    origins: frozenset[str]


def make_security(settings: Settings, clock: Callable[[], float] = time.monotonic) -> Security:
    """Read all of it."""
    ring = KeyRing(key_files(settings.api_keys_file, settings.admin_keys_file), clock)
    admin_is_on = are_on(settings.admin_routes, has_admin_keys=ring.has_admin_keys, discovers=_discovers(settings))
    return Security(ring, Limits(clock), admin_is_on, parse_origins(settings.cors_origins))


def _discovers(settings: Settings) -> bool:
    """Without configured models the folder says what there is, unless that is set."""
    if settings.discover is not None:
        return settings.discover
    return not settings.models_json and not settings.models_file.exists()
