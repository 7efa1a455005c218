"""What models are called in requests about models themselves, and which file of the hub a name to pull means."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import ConfigDict, Field

from serve.errors import InvalidRequestError
from serve.pulls.types import PullOrder
from serve.wire.body import Body, having

_HOSTS = ("hf.co", "huggingface.co")
_DEFAULT_QUANT = "Q4_K_M"  # Ollama's
_NAME = re.compile(
    r"(?:https?://)?(?:(?P<host>[^/:]+\.[^/:]+)/)?(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?::(?P<tag>[^:]+))?"
)
_QUANT = re.compile(r"[A-Za-z0-9_]{1,40}")
_ALLOWED = "hf.co/ORG/REPO:QUANT, hf.co/ORG/REPO:FILE.gguf and ORG/REPO:FILE.gguf are allowed"

ModelName = Annotated[str, Field(max_length=500)]


class NameFields(Body):
    """One model. `name` is the older word."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [having("model", minLength=1), having("name", minLength=1)]})

    model: ModelName = ""
    name: ModelName = ""

    @property
    def asked(self) -> str:
        """Whichever was said."""
        if not (self.model or self.name):
            raise InvalidRequestError("model is required", param="model")
        return self.model or self.name


class ShowBody(NameFields):
    """POST /api/show. All that is known is told: `verbose` adds nothing."""


class DeleteBody(NameFields):
    """DELETE /api/delete."""


class PullBody(NameFields):
    """POST /api/pull."""

    stream: bool | None = None  # as if true
    insecure: bool | None = None

    @property
    def streams(self) -> bool:
        """Does it tell of its progress?"""
        return self.stream is not False

    def order(self) -> PullOrder:
        """What is to be pulled."""
        if self.insecure:
            raise InvalidRequestError("insecure is true: this server pulls by TLS only", param="insecure")
        return to_order(self.asked)


class CopyBody(Body):
    """POST /api/copy."""

    source: Annotated[ModelName, Field(min_length=1)]
    destination: Annotated[ModelName, Field(min_length=1)]


def to_order(name: str) -> PullOrder:
    """A name of the hub as a file there. A quantization stands for the one model of the repository that has it."""
    found = _NAME.fullmatch(name)
    host, tag = (found["host"], found["tag"]) if found else (None, None)
    if found is None or (host is None and not (tag or "").endswith(".gguf")):
        raise _refused(name, "that would be in Ollama's own registry, which this server does not know")
    if host is not None and host.lower() not in _HOSTS:
        raise _refused(name, f"{host} is no hub that this server knows")
    if tag is not None and tag.endswith(".gguf"):
        return PullOrder(found["repo"], tag)
    quant = _DEFAULT_QUANT if tag in (None, "latest") else tag
    assert quant is not None
    if not _QUANT.fullmatch(quant):
        raise _refused(name, f"{quant!r} is no quantization")
    return PullOrder(found["repo"], f"*{quant}*.gguf")


def _refused(name: str, why: str) -> InvalidRequestError:
    shown = name if len(name) <= 80 else f"{name[:77]}..."
    return InvalidRequestError(f"model is {shown!r}: {why}: {_ALLOWED}", param="model")
