"""How the engine can fail. One tree; whoever drives the engine decides what each means to a client."""

from __future__ import annotations

from serve.engine.types import FailureKind


class EngineError(Exception):
    """Base of what the engine raises:

    |-- RefusedError  this request was not taken; `kind` says why
    |-- LoadError     the weights, or an adapter, can't be served
    |-- StateError    KV state on disk can't be written or used
    `-- DecodeError   one decode failed; its rows are as if never sent
        `-- NoRoomError  the memory has no place for its rows
    """


class RefusedError(EngineError):
    """This request was not taken."""

    num_prompt_tokens = 0  # of its prompt, at least; 0: nobody counted

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class LoadError(EngineError):
    """The weights can't be served; the message is one clear line."""


class StateError(EngineError):
    """KV state on disk can't be written or used."""


class DecodeError(EngineError):
    """One decode failed. Others may be fine."""


class NoRoomError(DecodeError):
    """The memory has no place for the rows of a step."""
