"""Inputs in the form in which the API server keeps them, so that equal objects compare as equal. Pure.

Only what can't be seen in the server's own answer is done here: fields that it alone writes, and fields that it
turns into others. Different spellings of a quantity, defaults and the like are left to a dry run (see diff.py).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from tools.plugins.kubernetes.objects import is_crd, is_kind, section, with_metadata
from tools.plugins.kubernetes.paths import without
from tools.plugins.kubernetes.values import Object, has_unknown

READ_ONLY: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
"""Metadata that only the API server writes."""

BY_CLUSTER: Final = ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")
"""Annotations that controllers and tools write."""


def normalise(obj: Object) -> Object:
    """The same object, as the API server would keep it."""
    if isinstance(obj.get("metadata"), dict):
        obj = with_metadata(obj, **dict.fromkeys(READ_ONLY))
    if has_unknown(obj):
        return obj
    if is_kind(obj, "v1", "Secret"):
        return _secret(obj)
    return _crd(obj) if is_crd(obj) else obj


def _secret(obj: Object) -> Object:
    """`stringData` is written only: the server adds it to `data`."""
    data = {key: _canonical(value) for key, value in section(obj, "data").items()}
    for key, value in section(obj, "stringData").items():
        data[key] = base64.b64encode(str(value).encode()).decode()
    rest = {key: value for key, value in obj.items() if key != "stringData"}
    return {**rest, "data": data} if data else rest


def _canonical(value: Any) -> Any:
    """Base64 without the line breaks that some tools put in."""
    try:
        return base64.b64encode(base64.b64decode(value, validate=False)).decode()
    except (TypeError, ValueError, binascii.Error):
        return value  # the API server says what is wrong with it


def _crd(obj: Object) -> Object:
    """`preserveUnknownFields: false` is the default and is not kept; `status` is not ours."""
    if section(obj, "spec").get("preserveUnknownFields") is False:
        obj = without(obj, ("spec", "preserveUnknownFields"))
    return without(obj, ("status",))


def as_inputs(live: Object) -> Object:
    """The inputs of an object that nobody here has made: everything that is not the cluster's own (an import)."""
    annotations = {
        key: value for key, value in section(live, "metadata", "annotations").items() if key not in BY_CLUSTER
    }
    inputs = normalise({key: value for key, value in live.items() if key != "status"})
    return with_metadata(inputs, annotations=annotations or None)
