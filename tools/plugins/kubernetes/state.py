"""What is kept of an object between two operations: the live object, and beside it what it was made from.

The shape is the official provider's, so that a state can go from one to the other: `__inputs`, `__initialApiVersion`
and `__fieldManager` inside the outputs. Whatever is a secret in the inputs is one wherever it turns up again, and
the data of a Secret is one always: the engine encrypts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools.plugins.kubernetes.annotations import FIELD_MANAGER
from tools.plugins.kubernetes.objects import annotation, api_version_of, with_metadata
from tools.plugins.kubernetes.values import Object, for_state, mark_secrets, plain

INPUTS: Final = "__inputs"
API_VERSION: Final = "__initialApiVersion"
MANAGER: Final = "__fieldManager"
MANAGER_PREFIX: Final = "pulumi-kubernetes-"


@dataclass(frozen=True, slots=True)
class Kept:
    """A state, read."""

    inputs: Object
    live: Object
    api_version: str
    manager: str
    """Empty in the state of an object that was read and not made by us."""


def read(properties: Mapping[str, Any]) -> Kept:
    """What a state holds, secrets in clear."""
    values = plain(properties)
    inputs = values.get(INPUTS) or {}
    return Kept(
        inputs=inputs,
        live={key: value for key, value in values.items() if key not in (INPUTS, API_VERSION, MANAGER)},
        api_version=values.get(API_VERSION) or api_version_of(inputs),
        manager=values.get(MANAGER) or "",
    )


def write(inputs: Object, live: Object, secrets: Mapping[str, Any], *, api_version: str, manager: str) -> Object:
    """The state of an object; `secrets` are the inputs with their marks."""
    return {
        **mark_secrets(for_state(with_metadata(live, managedFields=None)), secrets),
        INPUTS: mark_secrets(for_state(inputs), secrets),
        API_VERSION: api_version,
        MANAGER: manager,
    }


def manager_of(inputs: Object, kept: str, digits: str) -> str:
    """The name under which we own fields: the object's, the kept one, or a new one that no other stack has."""
    return annotation(inputs, FIELD_MANAGER) or kept or MANAGER_PREFIX + digits
