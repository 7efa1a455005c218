"""What every part of a request's body is made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """Its validator is built when the first body of its kind comes: all of them are a seventh of the server's start.

    No server is asked in all APIs.
    """

    model_config = ConfigDict(defer_build=True)
