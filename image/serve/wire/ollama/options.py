"""The parts of Ollama's bodies that say how: options, keep_alive, think, format."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from serve.wire.common import MAX_TOKENS, Stop
from serve.wire.sampling import SamplingFields

FOREVER_S = -1.0
_UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)"
_DURATION = re.compile(rf"([-+]?)((?:{_PART})+)")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)")
_LONGEST_S = 2.0**63 / 1e9  # Go's; longer is for ever, too


def _seconds(value: Any) -> Any:
    """A number is seconds, a text is Go's form of a duration; below 0 is for ever. A number as text is one, too."""
    if value is None:
        return None
    if isinstance(value, str):
        value = _parsed(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ValueError("a number of seconds or a duration such as '5m' is allowed")
    return FOREVER_S if value < 0 or value > _LONGEST_S else float(value)


def _parsed(text: str) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text)
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in re.findall(_PART, found[2]))
    return -seconds if found[1] == "-" else seconds


_Text = Annotated[str, Field(pattern=f"^(?:{_NUMBER.pattern}|{_DURATION.pattern})$")]  # for the document
KeepAlive = Annotated[float | None, BeforeValidator(_seconds, json_schema_input_type=float | _Text | None)]
"""How long the model stays after this request, in seconds; FOREVER_S: for ever; None: as it is set."""

Think = bool | Literal["low", "medium", "high", "max"]
AnswerFormat = Literal["", "json"] | dict[str, Any]
"""JSON of any kind, or of this schema."""


class Options(SamplingFields):
    """How to answer. Those that are set when a model is loaded, and others that nothing here knows, are ignored.

    So is `num_ctx`: a model's context is a setting of this server. Ollama cuts a wish that is too large, too; what does
    not fit is told when it does not.
    """

    num_predict: Annotated[int, Field(le=MAX_TOKENS)] | None = None  # below 1: as many as fit
    stop: str | Stop | None = None

    def fields(self) -> dict[str, Any]:
        """The same as fields of a TextFields. What was not said stays unsaid."""
        found = self.model_dump(include=set(SamplingFields.model_fields), exclude_none=True)
        if self.seed is not None and self.seed < 0:
            del found["seed"]  # chance, as where nothing is said
        if self.stop:
            found["stop"] = self.stop
        if self.num_predict is not None and self.num_predict > 0:
            found["max_tokens"] = self.num_predict
        return found
