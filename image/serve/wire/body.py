"""What every part of a request's body is made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue


class Body(BaseModel):
    """Its validator is built when the first body of its kind comes: all of them are a seventh of the server's start.

    No server is asked in all APIs.
    """

    model_config = ConfigDict(defer_build=True)


def _said(value: Any) -> Any:
    return False if value is None else value


Flag = Annotated[bool, BeforeValidator(_said, json_schema_input_type=bool | None)]
"""Clients' own types let most flags be null, which is as if nothing was said: false."""


def having(field: str, **like: JsonValue) -> dict[str, JsonValue]:
    """For the document, where a body needs one field of several: this one is there, and is like that."""
    return {"required": [field], "properties": {field: like}}
