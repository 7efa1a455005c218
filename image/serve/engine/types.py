"""The engine's words: what goes in (Request) and what comes out (Event, Stats).

Plain values only. They cross the border between the engine and whoever drives it, so they know nothing of either side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from serve.engine.histogram import Histogram

NO_SEED = 0xFFFFFFFF  # llama.cpp's own word for "choose a seed"


class FinishReason(StrEnum):
    """Why a sequence ended well."""

    STOP = "stop"  # the model ended its answer, or a stop string came
    LENGTH = "length"  # max_tokens are out


class FailureKind(StrEnum):
    """Why a sequence got no answer, or only a part of one."""

    BAD_PROMPT = "bad_prompt"  # it can't be rendered or tokenized
    BAD_GRAMMAR = "bad_grammar"  # what constrains the output can't be used
    UNSUPPORTED = "unsupported"  # this model can't do what is asked
    TOO_LONG = "too_long"  # it can never fit
    QUEUE_FULL = "queue_full"  # no room to wait
    TOO_LATE = "too_late"  # its deadline passed while it waited
    CONFLICT = "conflict"  # what is so now does not allow that
    BAD_STATE = "bad_state"  # a file of KV state can't be used
    BROKEN = "broken"  # computing it failed


class Task(StrEnum):
    """What is wanted of the tokens."""

    GENERATE = "generate"
    EMBED = "embed"  # one vector for the whole text; of a reranking model, its score


MAX_DRY_BREAKERS = 16  # each is looked up in the whole vocabulary


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. Temperature 0 means greedy. Names and defaults are llama.cpp's."""

    temperature: float = 0.8
    top_k: int = 40  # 0 = off
    top_p: float = 0.95
    min_p: float = 0.05
    typical_p: float = 1.0
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    repeat_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    penalty_window_tokens: int = 64
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_tokens: int = 2
    dry_window_tokens: int = -1  # -1 = the whole context
    dry_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    mirostat: int = 0  # 0 = off, 1, 2
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    seed: int = NO_SEED
    logit_bias: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Grammar:
    """GBNF that the output must follow: all of it or, with triggers, what follows the first of them in the text.

    A trigger is literal text; control tokens count as their text. (llama.cpp's own lazy grammars search a regular
    expression over the whole text at every token, and abort the process on a wrong one.)
    """

    text: str
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter, by its name, and how much of it."""

    name: str
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt and what to do with it. `max_tokens` None means: as many as fit."""

    id: int
    prompt: tuple[int, ...]
    max_tokens: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False
    skip_first_space: bool = False  # where the prompt ends in the middle of a line, the first token is " word"
    task: Task = Task.GENERATE
    num_choices: int = 1
    num_logprobs: int | None = None  # None: none; 0: of the chosen token; more: of so many likely ones too
    scores_prompt: bool = False  # logprobs of the prompt's own tokens
    tells_progress: bool = False  # how far the prompt is, step by step
    grammar: Grammar | None = None
    show_special: bool = False  # control tokens are text, for whoever parses the answer
    adapters: tuple[Adapter, ...] = ()
    priority: int = 0  # higher is sooner
    wait_s: float | None = None  # how long it may wait for a slot
    num_draft_tokens: int | None = None  # None: as the model is set
    slot: int | None = None  # whose text it goes on with: slots.py


@dataclass(frozen=True, slots=True)
class TokenScore:
    """One token and its log-probability, beside the likeliest ones. A prompt's first has none: nothing is before it."""

    token: int
    piece: bytes
    logprob: float | None
    top: tuple[tuple[int, bytes, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request waits or runs; its prompt has this many tokens."""

    id: int
    num_prompt_tokens: int


@dataclass(frozen=True, slots=True)
class PromptRead:
    """So much of the prompt is computed, that with which it began included; the first event says with how much."""

    id: int
    num_prompt_tokens: int
    num_cached_tokens: int
    num_read_tokens: int
    took_s: float = field(default=0.0, compare=False)  # since it got a slot


@dataclass(frozen=True, slots=True)
class PromptScores:
    """The prompt's own tokens with their log-probabilities."""

    id: int
    scores: tuple[TokenScore, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """One more token (with drafts: some). No text: it ends inside a character or a possible stop string."""

    id: int
    text: str
    choice: int = 0
    scores: tuple[TokenScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a choice that ended well; `is_last`: also of the request. Counts are the choice's own."""

    id: int
    reason: FinishReason
    num_prompt_tokens: int
    num_generated_tokens: int
    choice: int = 0
    is_last: bool = True
    num_cached_tokens: int = 0  # of the prompt: computed before
    stop: str | None = None  # the stop string that ended it
    drafts: tuple[int, int] = (0, 0)  # tokens that were guessed, and those of them that were right
    slot: int = 0  # that holds what it left
    queue_s: float = field(default=0.0, compare=False)  # until it had a slot: a time, no part of what is said


@dataclass(frozen=True, slots=True)
class Embedded:
    """The only event of an embedding after Accepted. `vector`: float32, little-endian."""

    id: int
    vector: bytes
    num_prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of a request that did not end well: all its choices end."""

    id: int
    kind: FailureKind
    message: str
    num_prompt_tokens: int = 0  # 0: nobody counted


Event = Accepted | PromptRead | PromptScores | Delta | Finished | Embedded | Failed


@dataclass(frozen=True, slots=True)
class Stats:
    """The engine at one moment, as a value. Whoever shows it chooses the names."""

    num_running: int = 0
    num_waiting: int = 0
    num_slots: int = 0
    num_kept: int = 0  # ended sequences whose KV tokens may be used again
    kv_tokens_reserved: int = 0  # by running sequences, for all they may ever need, and by kept ones
    kv_tokens_kept: int = 0  # of them, by kept ones alone
    kv_tokens_total: int = 0
    num_steps: int = 0
    prompt_tokens: int = 0  # computed
    cached_prompt_tokens: int = 0  # not computed, because they were there
    generated_tokens: int = 0
    draft_tokens: int = 0
    accepted_draft_tokens: int = 0
    num_evicted: int = 0
    plan_s: float = 0.0
    decode_s: float = 0.0
    sample_s: float = 0.0
    step_s: float = 0.0
    first_token: Histogram = field(default_factory=Histogram)
    next_token: Histogram = field(default_factory=Histogram)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the GGUF says about itself."""

    size_bytes: int
    trained_context_tokens: int
    chat_template: str | None
    bos: str
    eos: str
    adds_bos: bool
    adds_eos: bool = False
    sep: str = ""
    embedding_size: int = 0
    generates: bool = True  # False: it only makes embeddings
    ranks: bool = False  # its embedding is a score
    num_parameters: int = 0
    num_vocab: int = 0
    architecture: str = ""
    file_type: int = -1  # llama.cpp's number for how the weights are quantized; -1: it does not say
    gpu_bytes: int = 0  # what it has taken of GPUs' memory
    lazy_bytes: int = 0  # of the machine's memory: what its context takes only as it is used
    anonymous_bytes: int = 0  # what the process had when all of that was still to come


@dataclass(frozen=True, slots=True)
class AdapterFile:
    """A LoRA adapter on disk."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load one model."""

    path: Path
    num_slots: int
    sequence_tokens: int
    step_tokens: int
    num_threads: int
    adapters: tuple[AdapterFile, ...] = ()
    gpu_layers: int | None = 0  # on GPUs; None: all. 0: no GPU is touched
