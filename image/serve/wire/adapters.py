"""POST /v1/lora/load and /v1/lora/unload."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from serve.models import AdapterEntry, FileName
from serve.wire.body import Body

Name = Annotated[str, Field(min_length=1, max_length=200)]


class AdapterOrder(Body):
    """An adapter of a model. `scale` is how much of it requests get that do not say."""

    model: str | None = None
    name: Name
    file: FileName
    scale: Annotated[float, Field(ge=-100, le=100)] = 0.0

    def entry(self) -> AdapterEntry:
        """The same in our words."""
        return AdapterEntry(self.name, self.file, self.scale)


class AdapterName(Body):
    """One that is there."""

    model: str | None = None
    name: Name
