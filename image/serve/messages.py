"""What the HTTP process and a worker say to each other. Values only; ipc.py turns them into bytes.

HTTP process -> worker: Load, Generate, Tokenize, Detokenize, Render, AddAdapter, DropAdapter, SlotOrdered, Cancel,
                        Ping, Stop
worker -> HTTP process: Progress, Loaded, NotLoaded, Prepared, Events, Tokenized, Detokenized, Rendered, Adapted,
                        SlotActed, Pong
"""

from __future__ import annotations

from dataclasses import dataclass, field

from serve.chat.types import Conversation, ResponseFormat
from serve.engine.types import Adapter, Event, ModelInfo, Sampling, Stats, Task


@dataclass(frozen=True, slots=True)
class TextPrompt:
    """Texts and tokens, one after the other. What the model wants at the beginning of a text is added."""

    parts: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class PairPrompt:
    """A question and a text that may answer it, for a model that ranks."""

    query: str
    document: str


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A checked request for one prompt. The form of the answer to a conversation is the conversation's."""

    prompt: TextPrompt | PairPrompt | Conversation
    task: Task = Task.GENERATE
    max_tokens: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    text_bias: tuple[tuple[str, float], ...] = ()  # logit biases of all tokens of these texts
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False
    num_choices: int = 1
    num_logprobs: int | None = None
    scores_prompt: bool = False
    tells_progress: bool = False
    echoes: bool = False  # tell the prompt's text
    form: ResponseFormat = field(default_factory=ResponseFormat)
    adapters: tuple[Adapter, ...] = ()
    priority: int = 0
    wait_s: float | None = None
    num_draft_tokens: int | None = None
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class AdapterPath:
    """A LoRA adapter on disk."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Load:
    """Load this model; the first message that a worker gets."""

    model: str
    path: str
    num_slots: int
    context_tokens: int
    step_tokens: int
    max_waiting: int
    num_threads: int
    chat_template: str | None
    mixed_tokens: int | None = None
    num_draft_tokens: int = 0
    adapters: tuple[AdapterPath, ...] = ()
    state_dir: str | None = None
    state_max_bytes: int = 0
    template_kwargs_json: str = "{}"  # what the template is told where a request says nothing else
    gpu_layers: int | None = 0  # layers that are computed on GPUs; None: all


@dataclass(frozen=True, slots=True)
class Generate:
    """Start a generation under an id that the HTTP process chose."""

    id: int
    request: GenerateRequest
    http_id: str = ""  # of the HTTP request that it is for, as log lines have it


@dataclass(frozen=True, slots=True)
class Tokenize:
    """Which tokens is this text?"""

    id: int
    text: str
    adds_special: bool
    parses_special: bool


@dataclass(frozen=True, slots=True)
class Detokenize:
    """Which text are these tokens?"""

    id: int
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Render:
    """Which prompt is this conversation?"""

    id: int
    conversation: Conversation


@dataclass(frozen=True, slots=True)
class AddAdapter:
    """Load this adapter, or another one under the same name, between two steps."""

    id: int
    adapter: AdapterPath


@dataclass(frozen=True, slots=True)
class DropAdapter:
    """Give this adapter's memory back. Requests that use it fail."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class SlotOrdered:
    """Save, restore or erase what a slot holds, between two steps. No path: the action has no file."""

    id: int
    slot: int
    action: str
    path: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody listens to this one any more."""

    id: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the process."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far loading is, 0 to 1."""

    share: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model serves."""

    info: ModelInfo
    load_s: float


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """The model can't be served, and why; the last message of that worker."""

    message: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """What whoever reads the answer must know of the prompt. Comes before its events, where there is any of it."""

    id: int
    format: str = "plain"  # how chat/parse.py reads the answer
    opened: str = ""
    echo: str = ""


@dataclass(frozen=True, slots=True)
class Tokenized:
    """The tokens, and what each stands for."""

    id: int
    tokens: tuple[int, ...]
    pieces: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Detokenized:
    """The text."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """The prompt."""

    id: int
    prompt: str


@dataclass(frozen=True, slots=True)
class Adapted:
    """The adapter is there, or not any more."""

    id: int


@dataclass(frozen=True, slots=True)
class SlotActed:
    """It was done, with so many tokens and bytes."""

    id: int
    num_tokens: int
    num_bytes: int
    took_s: float


@dataclass(frozen=True, slots=True)
class Events:
    """What one step brought, for all its sequences."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Pong:
    """I am. `stuck_s` is how long the current step or prompt has taken so far."""

    stuck_s: float
    stats: Stats


Change = AddAdapter | DropAdapter | SlotOrdered
Question = Tokenize | Detokenize | Render | Change
Reply = Tokenized | Detokenized | Rendered | Adapted | SlotActed
Message = (
    Load | Generate | Question | Cancel | Ping | Stop | Progress | Loaded | NotLoaded | Prepared | Reply | Events | Pong
)
