"""Property values: what the engine sends and gets, as Python values.

The engine marks two things inside a plain structure: values that are not known yet (a preview), and secrets. Here
they are `UNKNOWN` and `Secret`. Everything that goes to an API server is `plain`: no secrets left, and never an
unknown value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct, Value

from tools.plugins.kubernetes.errors import InputError

Object = dict[str, Any]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's mark of a secret, not one
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

UNKNOWN_MARKS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string, and whatever else the engine can't tell
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
UNKNOWN_MARK: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

DASHED_KEYS: Final = {
    f"x_kubernetes_{name}": f"x-kubernetes-{name.replace('_', '-')}"
    for name in (
        "embedded_resource",
        "int_or_string",
        "list_map_keys",
        "list_type",
        "map_type",
        "preserve_unknown_fields",
        "validations",
    )
}
"""Keys of CustomResourceDefinitions that the SDKs can't spell as Kubernetes does."""
UNDERSCORED_KEYS: Final = {dashed: underscored for underscored, dashed in DASHED_KEYS.items()}


class Unknown(Enum):
    """A value that only an update will know. An enum, so that there is one of it even after a copy."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is shown to nobody and encrypted in the state."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(...)"


def from_struct(struct: Struct) -> Object:
    """What a message of the engine holds."""
    return {key: _from_value(value) for key, value in struct.fields.items()}


def to_struct(properties: Mapping[str, Any]) -> Struct:
    """The same for the way back."""
    struct = Struct()
    for key, value in properties.items():
        _fill(struct.fields[key], value)
    return struct


def _from_value(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWN_MARKS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields = value.struct_value.fields
        return _from_marked(value.struct_value) if SIGNATURE in fields else from_struct(value.struct_value)
    return None


def _from_marked(struct: Struct) -> Any:
    mark = struct.fields[SIGNATURE].string_value
    inner = _from_value(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    if mark == SECRET:
        return Secret(inner)
    if mark == OUTPUT:
        return Secret(inner) if struct.fields["secret"].bool_value else inner
    raise InputError("an asset, archive or resource reference stands where Kubernetes takes a plain value")


def _fill(target: Value, value: Any) -> None:
    if isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif value is None:
        target.null_value = 0  # type: ignore[assignment]
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _fill(target.struct_value.fields[key], item)
    elif isinstance(value, Secret):
        _fill(target, {SIGNATURE: SECRET, "value": value.value})
    elif isinstance(value, Unknown):
        target.string_value = UNKNOWN_MARK
    else:
        target.list_value.SetInParent()
        for item in value:
            _fill(target.list_value.values.add(), item)


def plain(value: Any) -> Any:
    """A copy without secrets' marks, with the keys that Kubernetes uses. Unknown values stay."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {DASHED_KEYS.get(key, key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def for_state(value: Any) -> Any:
    """A copy of a plain value with the keys that the SDKs use."""
    if isinstance(value, Mapping):
        return {UNDERSCORED_KEYS.get(key, key): for_state(item) for key, item in value.items()}
    return [for_state(item) for item in value] if isinstance(value, list) else value


def has_unknown(value: Any) -> bool:
    """Whether anything in it is not known yet."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    return any(has_unknown(item) for item in value) if isinstance(value, list) else value is UNKNOWN


def has_secret(value: Any) -> bool:
    """Whether anything in it is a secret."""
    if isinstance(value, Mapping):
        return any(has_secret(item) for item in value.values())
    return any(has_secret(item) for item in value) if isinstance(value, list) else isinstance(value, Secret)


def mark_secrets(outs: Mapping[str, Any], ins: Mapping[str, Any]) -> Object:
    """A copy of `outs` that is as secret as `ins`, field by field.

    A list with one secret in it becomes a secret as a whole: its order may differ between the two. The data of a Secret
    object is always secret, whoever wrote it.
    """
    hidden = ("data", "stringData") if outs.get("kind") == "Secret" else ()
    return {key: _hide(value) if key in hidden else _mark(value, ins.get(key)) for key, value in outs.items()}


def _mark(out: Any, in_: Any) -> Any:
    if isinstance(out, Mapping):
        return _hide(out) if isinstance(in_, Secret) else mark_secrets(out, in_ if isinstance(in_, Mapping) else {})
    return _hide(out) if has_secret(in_) else out


def _hide(value: Any) -> Secret:
    return value if isinstance(value, Secret) else Secret(value)
