"""Field types of the two schemas that people write: the stack's settings and the catalog.

Each one parses text into the value that the program works with, and says what is allowed when it can't.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter

from infra import names, units

Text = Annotated[str, Field(min_length=1)]


def _cpu(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError(f"allowed: {units.CPU_ALLOWED}, as a text")
    return units.parse_cpu(value)


def _bytes(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError(f"allowed: {units.BYTES_ALLOWED}, as a text")
    return units.parse_bytes(value)


def matches(pattern: re.Pattern[str], allowed: str) -> AfterValidator:
    """The whole of a text."""

    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"allowed: {allowed}")
        return value

    return AfterValidator(check)


Cpu = Annotated[int, BeforeValidator(_cpu), Field(gt=0)]
Bytes = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]
ModelId = Annotated[str, matches(names.MODEL_ID, names.MODEL_ID_ALLOWED)]
Label = Annotated[str, matches(names.DNS_LABEL, "lower-case letters, digits and dashes, at most 63")]
DnsName = Annotated[str, matches(names.DNS_NAME, "a DNS name such as models.example.com")]
FileName = Annotated[str, matches(re.compile(r"[A-Za-z0-9_][\w.-]*\.gguf"), "the plain name of a .gguf file")]
HubRepo = Annotated[str, matches(re.compile(r"[\w.-]+/[\w.-]+"), "owner/name")]
Sha256 = Annotated[str, matches(re.compile(r"[0-9a-f]{64}"), "64 lower-case hex digits")]


def parse_field(field: Any, value: object) -> Any:
    """Parse one value as the given field type, for validators that only handle a special word themselves."""
    return TypeAdapter(field).validate_python(value)
