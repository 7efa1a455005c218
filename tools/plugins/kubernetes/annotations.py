"""The annotations with which a program steers the provider, object by object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tools.plugins.kubernetes.errors import InputError
from tools.plugins.kubernetes.objects import annotation, id_of

AUTONAMED: Final = "pulumi.com/autonamed"
"""Set by the provider itself: it has made up the name."""
SKIP_AWAIT: Final = "pulumi.com/skipAwait"
WAIT_FOR: Final = "pulumi.com/waitFor"
TIMEOUT_SECONDS: Final = "pulumi.com/timeoutSeconds"
REPLACE_UNREADY: Final = "pulumi.com/replaceUnready"
PATCH_FORCE: Final = "pulumi.com/patchForce"
FIELD_MANAGER: Final = "pulumi.com/patchFieldManager"
DELETION_PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"

PROPAGATIONS: Final = {"orphan": "Orphan", "background": "Background"}


def is_set(obj: Mapping[str, Any], key: str) -> bool:
    """Whether a yes-or-no annotation says yes."""
    return annotation(obj, key) == "true"


def timeout_s(obj: Mapping[str, Any], custom_timeout_s: float, default_s: float) -> float:
    """How long to wait: the resource's customTimeouts, else its annotation, else the default of its kind."""
    if custom_timeout_s:
        return custom_timeout_s
    text = annotation(obj, TIMEOUT_SECONDS)
    if not text:
        return default_s
    if not text.isdigit():
        raise InputError(f"{id_of(obj)}: annotation {TIMEOUT_SECONDS}={text!r}: must be a whole number of seconds")
    return float(text)


def deletion_propagation(obj: Mapping[str, Any]) -> str:
    """What happens to what it owns when it is deleted."""
    return PROPAGATIONS.get(annotation(obj, DELETION_PROPAGATION).lower(), "Foreground")
