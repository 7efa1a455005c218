"""Small real stand-ins for what the server gets passed in: clock, disk, worker processes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from serve.chat.types import Conversation
from serve.engine.types import (
    Accepted,
    Delta,
    Embedded,
    Event,
    Finished,
    FinishReason,
    ModelInfo,
    Stats,
    Task,
)
from serve.messages import (
    Adapted,
    AddAdapter,
    Cancel,
    Detokenize,
    Detokenized,
    DropAdapter,
    Events,
    Generate,
    Load,
    Loaded,
    Message,
    PairPrompt,
    Ping,
    Pong,
    Render,
    Rendered,
    Stop,
    TextPrompt,
    Tokenize,
    Tokenized,
)
from serve.supervision.ports import Found, Seen, Taken

LOADED = Loaded(
    ModelInfo(
        size_bytes=1000,
        trained_context_tokens=64,
        chat_template="a template",
        bos="<s>",
        eos="</s>",
        adds_bos=True,
        num_vocab=300,
        embedding_size=2,
    ),
    load_s=0.1,
)


class FakeClock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


WRITTEN_AT = 1_700_000_000
SIZE_BYTES = 1000


@dataclass
class FakeDisk:
    """A models directory."""

    files: set[str] = field(default_factory=set)
    pulling: set[str] = field(default_factory=set)
    error: OSError | None = None

    async def seen(self, file: str) -> Seen | None:
        """All at one time and of one size, or the error that the test asked for."""
        if self.error is not None:
            raise self.error
        return Seen(WRITTEN_AT, SIZE_BYTES) if file in self.files else None

    async def is_pulling(self, file: str) -> bool:
        """Is it being written?"""
        return file in self.pulling

    async def scan(self) -> list[Found]:
        """All files, each a model."""
        if self.error is not None:
            raise self.error
        return [
            Found(file, (file,), WRITTEN_AT, SIZE_BYTES, ((SIZE_BYTES, WRITTEN_AT),)) for file in sorted(self.files)
        ]

    async def delete(self, file: str) -> None:
        """Gone."""
        if self.error is not None:
            raise self.error
        self.files.discard(file)


class FakeWorker:
    """A worker process that does what the test says, through `say` and `end`."""

    def __init__(self, on_message: Callable[[Message], None], on_end: Callable[[str], None]) -> None:
        self.say = on_message
        self.end = on_end
        self.heard: list[Message] = []
        self.is_killed = False
        self.takes_bytes = 0

    def send(self, message: Message) -> None:
        """Remember it."""
        self.heard.append(message)

    def kill(self) -> None:
        """Remember it."""
        self.is_killed = True

    async def taken(self) -> Taken:
        """What the test says."""
        return Taken(self.takes_bytes, self.takes_bytes)


class EchoWorker(FakeWorker):
    """A worker that loads at once, answers pings, and repeats the prompt word by word, unless told to hold back."""

    hold_back = False

    def send(self, message: Message) -> None:
        """Answer like a real one."""
        super().send(message)
        match message:
            case Load():
                self.say(LOADED)
            case Ping():
                self.say(Pong(0.0, Stats(num_slots=2)))
            case Generate():
                self.say(Events(tuple(self._answer(message))))
            case Tokenize():
                tokens = tuple(message.text.encode())
                self.say(Tokenized(message.id, tokens, tuple(bytes([token]) for token in tokens)))
            case Detokenize():
                self.say(Detokenized(message.id, bytes(message.tokens).decode()))
            case Render():
                self.say(Rendered(message.id, " ".join(words_of(message.conversation))))
            case AddAdapter() | DropAdapter():
                self.say(Adapted(message.id))
            case Cancel():
                pass
            case Stop():
                self.end("ended with code 0")

    def _answer(self, message: Generate) -> list[Event]:
        prompt, number = message.request.prompt, message.id
        words = words_of(prompt)
        accepted = Accepted(number, len(words))
        if self.hold_back:
            return [accepted]
        if message.request.task is Task.EMBED:
            return [accepted, Embedded(number, vector_of(prompt), len(words))]
        events: list[Event] = [accepted]
        num_choices = message.request.num_choices
        for choice in range(num_choices):
            events += [Delta(number, f"{word} ", choice) for word in words]
            is_last = choice == num_choices - 1
            events.append(Finished(number, FinishReason.STOP, len(words), len(words), choice, is_last))
        return events


def words_of(prompt: TextPrompt | PairPrompt | Conversation) -> list[str]:
    """What a prompt is made of: its words, its tokens as they are."""
    match prompt:
        case TextPrompt():
            return " ".join(map(str, prompt.parts)).split()
        case PairPrompt():
            return f"{prompt.query} {prompt.document}".split()
        case Conversation():
            return (prompt.messages[-1].content or "").split()


def vector_of(prompt: TextPrompt | PairPrompt | Conversation) -> bytes:
    """Two numbers, or a score: how many words of the document are the query's."""
    if isinstance(prompt, PairPrompt):
        common = set(prompt.query.split()) & set(prompt.document.split())
        return struct.pack("<f", len(common))
    return struct.pack("<2f", 3.0, 4.0 * len(words_of(prompt)))


class FakeLauncher:
    """Starts workers of one kind and keeps them for the test."""

    def __init__(self, kind: type[FakeWorker] = FakeWorker) -> None:
        self._kind = kind
        self.workers: list[FakeWorker] = []
        self.error: OSError | None = None

    async def launch(
        self, name: str, on_message: Callable[[Message], None], on_end: Callable[[str], None]
    ) -> FakeWorker:
        """One more, or the error that the test asked for."""
        if self.error is not None:
            raise self.error
        self.workers.append(self._kind(on_message, on_end))
        return self.workers[-1]
