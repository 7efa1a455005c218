"""Fields that are known and not served: asking for them and getting an answer without them would be wrong."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from serve.errors import InvalidRequestError

Neutral = Mapping[str, tuple[object, ...]]  # field -> the values that ask for nothing


def refuse_what_is_not_served(body: BaseModel, not_served: Neutral, where: str = "") -> None:
    """`where` the object is in the body, with its dot."""
    for name, value in (body.model_extra or {}).items():
        if name in not_served and value is not None and value not in not_served[name]:
            allowed = " or ".join(repr(v) for v in not_served[name]) or "nothing"
            path = f"{where}{name}"
            raise InvalidRequestError(f"{path} is {shown(value)}: this server takes {allowed} here", param=path)


def shown(value: object) -> str:
    """A value as an error message quotes it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
