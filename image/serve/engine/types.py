"""The engine's words: what goes in (Request), what comes out (Event, Stats), and how it can fail.

Plain values only. They cross the border between the engine and whoever drives it, so they know nothing of either side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

NO_SEED = 0xFFFFFFFF  # llama.cpp's own word for "choose a seed"


class FinishReason(StrEnum):
    """Why a sequence ended well."""

    STOP = "stop"  # the model ended its answer, or a stop string came
    LENGTH = "length"  # max_tokens are out


class FailureKind(StrEnum):
    """Why a sequence got no answer, or only a part of one."""

    BAD_PROMPT = "bad_prompt"  # it can't be rendered or tokenized
    TOO_LONG = "too_long"  # it can never fit
    QUEUE_FULL = "queue_full"  # no room to wait
    BROKEN = "broken"  # computing it failed


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. Temperature 0 means greedy."""

    temperature: float = 0.8
    top_k: int = 40  # 0 = off
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    penalty_window_tokens: int = 64
    seed: int = NO_SEED
    logit_bias: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One sequence to generate. `max_tokens` None means: as many as fit."""

    id: int
    prompt: tuple[int, ...]
    max_tokens: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False
    skip_first_space: bool = False  # where the prompt ends in the middle of a line, the first token is " word"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request waits or runs; its prompt has this many tokens."""

    id: int
    num_prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Delta:
    """One more token. Its text is empty when it ends inside a character or a possible stop string."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a sequence that ended well."""

    id: int
    reason: FinishReason
    num_prompt_tokens: int
    num_generated_tokens: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of a sequence that did not end well."""

    id: int
    kind: FailureKind
    message: str


Event = Accepted | Delta | Finished | Failed


@dataclass(frozen=True, slots=True)
class Stats:
    """The engine at one moment, as a value. Whoever shows it chooses the names."""

    num_running: int = 0
    num_waiting: int = 0
    num_slots: int = 0
    kv_tokens_reserved: int = 0
    kv_tokens_total: int = 0
    num_steps: int = 0
    prompt_tokens: int = 0
    generated_tokens: int = 0
    decode_s: float = 0.0
    commit_s: float = 0.0
    step_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the GGUF says about itself."""

    size_bytes: int
    trained_context_tokens: int
    longest_token_bytes: int | None  # None: the tokenizer rewrites its text, so bytes say nothing about tokens
    chat_template: str | None
    bos: str
    eos: str
    adds_bos: bool


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load one model."""

    path: Path
    num_slots: int
    sequence_tokens: int
    step_tokens: int
    num_threads: int


class EngineError(Exception):
    """Base of what the engine raises.

    EngineError
    |-- RefusedError  this request was not taken; `kind` says why
    |-- LoadError     the weights can't be served
    `-- DecodeError   one decode failed; its rows are as if never sent
    """


class RefusedError(EngineError):
    """This request was not taken."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class LoadError(EngineError):
    """The weights can't be served; the message is one clear line."""


class DecodeError(EngineError):
    """One decode failed. Other sequences may still be fine."""
