"""What every part of a request's body is made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Body(BaseModel):
    """Its validator is built when the first body of its kind comes: all of them are a seventh of the server's start.

    No server is asked in all APIs.
    """

    model_config = ConfigDict(defer_build=True)


def _said(value: Any) -> Any:
    return False if value is None else value


Flag = Annotated[bool, BeforeValidator(_said, json_schema_input_type=bool | None)]
"""Clients' own types let most flags be null, which is as if nothing was said: false."""
